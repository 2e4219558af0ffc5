/* The messages as relaywatchd follows them: the ledger, the last messages (for "where is message
 * X"), the delays, and the files that bring them back after a restart. daemon.c tells it of each
 * line and publishes; this module keeps the order that makes a restart exact (see logic/ledger.h,
 * edge/ledgerfile.h). Writes files of relaywatchd's own folder, blocks no longer than that does. */
#ifndef DAEMON_MESSAGES_H
#define DAEMON_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "keeperq.h"
#include "mltpage.h"
#include "totals.h"
#include "delays.h"
#include "history.h"
#include "ledger.h"
#include "trend.h"
#include "tail.h"

struct ledgerfile;

struct messages {
    struct ledger *ledger; /* NULL before messages_begin */
    struct history *history;
    struct delays delays;
    struct hash_key key;
    struct ledgerfile *file;
    bool saved; /* totals were saved since the file was begun */
    int image;  /* of the history; -1: not open */
    bool told_image;
    char image_path[300];
    struct trend *trend;        /* somebody else's; noted in, too */
    const struct mltpage *page; /* the milter's, as it is mapped now; NULL: it is not */
};

/* Goes on from the totals of an earlier life, whose ledger is `from`. `page` is the milter's, which
 * must be mapped before the first line is noted, where there is one. */
void messages_begin(struct messages *m, const struct conf *conf, const struct totals *totals,
                    const struct ledger_totals *from, const struct mltpage *page, int64_t now_ms);
void messages_clear(struct messages *m);

/* The milter's page is mapped there now. */
void messages_set_page(struct messages *m, const struct mltpage *page);

/* What one line says; id 0: nothing about a message. */
struct ledger_noted messages_note(struct messages *m, const struct mailev *ev, int64_t now_ms);

/* Looks at the milter's ring and for what the queue does not have: once a second. `queue`: as it
 * was counted lately, else NULL. True when there is something to publish. */
bool messages_look(struct messages *m, const struct keeper_queue *queue,
                   const struct tail_figures *source, int64_t limit_ms, int64_t now_ms);

/* Before the totals are published: what they include is in the files. */
void messages_commit(struct messages *m);

/* Should the totals be saved soon, as the file has become long? */
bool messages_want_save(const struct messages *m);

/* Before and after the totals are saved locally. The former right after a publish. */
void messages_before_save(struct messages *m);
void messages_after_save(struct messages *m);

#endif
