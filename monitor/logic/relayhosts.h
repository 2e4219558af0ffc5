/* Which smarthost a delivery went to, or failed at, and whose fault that was: for each relay host
 * how much was sent, and how much put off and returned by whose fault (enum party). In the totals
 * as s.*.
 *
 * A smarthost is who is asked at another port than 25 (587 and 465 are for submission, RFC 8314;
 * mail between domains goes to 25, RFC 5321), who gets a login, and the host of main.cf's
 * relayhost. All other servers are counted as one, RELAYHOSTS_OTHER: a host that delivers directly
 * asks thousands. Pure; nothing is allocated. */
#ifndef LOGIC_RELAYHOSTS_H
#define LOGIC_RELAYHOSTS_H

#include "busiest.h"
#include "mailev.h"

#define RELAYHOSTS_OTHER "other"

enum { RELAYHOSTS = 16 };

/* Its figures are "sent", "deferred_ours", ..., "bounced_recipient", "missed". */
extern const struct busiest_kind relayhosts_kind;

/* All zero but for what relayhosts_restore does: none. */
struct relayhosts {
    struct busiest all;
    char configured[TOTALS_TEXT_SIZE]; /* of main.cf's relayhost, without brackets; "": not known */
};

/* The figure of what was put off (or returned, `bounced`) by this party's fault; PARTY_NONE: sent.
 */
size_t relayhosts_figure(enum party party, bool bounced);

/* main.cf's relayhost is this one. */
void relayhosts_configure(struct relayhosts *r, const char *host);

/* Sets ev->relayhost and its relay_port, and counts a delivery. Other events are nothing. */
void relayhosts_note(struct relayhosts *r, struct mailev *ev);

/* Whose fault a failed delivery is: by its diagnosis, else by its status code (RFC 3463). */
enum party relayhosts_party(const struct mailev *ev);

#endif
