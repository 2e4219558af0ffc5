/* What goes into relaywatch-probe (stdin) and comes out (stdout): one fixed-size struct each way.
 */
#ifndef MODEL_PROBEQ_H
#define MODEL_PROBEQ_H

#include <stdint.h>

enum { PROBEQ_VERSION = 3 };

struct probe_request {
    uint32_t version;
    char host[256]; /* name or address of the smarthost; also the name its certificate must have */
    uint32_t port;
    uint32_t implicit_tls; /* 1: TLS from the first byte (465); 0: STARTTLS */
    uint32_t auth;         /* 0: no login (IP allow-list): greeting, TLS and EHLO only */
    char helo[256];        /* name in our EHLO */
    char ca_file[256];     /* "" : the system's */
    char tls_name[256];    /* name to check when it is not `host`; "" : host */
    char mechanisms[256];  /* smtp_sasl_mechanism_filter; "": all */
    uint32_t forbid;       /* enum probe_forbid: kinds of mechanisms that main.cf rules out */
    char user[256];
    char secret[512]; /* wiped after use, by both sides */
};

/* Words of smtp_sasl_security_options (postconf(5)), as bits. */
enum probe_forbid {
    PROBE_NO_PLAINTEXT = 1,
    PROBE_NO_ACTIVE = 2,
    PROBE_NO_DICTIONARY = 4,
    PROBE_NO_ANONYMOUS = 8,
    PROBE_MUTUAL = 16,
};

enum probe_result {
    PROBE_OK,          /* logged in (or, without auth, reached the point before it) */
    PROBE_REFUSED,     /* the smarthost said no to this login: do not try it again */
    PROBE_TEMPORARY,   /* 4xx */
    PROBE_UNREACHABLE, /* DNS, connect */
    PROBE_TIMEOUT,
    PROBE_TLS,          /* not offered, handshake failed, certificate not verified */
    PROBE_PROTOCOL,     /* the server does not speak SMTP as it should */
    PROBE_NO_MECHANISM, /* no mechanism that both sides have */
    PROBE_INTERNAL,     /* ours */
};

struct probe_verdict {
    uint32_t version;
    uint32_t result;    /* enum probe_result */
    uint32_t smtp_code; /* 0: none */
    char enhanced[12];  /* "5.7.8" or "" */
    char mechanism[24]; /* that the login was tried with, "" */
    char tls_version[16];
    char tls_cipher[64];
    int64_t certificate_expires_s; /* the earliest notAfter in the server's chain, seconds since
                                      1970; 0: none seen */
    char address[64];              /* that was talked to */
    char egress[64]; /* our address as the server saw it (Gmail's EHLO reply), "" if it does not say
                      */
    uint64_t size_limit; /* of EHLO's SIZE; 0: none */
    char ehlo[256];      /* the keywords of the last EHLO reply, a blank between: NOT clean */
    uint32_t elapsed_ms;
    char text[512]; /* the server's last reply or our own error: NOT clean, print with care */
};

#endif
