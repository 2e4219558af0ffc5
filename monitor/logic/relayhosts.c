/* See relayhosts.h. */
#include "relayhosts.h"

#include <strings.h>

#include "healtharea.h"
#include "logfield.h"

enum { SENT = 0, FAULTS = PARTY_COUNT - 1, FIGURES = 1 + 2 * FAULTS, SMTP_PORT = 25 };

static const char *const words[FIGURES] = {"sent",
                                           "deferred_ours",
                                           "deferred_smarthost",
                                           "deferred_network",
                                           "deferred_recipient",
                                           "bounced_ours",
                                           "bounced_smarthost",
                                           "bounced_network",
                                           "bounced_recipient"};

_Static_assert((int)FIGURES < (int)BUSIEST_FIGURES, "and one more for `missed`");

const struct busiest_kind relayhosts_kind = {
    .letter = 's', .places = RELAYHOSTS, .figures = FIGURES, .words = words};

size_t relayhosts_figure(enum party party, bool bounced) {
    return party == PARTY_NONE ? (size_t)SENT : (size_t)party + (bounced ? (size_t)FAULTS : 0);
}

void relayhosts_configure(struct relayhosts *r, const char *host) {
    text_copy(r->configured, sizeof r->configured, host);
}

/* ---- which host ---- */

/* Postfix's words before the host, where `relay=` has none (smtp_connect.c, smtp_addr.c,
 * smtp_proto.c, smtp_sasl_glue.c, smtp_trouble.c). */
static struct logfield_peer named_in(struct span text) {
    static const char *const before[] = {
        "connect to ",
        "host ",
        "lost connection with ",
        "conversation with ",
        "SASL authentication failed; server ",
        "SASL authentication failed: server ",
        "SASL [CACHED] authentication failed; server ",
        "SASL authentication failed; cannot authenticate to server ",
        "TLS is required, but was not offered by host ",
        "TLS is required, but host "};
    static const char *const before_name[] = {
        "Host or domain name not found. Name service error for name=", "unable to look up host "};
    struct logfield_peer none = {0};

    if (STARTS(text, "delivery temporarily suspended: "))
        text = logfield_from(text, 32);
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        if (span_starts(text, before[i]))
            return logfield_peer(logfield_from(text, strlen(before[i])));
    }
    for (size_t i = 0; i < sizeof before_name / sizeof before_name[0]; i++) {
        if (span_starts(text, before_name[i])) {
            text = logfield_from(text, strlen(before_name[i]));
            none.name = (struct span){text.p, logscan_find2(text, ' ', ':')};
            if (STARTS(logfield_from(text, none.name.n), " type=MX")) /* a domain, no host */
                none.name.n = 0;
            break;
        }
    }
    return none;
}

static struct logfield_peer asked(const struct mailev *ev) {
    if (ev->relay.n > 0 && !IS(ev->relay, "none"))
        return (struct logfield_peer){
            .name = ev->relay, .ip = ev->relay_ip, .port = ev->relay_port};
    return named_in(ev->text);
}

static bool is_smarthost(struct relayhosts *r, const struct mailev *ev,
                         const struct logfield_peer *peer) {
    if (peer->port != 0 && peer->port != SMTP_PORT)
        return true;
    if (ev->status != MAILEV_STATUS_SENT && health_area(ev->diagnosis) == AREA_LOGIN &&
        ev->diagnosis != DIAGNOSIS_G06_AUTH_REQUIRED) /* which any server may say */
        return true;
    return (r->configured[0] != '\0' && strlen(r->configured) == peer->name.n &&
            strncasecmp(r->configured, peer->name.p, peer->name.n) == 0) ||
           busiest_find(&r->all, &relayhosts_kind, peer->name) != NULL;
}

/* ---- whose fault ---- */

enum party relayhosts_party(const struct mailev *ev) {
    struct span dsn = ev->dsn; /* class.subject.detail */

    if (diagnosis_entry(ev->diagnosis)->party != PARTY_NONE &&
        ev->diagnosis != DIAGNOSIS_N12_DELIVERY_SUSPENDED) /* a consequence of whatever it was */
        return diagnosis_entry(ev->diagnosis)->party;
    switch (dsn.n >= 5 ? dsn.p[2] : '0') {
    case '1': /* addressing; 7 and 8: the sender's */
        return IS(logfield_from(dsn, 4), "7") || IS(logfield_from(dsn, 4), "8") ? PARTY_OURS
                                                                                : PARTY_RECIPIENT;
    case '2': /* mailbox */
        return PARTY_RECIPIENT;
    case '4': /* network and routing */
        return PARTY_NETWORK;
    case '5': /* protocol */
    case '6': /* content */
        return PARTY_OURS;
    default: /* mail system, security and policy, other */
        return ev->relay_ip.n > 0 ? PARTY_SMARTHOST : PARTY_OURS;
    }
}

/* ---- counting ---- */

static bool is_of_smtp(const struct mailev *ev) {
    return IS(ev->daemon, "smtp") || IS(ev->daemon, "error") || IS(ev->daemon, "retry");
}

void relayhosts_note(struct relayhosts *r, struct mailev *ev) {
    struct logfield_peer peer;
    enum party party;
    bool smarthost;

    if (ev->kind != MAILEV_DELIVERY || ev->status < MAILEV_STATUS_SENT ||
        ev->status > MAILEV_STATUS_BOUNCED || !is_of_smtp(ev))
        return;
    peer = asked(ev);
    if (peer.name.n == 0)
        return;
    party = ev->status == MAILEV_STATUS_SENT ? PARTY_NONE : relayhosts_party(ev);
    smarthost = is_smarthost(r, ev, &peer);
    if (!smarthost && party == PARTY_SMARTHOST)
        party = PARTY_RECIPIENT; /* it is the recipient's own server */
    if (smarthost) {
        ev->relayhost = peer.name;
        ev->relay_port = peer.port;
    }
    busiest_add(&r->all, &relayhosts_kind, smarthost ? peer.name : SPAN(RELAYHOSTS_OTHER),
                relayhosts_figure(party, ev->status == MAILEV_STATUS_BOUNCED));
}
