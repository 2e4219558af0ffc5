/* struct history: the last messages that the log spoke of, for "where is message X": when it came
 * in, from whom, what became of each recipient, how it ended. Bounded twice: so many messages, the
 * oldest gives way, and HISTORY_BYTES_EACH bytes a message for what is known of them, in a ring of
 * bytes; where details fell off its end, the answer says so. What is kept stands in one block of
 * memory (an image) which a file can follow page by page, and which is not trusted when it comes
 * back: nothing in it leads out of bounds. Texts are kept as the log has them, cut to a bound: make
 * them printable before they are shown. Pure; allocates once. */
#ifndef LOGIC_HISTORY_H
#define LOGIC_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hash.h"
#include "ledger.h"
#include "mailev.h"
#include "pages.h"

enum { HISTORY_BYTES_EACH = 256, HISTORY_QUEUE_ID = 32 };

struct history;

/* `key`: that of the ledger, for the ids. */
struct history *history_new(size_t messages, const struct hash_key *key);
void history_free(struct history **history);

/* Notes what one line says of the message `id` (ledger_note's). Tell the ledger first. */
void history_note(struct history *history, const struct mailev *ev, uint64_t id);

/* The milter saw this message whole. */
void history_note_milter(struct history *history, struct span queue_id, int64_t time_ms);

/* ledger_end_fn's: it ended. */
void history_end(struct history *history, uint64_t id, enum ledger_end end, int64_t time_ms);

/* ---- the answer ---- */

enum { HISTORY_OPEN = -1 };

struct history_message {
    uint64_t id;
    uint64_t chain;      /* history's own: its newest fact, ... */
    uint64_t older;      /* ... and what that was when all had been written ... */
    uint32_t sweep;      /* ... before this time */
    int64_t arrived_ms;  /* 0: before we looked, or longer ago than is kept */
    int64_t ended_ms;    /* 0: it did not, as far as is known here */
    uint64_t size_bytes; /* 0: not known */
    uint32_t recipients; /* likewise */
    int8_t end;          /* enum ledger_end; HISTORY_OPEN */
    uint8_t flags;       /* history's own */
    char queue_id[HISTORY_QUEUE_ID];
};

/* Is it the newest of those with its queue id? An older one cannot be in the queue. */
bool history_is_newest(const struct history_message *message);

/* Is it on hold, as far as the log told? */
bool history_is_held(const struct history_message *message);

enum history_kind {
    HISTORY_CLIENT,       /* text: name, address, login */
    HISTORY_MESSAGE_ID,   /* text: message-id, with its <> */
    HISTORY_SENDER,       /* text: from */
    HISTORY_RECIPIENT,    /* text: to, relay, dsn, what the server said; status, attempts */
    HISTORY_REFUSAL,      /* text: why it was refused */
    HISTORY_NOTIFICATION, /* text: queue id of the notification to its sender */
    HISTORY_RENAMED,      /* text: the queue id that it had before */
    HISTORY_GOES_ON,      /* text: the queue id that it has since */
    HISTORY_KIND_COUNT
};

enum { HISTORY_TEXTS = 4 };

struct history_fact {
    enum history_kind kind;
    enum mailev_status status;
    uint32_t attempts;
    int64_t time_ms;
    struct span text[HISTORY_TEXTS]; /* in the history's memory: good until it changes */
};

/* Calls `on` for each message with this queue id, or (if that is absent) with this message-id, with
 * or without its <>, the newest first, as long as it returns true. Looks at all messages. */
void history_find(const struct history *history, struct span queue_id, struct span message_id,
                  bool (*on)(const struct history_message *message, void *arg), void *arg);

/* Calls `on` for each fact, the newest first: of a recipient only the first one counts. False if
 * older ones fell off. */
bool history_facts(const struct history *history, const struct history_message *message,
                   void (*on)(const struct history_fact *fact, void *arg), void *arg);

/* How many messages there are, and when the oldest of them came in or was first spoken of. */
size_t history_count(const struct history *history, int64_t *oldest_ms_out);

/* ---- the image ---- */

/* The block and its size, a multiple of PAGES_SIZE. */
unsigned char *history_image(struct history *history, size_t *size_out);

/* The block was filled with what an earlier life left: goes on from that, or begins anew where it
 * is not of this version, size and kind (false). */
bool history_adopt(struct history *history);

/* The next run of pages that changed, from the end of the block to its beginning, which count as
 * unchanged from now on; false: there is none. In this order facts come before what leads to them:
 * who is killed in between loses no more than the lines since the last time. */
bool history_take_changed(struct history *history, size_t *offset_out, size_t *size_out);
/* They could not be written: they count as changed again. */
void history_change_again(struct history *history, size_t offset, size_t size);

#endif
