/* ledgerfile.c, and with it the ledger's promise: messages of every fate in random order, a reader
 * that is killed at random between any two steps of it and begins again from what was published or
 * saved, and at each position the totals are those of a reader that was never killed; at the end,
 * those that the fates say. Then what a lost, cut or full disk comes to. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledgerfile.h"

#define BEGIN_MS INT64_C(1800000000000)

static const struct hash_key key = {{8, 9}};
static const char lineage[] = "0123456789abcdef0123456789abcdef";

static uint32_t next(uint64_t *seed) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33);
}

/* ---- a log ---- */

enum { MANY = 2000, MESSAGES = 400, LINES_EACH = 12, LINES = MESSAGES * LINES_EACH };

struct line {
    enum mailev_kind kind;
    enum mailev_status status;
    enum mailev_act act;
    int number, other; /* of messages: their queue ids */
    uint32_t recipients;
    const char *daemon;
};

struct world {
    struct line line[LINES];
    int lines;
    struct { /* the milter's ring: a message, and before which line it was there */
        int number, before;
    } ring[MESSAGES];
    int ringed;
    struct ledger_totals want;          /* when all is over */
    struct ledger_totals at[LINES + 1]; /* of a reader that is never killed */
};

enum fate {
    SENT,
    DEFERRED_SENT,
    PARTLY_BOUNCED,
    EXPIRED,
    DELETED,
    REFUSED,
    DISCARDED,
    CUT,
    RENAMED,
    NO_OUTCOME,
    VANISHED,       /* without a line */
    REMOVAL_MISSED, /* only its last line is missing */
    STRAY,
    NEVER_QUEUED, /* gone after its message-id */
    MILTER_ONLY,
    FATES
};

struct script {
    struct line line[LINES_EACH];
    int lines, told;
    bool by_milter; /* its ring entry is still to come, before the line milter_before */
    int milter_before;
};

static void say(struct script *s, enum mailev_kind kind, enum mailev_status status,
                enum mailev_act act, int number) {
    s->line[s->lines++] = (struct line){.kind = kind,
                                        .status = status,
                                        .act = act,
                                        .number = number,
                                        .recipients = 2,
                                        .daemon = "qmgr"};
}

static void say_attempt(struct script *s, int number, enum mailev_status one,
                        enum mailev_status other) {
    say(s, MAILEV_QUEUED, 0, 0, number);
    say(s, MAILEV_DELIVERY, one, 0, number);
    say(s, MAILEV_DELIVERY, other, 0, number);
}

/* How it goes on once it is in. */
static void say_end(struct script *s, enum fate fate, int n, struct ledger_totals *want) {
    static const enum mailev_status sent = MAILEV_STATUS_SENT, deferred = MAILEV_STATUS_DEFERRED;

    want->accepted++;
    want->sent +=
        fate == SENT || fate == DEFERRED_SENT || fate == RENAMED || fate == REMOVAL_MISSED;
    want->bounced += fate == PARTLY_BOUNCED;
    want->expired += fate == EXPIRED;
    want->deleted += fate == DELETED;
    want->unknown += fate == DELETED || fate == NO_OUTCOME || fate == VANISHED;
    if (fate == NO_OUTCOME)
        say(s, MAILEV_QUEUED, 0, 0, n);
    else if (fate == SENT || fate == REMOVAL_MISSED)
        say_attempt(s, n, sent, sent);
    else if (fate == PARTLY_BOUNCED)
        say_attempt(s, n, sent, MAILEV_STATUS_BOUNCED);
    else
        say_attempt(s, n, sent, deferred);
    if (fate == RENAMED) {
        say(s, MAILEV_NOTE, 0, MAILEV_ACT_RENAMED, n + MESSAGES);
        s->line[s->lines - 1].other = n;
        n += MESSAGES;
        say(s, MAILEV_ACCEPTED, 0, 0, n);
    }
    if (fate == DEFERRED_SENT || fate == RENAMED || fate == EXPIRED)
        say(s, MAILEV_QUEUED, 0, 0, n);
    if (fate == DEFERRED_SENT || fate == RENAMED)
        say(s, MAILEV_DELIVERY, sent, 0, n);
    if (fate == EXPIRED)
        say(s, MAILEV_EXPIRED, MAILEV_STATUS_EXPIRED, 0, n);
    if (fate == VANISHED || fate == REMOVAL_MISSED)
        return;
    say(s, MAILEV_REMOVED, 0, 0, n);
    if (fate == DELETED)
        s->line[s->lines - 1].daemon = "postsuper";
}

static struct script write_script(enum fate fate, int n, uint64_t *seed,
                                  struct ledger_totals *want) {
    struct script s = {.by_milter = next(seed) % 2 == 0, .milter_before = 2};

    if (fate == STRAY) {
        want->stray++;
        say_attempt(&s, n, MAILEV_STATUS_SENT, MAILEV_STATUS_SENT);
        say(&s, MAILEV_REMOVED, 0, 0, n);
        s.by_milter = false;
        return s;
    }
    if (fate == MILTER_ONLY) {
        want->accepted++;
        want->unknown++;
        want->unlogged++;
        s.by_milter = true;
        s.milter_before = 0;
        return s;
    }
    say(&s, MAILEV_CLIENT, 0, 0, n);
    say(&s, MAILEV_ACCEPTED, 0, 0, n);
    if (fate == REFUSED)
        say(&s, MAILEV_REJECTED, 0, 0, n);
    else if (fate == DISCARDED)
        say(&s, MAILEV_NOTE, 0, MAILEV_ACT_DISCARDED, n);
    else if (fate == NEVER_QUEUED)
        s.milter_before = 1;
    else if (fate == CUT)
        say(&s, MAILEV_DISCONNECT, 0, MAILEV_ACT_CUT, n);
    else
        say_end(&s, fate, n, want);
    if (fate == CUT)
        s.by_milter = false;
    if (fate == NEVER_QUEUED && s.by_milter) {
        want->accepted++;
        want->unknown++;
    }
    return s;
}

static void make_world(struct world *w, uint64_t *seed) {
    static struct script script[MESSAGES];
    int open[MESSAGES];
    int begun = 0, opened = 0;

    memset(w, 0, sizeof *w);
    while (begun < MESSAGES || opened > 0) {
        struct script *s;
        int which;

        if (begun < MESSAGES && (opened < 30 || next(seed) % 8 == 0)) {
            script[begun] = write_script((enum fate)(next(seed) % FATES), begun, seed, &w->want);
            open[opened++] = begun++;
        }
        which = (int)(next(seed) % (uint32_t)opened);
        s = &script[open[which]];
        if (s->by_milter && s->told == s->milter_before) {
            w->ring[w->ringed].number = open[which];
            w->ring[w->ringed++].before = w->lines;
            s->by_milter = false;
        }
        if (s->told < s->lines)
            w->line[w->lines++] = s->line[s->told++];
        if (s->told == s->lines)
            open[which] = open[--opened];
    }
}

/* ---- its reader ---- */

struct reader {
    struct ledger *ledger;
    struct ledgerfile *file; /* NULL: never killed */
    int read;                /* lines */
};

static int64_t time_of(int line) {
    return BEGIN_MS + line * INT64_C(1000);
}

static struct span queue_id(int number, char out[16]) {
    return (struct span){out, (size_t)snprintf(out, 16, "Q%05d", number)};
}

static void read_ring(struct reader *r, const struct world *w) {
    uint64_t n = ledger_totals(r->ledger)->ring;
    char id[16];

    for (; n < (uint64_t)w->ringed && w->ring[n].before <= r->read; n++)
        ledger_note_milter(r->ledger, queue_id(w->ring[n].number, id), time_of(w->ring[n].before));
    ledger_set_ring(r->ledger, n, 5);
}

static void read_line(struct reader *r, const struct world *w) {
    const struct line *line = &w->line[r->read];
    char id[16], other[16];
    struct mailev ev = {.kind = line->kind,
                        .status = line->status,
                        .act = line->act,
                        .time_ms = time_of(r->read),
                        .pid = (uint32_t)line->number + 1000,
                        .recipients = line->recipients,
                        .daemon = span_of(line->daemon),
                        .queue_id = queue_id(line->number, id),
                        .other_id = queue_id(line->other, other)};

    if (line->act == MAILEV_ACT_CUT)
        ev.queue_id.n = 0;
    if (ledger_may_end(&ev))
        read_ring(r, w);
    (void)ledger_note(r->ledger, &ev);
    r->read++;
}

static void expect_sum(const struct reader *r) {
    const struct ledger_totals *t = ledger_totals(r->ledger);
    struct ledger_sum s = ledger_sum(r->ledger);

    cr_assert_eq(s.accepted, s.sent + s.bounced + s.expired + s.queued + s.unknown);
    cr_assert_eq(t->accepted,
                 t->sent + t->bounced + t->expired + t->unknown + s.queued - s.arriving);
}

static void expect_totals(const struct ledger_totals *got, const struct ledger_totals *want,
                          const char *where, uint64_t seed) {
    cr_assert(got->accepted == want->accepted && got->sent == want->sent &&
                  got->bounced == want->bounced && got->expired == want->expired &&
                  got->unknown == want->unknown && got->deleted == want->deleted &&
                  got->unlogged == want->unlogged && got->stray == want->stray &&
                  got->spilled == want->spilled,
              "%s, seed %llu: accepted %d/%d sent %d/%d bounced %d/%d expired %d/%d unknown %d/%d "
              "stray %d/%d spilled %d/%d",
              where, (unsigned long long)seed, (int)got->accepted, (int)want->accepted,
              (int)got->sent, (int)want->sent, (int)got->bounced, (int)want->bounced,
              (int)got->expired, (int)want->expired, (int)got->unknown, (int)want->unknown,
              (int)got->stray, (int)want->stray, (int)got->spilled, (int)want->spilled);
}

/* All that is over by the log is over: the queue is empty, the log went on. */
static void settle(struct reader *r) {
    const struct ledger_queue queue = {.known = true, .log_read = true, .limit_ms = 600000};
    struct mailev ev = {.kind = MAILEV_OTHER, .time_ms = time_of(LINES + 1000)};

    (void)ledger_note(r->ledger, &ev);
    ledger_reconcile(r->ledger, &queue, time_of(LINES + 1000));
    ledger_reconcile(r->ledger, &queue, time_of(LINES + 2000));
    expect_sum(r);
}

/* ---- its store ---- */

struct saved {
    struct ledger_totals totals;
    int read;
};

static const char *folder(void) {
    static char path[64];

    if (path[0] == '\0') {
        snprintf(path, sizeof path, "/tmp/test_ledgerfile.XXXXXX");
        cr_assert_not_null(mkdtemp(path));
    }
    return path;
}

static char *path_of(int which) {
    static char path[128];

    snprintf(path, sizeof path, "%s/ledger.%c", folder(), 'a' + which);
    return path;
}

static void clean(void) {
    unlink(path_of(0));
    unlink(path_of(1));
    rmdir(folder());
}

static struct reader start(const struct saved *from, enum ledgerfile_found want) {
    struct reader r = {.ledger = ledger_new(&key, NULL, NULL), .read = from->read};
    enum ledgerfile_found found;

    r.file = ledgerfile_new(folder(), lineage);
    ledger_restore(r.ledger, &from->totals);
    found = ledgerfile_load(r.file, r.ledger, time_of(from->read));
    cr_assert_eq(found, want, "%d", (int)found);
    return r;
}

static void kill_reader(struct reader *r) {
    ledger_free(&r->ledger);
    ledgerfile_free(&r->file);
}

static struct saved save(const struct reader *r) {
    return (struct saved){*ledger_totals(r->ledger), r->read};
}

static void commit(struct reader *r) {
    struct fault why;

    cr_assert_eq(ledgerfile_commit(r->file, r->ledger, &why), 0, "%s", why.text);
}

/* Reads to the end, killed about `kills` times. */
static struct reader read_all(const struct world *w, uint64_t *seed, uint32_t kills) {
    struct saved slot = {0}, store = {0}; /* the store is ahead, or was emptied */
    struct reader r = start(&slot, LEDGERFILE_EXACT);
    uint32_t odds = (uint32_t)w->lines / (kills + 1) + 1;
    bool renewed = false; /* since the slot was saved */

    while (r.read < w->lines) {
        int batch = next(seed) % 3 == 0 ? 20 : 1;
        struct fault why;

        for (int i = 0; i < batch && r.read < w->lines; i++) {
            if (next(seed) % 4 == 0)
                read_ring(&r, w);
            read_line(&r, w);
        }
        expect_sum(&r);
        if (next(seed) % odds == 0) /* before it was written */
            goto killed;
        commit(&r);
        if (next(seed) % odds == 0) /* after it was written, before it was published */
            goto killed;
        store = save(&r);
        expect_totals(&store.totals, &w->at[r.read], "on the way", *seed);
        if (next(seed) % 40 == 0 && !renewed) {
            cr_assert_eq(ledgerfile_renew(r.file, r.ledger, &why), 0);
            renewed = true;
        }
        if (next(seed) % 30 == 0) {
            slot = store;
            renewed = false;
        }
        if (next(seed) % odds != 0)
            continue;
    killed:
        kill_reader(&r);
        if (next(seed) % 4 == 0)
            store = slot;
        r = start(&store, LEDGERFILE_EXACT);
        expect_totals(ledger_totals(r.ledger), &store.totals, "after a restart", *seed);
        if (next(seed) % 3 == 0) { /* at once again */
            kill_reader(&r);
            r = start(&store, LEDGERFILE_EXACT);
        }
        slot = store = save(&r);
        renewed = false;
    }
    read_ring(&r, w);
    return r;
}

Test(ledgerfile, killed_at_any_point) {
    static struct world w;
    uint64_t seed = 1;
    const char *times = getenv("LEDGER_WORLDS"); /* for a long run by hand */

    for (int round = times != NULL ? atoi(times) : 25; round > 0; round--) {
        struct reader never = {.ledger = ledger_new(&key, NULL, NULL)};
        struct reader r;

        make_world(&w, &seed);
        while (never.read < w.lines) {
            read_line(&never, &w);
            w.at[never.read] = *ledger_totals(never.ledger);
        }
        read_ring(&never, &w);
        settle(&never);
        expect_totals(ledger_totals(never.ledger), &w.want, "never killed", seed);
        ledger_free(&never.ledger);

        r = read_all(&w, &seed, next(&seed) % 60);
        settle(&r);
        expect_totals(ledger_totals(r.ledger), &w.want, "killed", seed);
        cr_assert_eq(ledger_sum(r.ledger).queued, 0u);
        kill_reader(&r);
        unlink(path_of(0));
        unlink(path_of(1));
    }
    clean();
}

/* ---- disks ---- */

static void note(struct reader *r, enum mailev_kind kind, int number) {
    char id[16];
    struct mailev ev = {.kind = kind,
                        .time_ms = time_of(r->read++),
                        .recipients = 1,
                        .daemon = SPAN("qmgr"),
                        .queue_id = queue_id(number, id)};

    (void)ledger_note(r->ledger, &ev);
}

static void open_many(struct reader *r, int from, int count) {
    for (int i = from; i < from + count; i++) {
        note(r, MAILEV_ACCEPTED, i);
        note(r, MAILEV_QUEUED, i);
    }
    commit(r);
}

static void expect_open(const struct reader *r, uint64_t queued, uint64_t spilled) {
    expect_sum(r);
    cr_expect_eq(ledger_sum(r->ledger).queued, queued, "%d", (int)ledger_sum(r->ledger).queued);
    cr_expect_eq(ledger_totals(r->ledger)->spilled, spilled);
}

Test(ledgerfile, more_than_a_frame_holds) {
    struct saved none = {0}, saved;
    struct reader r = start(&none, LEDGERFILE_EXACT);
    struct fault why;

    open_many(&r, 0, 3 * MANY);
    saved = save(&r);
    open_many(&r, 50000, 10);
    kill_reader(&r);
    r = start(&saved, LEDGERFILE_EXACT);
    expect_open(&r, 3 * MANY, 0);
    cr_assert_eq(ledgerfile_renew(r.file, r.ledger, &why), 0);
    saved = save(&r);
    kill_reader(&r);
    r = start(&saved, LEDGERFILE_EXACT);
    expect_open(&r, 3 * MANY, 0);
    kill_reader(&r);
    clean();
}

Test(ledgerfile, a_lost_file) {
    struct saved none = {0}, saved;
    struct reader r = start(&none, LEDGERFILE_EXACT);

    open_many(&r, 0, 10);
    saved = save(&r);
    kill_reader(&r);
    unlink(path_of(0));
    unlink(path_of(1));
    r = start(&saved, LEDGERFILE_NONE);
    expect_open(&r, 0, 10);
    kill_reader(&r);
    clean();
}

/* The power failed: the store has more than the disk. */
Test(ledgerfile, a_file_that_lost_its_end) {
    struct saved none = {0}, saved;
    struct reader r = start(&none, LEDGERFILE_EXACT);
    struct stat before;

    open_many(&r, 0, 10);
    cr_assert_eq(stat(path_of(0), &before), 0);
    open_many(&r, 10, 5);
    note(&r, MAILEV_REMOVED, 0);
    commit(&r);
    saved = save(&r);
    kill_reader(&r);
    cr_assert_eq(truncate(path_of(0), before.st_size + 7), 0);
    r = start(&saved, LEDGERFILE_OLDER);
    expect_open(&r, 10, 4); /* one that ended is taken for one that did not */
    kill_reader(&r);
    clean();
}

Test(ledgerfile, a_file_of_a_future_that_never_was) {
    struct saved none = {0}, saved;
    struct reader r = start(&none, LEDGERFILE_EXACT);
    struct fault why;

    open_many(&r, 0, 3);
    saved = save(&r);
    saved.totals.step -=
        LEDGER_STEP; /* totals of a store that went back beyond what both files have */
    open_many(&r, 10, 5);
    cr_assert_eq(ledgerfile_renew(r.file, r.ledger, &why), 0);
    cr_assert_eq(ledgerfile_renew(r.file, r.ledger, &why), 0);
    kill_reader(&r);
    r = start(&saved, LEDGERFILE_NONE);
    expect_open(&r, 0, 3);
    cr_expect_gt(ledger_totals(r.ledger)->step, saved.totals.step + 2, "no step is used twice");
    kill_reader(&r);
    clean();
}

/* Another one wrote under our name meanwhile: its totals have a step that is as high as ours. */
Test(ledgerfile, totals_of_another_writer) {
    struct saved none = {0}, saved;
    struct reader r = start(&none, LEDGERFILE_EXACT);

    open_many(&r, 0, 3);
    saved = save(&r);
    saved.totals.step ^= 1;
    kill_reader(&r);
    r = start(&saved, (saved.totals.step & 1) != 0 ? LEDGERFILE_OLDER : LEDGERFILE_NONE);
    cr_expect_eq(ledger_totals(r.ledger)->step / LEDGER_STEP, saved.totals.step / LEDGER_STEP + 1);
    expect_sum(&r);
    kill_reader(&r);
    clean();
}

Test(ledgerfile, a_file_of_other_totals) {
    struct saved none = {0}, saved;
    struct reader r = start(&none, LEDGERFILE_EXACT);

    open_many(&r, 0, 3);
    saved = save(&r);
    kill_reader(&r);
    r = (struct reader){.ledger = ledger_new(&key, NULL, NULL)};
    r.file = ledgerfile_new(folder(), "f123456789abcdef0123456789abcdef");
    ledger_restore(r.ledger, &saved.totals);
    cr_expect_eq(ledgerfile_load(r.file, r.ledger, BEGIN_MS), LEDGERFILE_NONE);
    expect_open(&r, 0, 3);
    kill_reader(&r);
    clean();
}

static size_t read_file(unsigned char *out, size_t size) {
    FILE *file = fopen(path_of(0), "r");
    size_t n;

    cr_assert_not_null(file);
    n = fread(out, 1, size, file);
    fclose(file);
    return n;
}

static void write_file(const unsigned char *data, size_t size) {
    FILE *file = fopen(path_of(0), "w");

    cr_assert_not_null(file);
    cr_assert_eq(fwrite(data, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
}

/* What of the four steps is there in the first `size` bytes. */
static int newest_exact(const struct saved saved[4], const unsigned char *data, size_t size) {
    int newest = -1;

    for (int i = 0; i < 4; i++) {
        struct reader r = {.ledger = ledger_new(&key, NULL, NULL)};

        write_file(data, size);
        unlink(path_of(1));
        r.file = ledgerfile_new(folder(), lineage);
        ledger_restore(r.ledger, &saved[i].totals);
        if (ledgerfile_load(r.file, r.ledger, BEGIN_MS) == LEDGERFILE_EXACT) {
            expect_open(&r, 2 * ((uint64_t)i + 1), 0);
            cr_assert_eq(newest, i - 1, "an earlier one was lost");
            newest = i;
        }
        expect_sum(&r);
        kill_reader(&r);
    }
    return newest;
}

Test(ledgerfile, cut_at_every_byte) {
    struct saved none = {0}, saved[4];
    struct reader r = start(&none, LEDGERFILE_EXACT);
    static unsigned char data[4096];
    int newest = -1;
    size_t size;

    for (int i = 0; i < 4; i++) {
        open_many(&r, 10 * i, 2);
        saved[i] = save(&r);
    }
    kill_reader(&r);
    size = read_file(data, sizeof data);
    for (size_t n = 0; n <= size; n++) {
        int found = newest_exact(saved, data, n);

        cr_assert(found == newest || found == newest + 1, "%zu bytes", n);
        newest = found;
    }
    cr_expect_eq(newest, 3);
    memset(data + size - 5, 0, 5); /* a hole where a page was not written */
    cr_expect_eq(newest_exact(saved, data, size), 2);
    clean();
}

Test(ledgerfile, a_disk_that_does_not_take_it) {
    struct saved none = {0}, saved;
    struct reader r = start(&none, LEDGERFILE_EXACT);
    struct fault why;

    open_many(&r, 0, 3);
    saved = save(&r);
    cr_assert_eq(mkdir(path_of(1), 0700), 0); /* the other file cannot be opened */
    cr_expect_eq(ledgerfile_renew(r.file, r.ledger, &why), -1);
    cr_expect(strstr(why.text, "ledger.b") != NULL, "%s", why.text);
    cr_expect(ledgerfile_is_due(r.file), "to be tried again");
    note(&r, MAILEV_ACCEPTED, 9);
    cr_expect_eq(ledgerfile_commit(r.file, r.ledger, &why), 0, "told once");
    cr_expect_eq(ledgerfile_sync(r.file, &why), 0);
    kill_reader(&r);
    r = start(&saved, LEDGERFILE_EXACT);
    expect_open(&r, 3, 0);
    cr_assert_eq(rmdir(path_of(1)), 0);
    cr_expect_eq(ledgerfile_renew(r.file, r.ledger, &why), 0);
    cr_expect_not(ledgerfile_is_due(r.file));
    cr_expect_eq(ledgerfile_sync(r.file, &why), 0);
    kill_reader(&r);
    clean();
}

Test(ledgerfile, a_long_file_is_due) {
    struct saved none = {0};
    struct reader r = start(&none, LEDGERFILE_EXACT);
    int commits = 0;

    while (!ledgerfile_is_due(r.file) && commits < 100000) {
        note(&r, MAILEV_ACCEPTED, 1);
        note(&r, MAILEV_QUEUED, 1);
        commit(&r);
        commits++;
    }
    cr_expect(commits > 10000 && commits < 30000, "%d", commits);
    kill_reader(&r);
    clean();
}
