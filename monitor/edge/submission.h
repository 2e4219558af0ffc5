/* Hands one message to the local Postfix by SMTP, on our loop: never waits, ends within
 * SUBMISSION_MS whatever the other side does. No TLS and no login: for a relay on this host that
 * takes mail of this host. The envelope's sender is the null sender, so nobody ever gets a bounce
 * of it and it cannot loop. One message at a time; everything is copied. */
#ifndef EDGE_SUBMISSION_H
#define EDGE_SUBMISSION_H

#include <stdbool.h>

struct loop;
struct submission;

enum { SUBMISSION_MS = 30 * 1000 };

struct submission_letter {
    const char *server;    /* address:port, or name:port */
    const char *helo;      /* our name */
    const char *recipient; /* one address, without <> */
    const char *text;      /* header and body, lines end in CR LF, none begins with '.' */
};

/* on_end: `trouble` is NULL when the relay took the message, else why not. */
struct submission *submission_new(struct loop *loop, void (*on_end)(const char *trouble, void *arg),
                                  void *arg);
void submission_free(struct submission **submission);

/* False: one is still under way. on_end never comes before this has returned. */
bool submission_send(struct submission *submission, const struct submission_letter *letter);

#endif
