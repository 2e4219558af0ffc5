/* The counting protocol of monitor/logic/stream.h: two writers and one store. The log has END lines; every odd one
 * counts. What may happen, FAULTS times in all:
 *   - a writer is killed; what it had sent lands later, or never. It starts again from its saved copy, which may be lost
 *     with it; or it stays dead, if the other one lives
 *   - an answer does not come; the command landed, or lands later, once or twice, or never
 *   - the store is emptied or goes back to any earlier state, with or without an end of the connections
 *   - a writer starts without anything saved while the store cannot be asked
 * Each writer begins by taking the stream over, so there is a second writer without any fault. Who was fenced starts
 * again and gives way until the other one is dead.
 *
 *   safety    whatever is in the store: the count is that of the position beside it, from where its lineage began;
 *             neither goes back, if the store did not lose something and nobody gave way; and two of one name do not
 *             fight (the assertions). With three faults a writer can take its copy for the newer one, as numbers of
 *             commands that never landed count: then they go back, and forward again, together
 *   liveness  in the end the store has the whole log, for good (done)
 *
 * A commit of nothing but the time, which would succeed, is left out: it only makes numbers grow. tests/model/check.sh
 * runs it. -DBREAK=N leaves out one of the rules that make it right, and an error is found: 1 a take asks where the store
 * is, 2 so does a commit, 3 who was fenced gives way, 4 another lineage is left alone. */
#ifndef END
#define END 2
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef BREAK
#define BREAK 0
#endif

#define LIVES (2 + FAULTS) /* of a writer: more is a fight */
#define F(p) (((p) + 1) / 2)
#define BEGAN(lin) ((lin) > 1) /* the first lineage at 0; those of writers that could not ask at 1 */
#define NOTHING 0
#define TAKE 1
#define COMMIT 2
#define MAX(a, b) ((a) > (b) -> (a) : (b))

typedef state_t { byte lin; byte own; byte ep; byte seq; byte pos; byte val };
typedef command_t { byte kind; byte base_ep; byte base_seq; bit changed; bit yielded; state_t s }; /* yielded: may go back */

state_t store, before; /* before: an earlier state of the store */
command_t late[2];     /* of a connection that is gone */
state_t slot[2];       /* what is saved; own is not used */
bool gone[2];          /* this writer's connection broke because the store did */
bool dead[2];          /* for good */
bool fenced[2];        /* in an earlier life: gives way */
bool halted[2];        /* another lineage is in the store: a human must act */
byte lives[2], faults;
bit lossy;             /* the store lost something */

/* Used up: so that states which differ in nothing that matters are one. */
inline clear_state(st) {
    st.lin = 0; st.own = 0; st.ep = 0; st.seq = 0; st.pos = 0; st.val = 0
}

inline clear(c) {
    c.kind = NOTHING; c.base_ep = 0; c.base_seq = 0; c.changed = 0; c.yielded = 0; clear_state(c.s)
}

inline copy(to, from) {
    to.lin = from.lin; to.own = from.own; to.ep = from.ep; to.seq = from.seq; to.pos = from.pos; to.val = from.val
}

/* The command of a connection that ends: it lands later, or never. */
inline leave(me, c) {
    if
    :: late[me].kind = c.kind; late[me].base_ep = c.base_ep; late[me].base_seq = c.base_seq;
       late[me].changed = c.changed; late[me].yielded = c.yielded;
       copy(late[me].s, c.s)
    :: true
    fi;
    clear(c)
}

/* What a fault would need is forgotten once there can be none: it would only tell states apart. */
inline fault() {
    faults++;
    if
    :: faults == FAULTS -> clear_state(before); clear_state(slot[0]); clear_state(slot[1])
    :: else
    fi
}

inline save(me) {
    slot[me].lin = lin; slot[me].ep = epoch; slot[me].seq = (newborn -> 0 : seq); slot[me].pos = pos; slot[me].val = val
}

inline forget() {
    lin = 0; epoch = 0; seq = 0; pos = 0; val = 0; owner = 0; store_ep = 0; store_seq = 0; acked_val = 0;
    have_ep = 0; have_seq = 0; established = false; started = false; newborn = false
}

inline fill(what) {
    c.kind = what; c.yielded = (fenced[me] || newborn); c.base_ep = store_ep; c.base_seq = store_seq;
    c.s.lin = lin; c.s.own = owner; c.s.pos = pos; c.s.val = val;
    if
    :: what == TAKE -> c.s.ep = MAX(store_ep, epoch) + 1; c.s.seq = MAX(store_seq, seq) + 1; c.changed = 1
    :: else -> c.base_ep = 0; c.s.ep = epoch; c.s.seq = store_seq + 1; c.changed = (val != acked_val)
    fi;
    seq = c.s.seq
}

/* What the scripts do. accepted: it was written; is_fenced: another one has the stream. */
inline apply(c, accepted, is_fenced) {
    accepted = false;
    is_fenced = false;
    if
    :: store.lin != 0 && store.lin != c.s.lin && BREAK != 4
    :: else ->
        if
        :: c.kind == TAKE ->
            accepted = (BREAK == 1 || (store.ep == c.base_ep && store.seq == c.base_seq))
        :: c.kind == COMMIT && store.ep > c.s.ep -> is_fenced = true
        :: c.kind == COMMIT && store.ep == c.s.ep && store.own != c.s.own -> is_fenced = true
        :: else ->
            accepted = (store.ep == c.s.ep && store.seq < c.s.seq && (BREAK == 2 || store.seq == c.base_seq))
        fi
    fi;
    if
    :: accepted ->
        if
        :: faults < FAULTS -> copy(before, store)
        :: true
        fi;
        assert(store.lin == 0 || store.lin == c.s.lin);
        if
        :: c.kind == TAKE -> store.lin = c.s.lin; store.own = c.s.own; store.ep = c.s.ep
        :: else
        fi;
        assert(FAULTS > 2 || lossy || c.yielded || (c.s.pos >= store.pos && (!c.changed || c.s.val >= store.val)));
        store.seq = c.s.seq;
        store.pos = c.s.pos;
        if
        :: c.changed -> store.val = c.s.val
        :: else
        fi;
        assert(store.val == F(store.pos) - F(BEGAN(store.lin)))
    :: else
    fi
}

proctype writer(byte me) {
    byte lin, epoch, seq, pos, val; /* epoch: of our last answered take; seq: the highest that we sent */
    byte have_ep, have_seq;         /* before the start: what pos and val are from */
    byte owner, store_ep, store_seq, acked_val;
    bool established, started, newborn, accepted, is_fenced;
    command_t c;

begin:
    atomic {
        forget();
        lives[me]++;
        assert(lives[me] <= LIVES);
        owner = 2 * lives[me] + me;
        lin = slot[me].lin; epoch = slot[me].ep; seq = slot[me].seq; pos = slot[me].pos; val = slot[me].val;
        have_ep = epoch; have_seq = seq;
        newborn = (lin != 0 && epoch == 0 && seq == 0);
        if
        :: faults == FAULTS -> clear_state(slot[me])
        :: else
        fi;
        gone[me] = false;
        if
        :: lin == 0 && faults < FAULTS -> /* the store cannot be asked: it begins at what is the end now */
            fault(); pos = 1; lin = 2 + me; newborn = true; started = true
        :: true
        fi
    }
read:
    atomic {
        gone[me] = false;
        store_ep = store.ep; store_seq = store.seq; acked_val = store.val;
        if
        :: store.lin == 0 && lin == 0 -> lin = 1; newborn = true
        :: store.lin != 0 && !started && (lin == 0 || newborn) && BREAK != 4 ->
            lin = store.lin; pos = store.pos; val = store.val; have_ep = store.ep; have_seq = store.seq; newborn = false
        :: store.lin == lin && lin != 0 && !started && !newborn && !fenced[me] &&
           (store.seq > have_seq || (store.seq == have_seq && store.ep > have_ep)) ->
            pos = store.pos; val = store.val; have_ep = store.ep; have_seq = store.seq
        :: else
        fi;
        if
        :: store.lin != 0 && store.lin != lin && newborn && BREAK != 4 -> save(me); goto begin
        :: store.lin != 0 && store.lin != lin && !newborn && BREAK != 4 -> halted[me] = true; forget(); goto end_halted
        :: store.lin == lin && established && store.ep >= epoch && store.own != owner -> goto fenced_off
        :: fenced[me] && store.lin != 0 && store.own != owner -> goto end_wait
        :: else -> fill(TAKE); goto send
        fi
    }
end_wait: /* counts on, and looks whether the other one is gone */
    atomic {
        dead[1 - me] || halted[1 - me];
        started = true;
        store_ep = store.ep; store_seq = store.seq; acked_val = store.val;
        fill(TAKE);
        goto send
    }
end_work:
    atomic {
        (pos < END || gone[me] || store.own != owner || store.ep != epoch || store.seq != store_seq);
        if
        :: pos < END -> pos++; val = val + (pos % 2)
        :: else
        fi;
        if /* the local copy, now and then */
        :: faults < FAULTS -> save(me)
        :: true
        fi;
        if
        :: gone[me] -> goto read
        :: else -> fill(COMMIT)
        fi
    }
send:
    if
    :: atomic { gone[me] -> clear(c); goto read }
    :: atomic {
        !gone[me] -> apply(c, accepted, is_fenced);
        if
        :: is_fenced -> is_fenced = false; clear(c); goto fenced_off
        :: accepted ->
            if
            :: c.kind == TAKE -> epoch = c.s.ep; established = true; started = true; newborn = false;
                fenced[me] = false; have_ep = 0; have_seq = 0
            :: else
            fi;
            store_ep = epoch; store_seq = c.s.seq; acked_val = c.s.val; clear(c); accepted = false; goto end_work
        :: else -> clear(c); goto read
        fi
       }
    :: atomic { /* the answer, or the command itself, does not come in time */
        faults < FAULTS && !gone[me] && late[me].kind == NOTHING -> fault(); leave(me, c); goto read
       }
    :: atomic { /* kill -9 */
        faults < FAULTS && late[me].kind == NOTHING -> leave(me, c);
        if
        :: true
        :: clear_state(slot[me]) /* the folder with it */
        :: started -> save(me)
        fi;
        forget();
        if
        :: faults++; goto begin /* without fault(): it needs its copy */
        :: !dead[1 - me] && !halted[1 - me] -> fault(); dead[me] = true; goto end_halted
        fi
       }
    fi;
fenced_off: /* the end saves */
    atomic { save(me); fenced[me] = (BREAK != 3); goto begin }
end_halted:
    skip
}

/* Everything that happens to the store by itself. */
active proctype world() {
    bool accepted, is_fenced;

end_world:
    do
    :: atomic {
        late[0].kind -> apply(late[0], accepted, is_fenced);
        if
        :: clear(late[0])
        :: faults < FAULTS -> fault() /* once more, later */
        fi;
        accepted = false; is_fenced = false
       }
    :: atomic {
        late[1].kind -> apply(late[1], accepted, is_fenced);
        if
        :: clear(late[1])
        :: faults < FAULTS -> fault()
        fi;
        accepted = false; is_fenced = false
       }
    :: atomic {
        faults < FAULTS ->
        if
        :: copy(store, before)
        :: clear_state(store)
        fi;
        fault(); lossy = 1; clear(late[0]); clear(late[1]);
        if /* a failover behind one address keeps the connections */
        :: gone[0] = true; gone[1] = true
        :: true
        fi
       }
    od
}

init {
    atomic { run writer(0); run writer(1) }
}

ltl done { <> [] (store.pos == END) }
