#include <criterion/criterion.h>

#include "logreason.h"

#define BIT(name) COUNTER_BIT(COUNTER_##name)

Test(logreason, texts) {
    static const struct {
        const char *text;
        counter_set want;
    } rows[] = {
        {"connect to h[192.0.2.1]:587: Connection refused", BIT(REFUSED)},
        {"connect to h[2001:db8::1]:587: No route to host", BIT(REFUSED)},
        {"connect to h[2001:db8::1]:587: Network is unreachable", BIT(REFUSED)},
        {"connect to h[192.0.2.1]:587: Connection timed out", BIT(TIMEOUTS)},
        {"connect to h[192.0.2.1]:587: Operation timed out", BIT(TIMEOUTS)},
        {"connect to h[192.0.2.1]: Connection timed out (port 25)", BIT(TIMEOUTS)},
        {"connect to h[192.0.2.1]:587: Cannot assign requested address", 0},
        {"connect to h[private/x]: Connection refused", BIT(REFUSED)},
        {"conversation with h[192.0.2.1] timed out while sending RCPT TO", BIT(TIMEOUTS)},
        {"lost connection with h[192.0.2.1] while sending RCPT TO", 0},
        {"Host or domain name not found. Name service error for name=x type=A: Host not found",
         BIT(DNS_ERRORS)},
        {"unable to look up host x: Name or service not known", BIT(DNS_ERRORS)},
        {"SASL authentication failed; server h[192.0.2.1] said: 535-5.7.8 no", BIT(AUTH_FAILURES)},
        {"SASL authentication failed: server h[192.0.2.1] offered no compatible authentication "
         "mechanisms "
         "for this type of connection security",
         BIT(AUTH_FAILURES)},
        {"SASL [CACHED] authentication failed; server h said: 535 no", BIT(AUTH_FAILURES)},
        {"delivery temporarily suspended: SASL authentication failed; server h said: 535 no",
         BIT(AUTH_FAILURES)},
        {"delivery temporarily suspended: delivery temporarily suspended: connect to "
         "h[192.0.2.1]:587: Connection timed out",
         BIT(TIMEOUTS)},
        {"host h[192.0.2.1] said: 450 delivery temporarily suspended: connect to h[192.0.2.1]:587: "
         "Connection timed out",
         0},
        {"Sender requested REQUIRETLS, but no server supports it", BIT(TLS_ERRORS)},
        {"Cannot start TLS: handshake failure", BIT(TLS_ERRORS)},
        {"Server certificate not verified", BIT(TLS_ERRORS)},
        {"Server certificate not trusted", BIT(TLS_ERRORS)},
        {"TLS is required, but was not offered by host h[192.0.2.1]", BIT(TLS_ERRORS)},
        {"TLS is required, but our TLS engine is unavailable", BIT(TLS_ERRORS)},
        {"delivery via h[192.0.2.1]:587: Cannot start TLS: handshake failure", BIT(TLS_ERRORS)},
        {"host h[192.0.2.1] said: 421-4.7.28 x", BIT(LIMIT_HITS)},
        {"host h[192.0.2.1] refused to talk to me: 421 4.7.0 Our system has detected an unusual "
         "rate of",
         BIT(LIMIT_HITS)},
        {"host h[192.0.2.1] said: 550 5.4.5 Daily SMTP relay limit exceeded for user.",
         BIT(LIMIT_HITS)},
        {"host h[192.0.2.1] said: 550 5.7.1 Daily SMTP relay limit exceeded for customer.",
         BIT(LIMIT_HITS)},
        {"host h[192.0.2.1] said: 450 4.2.1 Peak SMTP relay limit exceeded for customer.",
         BIT(LIMIT_HITS)},
        {"host h[192.0.2.1] said: 450-4.2.1 The user you are trying to contact is receiving mail "
         "at a rate that",
         0}, /* the recipient's limit */
        {"host h[192.0.2.1] said: 452 4.5.3 Your message has too many recipients.",
         BIT(LIMIT_HITS)},
        {"SASL authentication failed; server h[192.0.2.1] said: 454-4.7.0 Too many login attempts",
         BIT(AUTH_FAILURES) | BIT(LIMIT_HITS)},
        {"host h[192.0.2.1] said: 421 4.4.5 Server busy, try again later.", 0},
        {"host h[192.0.2.1] said: 452 4.2.2 The mailbox quota exceeded", 0},
        {"host h[192.0.2.1] said: 552 5.2.3 size limit exceeded", 0},
        {"host h[192.0.2.1] said: 550 5.1.1 connect to x[192.0.2.1]:25: Connection refused", 0},
        {"host h[192.0.2.1] said: 250 2.7.28 odd", 0},
        {"host h[192.0.2.1] said: 550-5.7.1 Daily SMTP relay limit 550-5.7.1 exceeded for 550 "
         "5.7.1 "
         "customer.",
         BIT(LIMIT_HITS)},
        {"host h[192.0.2.1] said: 421-Too many?421 connections", BIT(LIMIT_HITS)},
        {"host h[192.0.2.1] said: 421 4.3.2 The number of concurrent connections has exceeded a "
         "limit",
         BIT(LIMIT_HITS)},
        {"host h[192.0.2.1] said: 550 5.7.1 <\"quota exceeded\"@x>: Relaying denied", 0},
        {"host h[192.0.2.1] said: 550 5.7.1 <\"x>: quota exceeded\"@x>: Relaying denied", 0},
        {"host h[192.0.2.1] said: 550 5.7.1 <x@y>: too many connections", BIT(LIMIT_HITS)},
        {"host h[192.0.2.1] said: 550 5.1.1 quota exceeded x@y", 0},
        {"host h[192.0.2.1] said: 550", 0},
        {"host h[192.0.2.1] said: 550 ", 0},
        {"host h said", 0},
        {"", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(logreason_counters(span_of(rows[i].text)), rows[i].want, "%s", rows[i].text);
    }
}
