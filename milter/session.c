/* See session.h. */
#include "session.h"

session_counts session_connect(struct session *session, bool client) {
    *session = (struct session){.begun = true};
    return client ? SESSION_BIT(MLTPAGE_CONNECTS) : 0;
}

session_counts session_abort(struct session *session) {
    if (!session->open)
        return 0;
    session->open = false;
    return SESSION_BIT(MLTPAGE_ABORTED);
}

session_counts session_close(struct session *session) {
    session_counts counts = session_abort(session);

    if (!session->begun)
        counts |= SESSION_BIT(MLTPAGE_CONNECTS);
    session->begun = true;
    return counts;
}

session_counts session_mail(struct session *session, const char *sender, bool tls, bool login) {
    session_counts counts = session_abort(session);

    if (tls && !session->tls)
        counts |= SESSION_BIT(MLTPAGE_TLS);
    session->tls = session->tls || tls;
    session->open = true;
    session->login = login;
    session->recipients = 0;
    session->bytes = 0;
    sendername_take(session->sender, span_of(sender));
    return counts;
}

void session_rcpt(struct session *session) {
    if (session->open && session->recipients < UINT32_MAX)
        session->recipients++;
}

void session_body(struct session *session, size_t size) {
    if (session->open)
        session->bytes += size;
}

bool session_eom(struct session *session, struct session_message *message_out) {
    if (!session->open)
        return false;
    session->open = false;
    *message_out = (struct session_message){
        .sender = session->sender,
        .recipients = session->recipients,
        .bytes = session->bytes,
        .flags = (session->tls ? (uint32_t)MLTPAGE_FLAG_TLS : 0) |
                 (session->login ? (uint32_t)MLTPAGE_FLAG_LOGIN : 0),
    };
    return true;
}
