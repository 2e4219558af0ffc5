/* The counting protocol of monitor/logic/stream.h: two writers, one store. The log has END lines; every odd one counts. A
 * writer may crash and start again from its saved copy, a connection may end with its command landing later, twice
 * or never, and the store may be emptied or go back to an earlier state (what was on its way does not survive that).
 *   safety    whatever is in the store: the count is that of the position beside it (the assertions)
 *   liveness  in the end the store has the whole log (done)
 * A commit of nothing but the time, which would succeed, is left out: it only makes numbers grow.
 * Run, for each pair of faults (-DCRASHES=0, -DBREAKS=0 or -DLOSSES=0; 4 to 8 million states, under a minute; all three
 * at once take far more) and for each single one:
 *   spin -a -DCRASHES=0 stream.pml && cc -O2 -DSAFETY -DNOCLAIM -DCOLLAPSE -o pan pan.c && ./pan -m200000
 *   spin -a -DCRASHES=0 -DLOSSES=0 stream.pml && cc -O2 -DNFAIR=5 -o pan pan.c && ./pan -m200000 -a -f -N done */
#ifndef END
#define END 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef BREAKS /* of connections */
#define BREAKS 1
#endif
#ifndef LOSSES /* of the store */
#define LOSSES 1
#endif

#define F(p) (((p) + 1) / 2)
#define NOTHING 0
#define TAKE 1
#define COMMIT 2
#define MAX(a, b) ((a) > (b) -> (a) : (b))

typedef state_t { byte own; byte ep; byte seq; byte pos; byte val };
typedef command_t { byte kind; byte base_ep; byte base_seq; bit changed; state_t s };

state_t store, before; /* before: an earlier state of the store */
command_t late[2];     /* of a connection that is gone */
state_t slot[2];
bool gone[2];          /* this writer's connection broke because the store did */
byte owners, crashes, breaks, losses;

/* Used up: so that states which differ in nothing that matters are one. */
inline clear(c) {
    c.kind = NOTHING; c.base_ep = 0; c.base_seq = 0; c.changed = 0;
    c.s.own = 0; c.s.ep = 0; c.s.seq = 0; c.s.pos = 0; c.s.val = 0
}

inline copy(to, from) {
    to.own = from.own; to.ep = from.ep; to.seq = from.seq; to.pos = from.pos; to.val = from.val
}

/* What the scripts do. accepted: it was written; fenced: another one has the stream. */
inline apply(c, accepted, fenced) {
    accepted = false;
    fenced = false;
    if
    :: c.kind == TAKE ->
        accepted = (store.ep == c.base_ep && store.seq == c.base_seq)
    :: c.kind == COMMIT ->
        if
        :: store.ep > c.s.ep || (store.ep == c.s.ep && store.own != c.s.own) -> fenced = true
        :: else -> accepted = (store.ep == c.s.ep && store.seq < c.s.seq && store.seq == c.base_seq)
        fi
    :: else
    fi;
    if
    :: accepted ->
        if
        :: copy(before, store)
        :: true
        fi;
        if
        :: c.kind == TAKE -> store.own = c.s.own; store.ep = c.s.ep
        :: else
        fi;
        store.seq = c.s.seq;
        store.pos = c.s.pos;
        if
        :: c.changed -> store.val = c.s.val
        :: else
        fi;
        assert(store.val == F(store.pos))
    :: else
    fi
}

proctype writer(byte me) {
    byte owner, epoch, seq;  /* epoch: of our last answered take */
    byte store_ep, store_seq;
    byte pos, val, acked_val;
    bool established, started, accepted, fenced;
    command_t c;

begin:
    atomic {
        owners++;
        owner = owners;
        epoch = slot[me].ep; seq = slot[me].seq; pos = slot[me].pos; val = slot[me].val;
        established = false; started = false; gone[me] = false;
    }
read:
    atomic {
        gone[me] = false;
        store_ep = store.ep; store_seq = store.seq; acked_val = store.val;
        if
        :: established && store.ep >= epoch && store.own != owner && store.own != 0 -> goto fenced_off
        :: else
        fi;
        if /* before the start the store's totals replace ours when they are further on */
        :: !started && (store.seq > seq || (store.seq == seq && store.ep > epoch)) ->
            pos = store.pos; val = store.val; seq = store.seq
        :: else
        fi;
        c.kind = TAKE;
        c.base_ep = store_ep; c.base_seq = store_seq;
        c.s.ep = MAX(store_ep, epoch) + 1;
        c.s.seq = MAX(store_seq, seq) + 1;
        c.changed = 1
    }
    goto send;
end_work:
    atomic {
        (pos < END || gone[me] || store.own != owner || store.ep != epoch || store.seq != store_seq);
        if
        :: pos < END -> pos++; val = val + (pos % 2)
        :: else
        fi;
        if /* the local copy, now and then */
        :: slot[me].ep = epoch; slot[me].seq = seq; slot[me].pos = pos; slot[me].val = val
        :: true
        fi;
        if
        :: gone[me] -> goto read
        :: else
        fi;
        c.kind = COMMIT;
        c.base_seq = store_seq;
        c.s.ep = epoch;
        c.s.seq = store_seq + 1;
        c.changed = (val != acked_val)
    }
send:
    atomic { c.s.own = owner; c.s.pos = pos; c.s.val = val; seq = c.s.seq }
    if
    :: atomic { gone[me] -> clear(c); goto read }
    :: atomic {
        !gone[me] -> apply(c, accepted, fenced);
        if
        :: fenced -> clear(c); goto fenced_off
        :: accepted ->
            if
            :: c.kind == TAKE -> epoch = c.s.ep; established = true; started = true
            :: else
            fi;
            store_ep = epoch; store_seq = c.s.seq; acked_val = c.s.val; clear(c); accepted = false; goto end_work
        :: else -> clear(c); goto read
        fi
       }
    :: atomic { /* the answer, or the command itself, does not come in time */
        breaks < BREAKS && !gone[me] -> breaks++;
        late[me].kind = c.kind; late[me].base_ep = c.base_ep; late[me].base_seq = c.base_seq;
        late[me].changed = c.changed; copy(late[me].s, c.s); clear(c); goto read
       }
    :: atomic { /* kill -9, the command may still land */
        crashes < CRASHES -> crashes++;
        late[me].kind = c.kind; late[me].base_ep = c.base_ep; late[me].base_seq = c.base_seq;
        late[me].changed = c.changed; copy(late[me].s, c.s); clear(c); goto begin
       }
    fi;
fenced_off:
    skip
}

/* Everything that happens to the store by itself. */
active proctype world() {
    bool accepted, fenced;

end_world:
    do
    :: atomic { late[0].kind -> apply(late[0], accepted, fenced); if :: clear(late[0]) :: breaks < BREAKS -> breaks++ fi; accepted = false; fenced = false }
    :: atomic { late[1].kind -> apply(late[1], accepted, fenced); if :: clear(late[1]) :: breaks < BREAKS -> breaks++ fi; accepted = false; fenced = false }
    :: atomic { late[0].kind -> clear(late[0]) }
    :: atomic { late[1].kind -> clear(late[1]) }
    :: atomic {
        losses < LOSSES -> losses++;
        if
        :: copy(store, before)
        :: store.own = 0; store.ep = 0; store.seq = 0; store.pos = 0; store.val = 0
        fi;
        clear(late[0]); clear(late[1]);
        if /* a failover behind one address keeps the connections */
        :: gone[0] = true; gone[1] = true
        :: true
        fi
       }
    :: atomic { losses < LOSSES -> losses++ } /* or it does not happen */
    od
}

init {
    atomic { run writer(0); run writer(1) }
}

ltl done { <> [] (store.pos == END) }
