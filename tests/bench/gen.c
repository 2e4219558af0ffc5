/* gen [-n LINES] [-s SEED] [-u SENDERS] [-l] [-i] [-b]: a log of Postfix on standard output.
 *
 * A relay under load: 48 messages at a time are on their way from submission to "removed", and
 * their lines come mixed, as they do in a real log. Of 1,000 messages 200 have several recipients,
 * 30 are deferred at first, 10 bounce, 2 meet a refused login; between them stand statistics,
 * refused clients, warnings and failed logins of clients. The same seed gives the same log. -u: how
 * many distinct senders; -l: long queue ids; -i: RFC 3339 stamps with microseconds instead of RFC
 * 3164; -b: nothing but healthy traffic. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 48, LINES_A_SECOND = 3000, START_S = 1767225600, RECIPIENTS_MOST = 4 };

enum step {
    STEP_CONNECT,
    STEP_TLS_IN,
    STEP_CLIENT,
    STEP_CLEANUP,
    STEP_QUEUED,
    STEP_DISCONNECT,
    STEP_TLS_OUT,
    STEP_TROUBLE,
    STEP_DELIVER,
    STEP_REMOVED,
    STEP_COUNT
};

enum fate { FATE_SENT, FATE_DEFERRED, FATE_BOUNCED, FATE_LOGIN };

struct message {
    enum step step;
    enum fate fate;
    char id[16];
    unsigned sender, client, smtp_pid, smtpd_pid;
    unsigned recipients, delivered;
};

struct gen {
    uint64_t random;
    uint64_t lines, lines_most;
    uint64_t made; /* messages */
    unsigned senders;
    bool long_ids, iso, healthy;
    int64_t stamp_s; /* that `stamp` is of */
    char stamp[40];
    struct message slot[SLOTS];
};

/* xorshift64*, Vigna, "An experimental exploration of Marsaglia's xorshift generators". */
static uint64_t draw(struct gen *g, uint64_t below) {
    g->random ^= g->random >> 12;
    g->random ^= g->random << 25;
    g->random ^= g->random >> 27;
    return (g->random * 2685821657736338717u >> 16) % below;
}

/* Stamp, host and tag. */
static void head(struct gen *g, const char *daemon, unsigned pid) {
    int64_t now_s = START_S + (int64_t)(g->lines / LINES_A_SECOND);
    time_t t = (time_t)now_s;
    struct tm tm;

    if (now_s != g->stamp_s && gmtime_r(&t, &tm) != NULL) {
        g->stamp_s = now_s;
        strftime(g->stamp, sizeof g->stamp, g->iso ? "%Y-%m-%dT%H:%M:%S" : "%b %e %H:%M:%S", &tm);
    }
    if (g->iso)
        printf("%s.%06u+00:00 mx1 postfix/%s[%u]: ", g->stamp,
               (unsigned)(g->lines % LINES_A_SECOND * (1000000 / LINES_A_SECOND)), daemon, pid);
    else
        printf("%s mx1 postfix/%s[%u]: ", g->stamp, daemon, pid);
    g->lines++;
}

static void make_id(struct gen *g, char *out, size_t size) {
    static const char digits[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    size_t n = 0;

    if (!g->long_ids) {
        snprintf(out, size, "%05X%05X", (unsigned)draw(g, 1000000),
                 (unsigned)(0x40000 + draw(g, 0x80000)));
        return;
    }
    memcpy(out, "4f", 2);
    for (n = 2; n < 10; n++)
        out[n] = digits[draw(g, sizeof digits - 1)];
    out[n++] = 'z';
    while (n < 14)
        out[n++] = digits[draw(g, sizeof digits - 1)];
    out[n] = '\0';
}

static void begin(struct gen *g, struct message *m) {
    uint64_t kind = g->healthy ? 999 : draw(g, 1000);

    memset(m, 0, sizeof *m);
    m->fate = kind < 30   ? FATE_DEFERRED
              : kind < 40 ? FATE_BOUNCED
              : kind < 42 ? FATE_LOGIN
                          : FATE_SENT;
    make_id(g, m->id, sizeof m->id);
    m->sender = (unsigned)draw(g, g->senders);
    m->client = (unsigned)draw(g, 200);
    m->smtp_pid = 20000 + (unsigned)draw(g, 40);
    m->smtpd_pid = 10000 + (unsigned)draw(g, 40);
    m->recipients = draw(g, 10) < 8 ? 1 : 2 + (unsigned)draw(g, RECIPIENTS_MOST - 1);
    g->made++;
}

/* A delay as src/global/format_tv.c prints it: two digits that count, no zeros at the end. */
static const char *delay_text(unsigned hundredths, char out[16]) {
    unsigned tenths = (hundredths + 5) / 10;

    if (hundredths >= 1000)
        snprintf(out, 16, "%u", (hundredths + 50) / 100);
    else if (hundredths < 100 && hundredths % 10 != 0)
        snprintf(out, 16, "0.%02u", hundredths);
    else if (tenths % 10 != 0)
        snprintf(out, 16, "%u.%u", tenths / 10, tenths % 10);
    else
        snprintf(out, 16, "%u", tenths / 10);
    return out;
}

static void say_delivery(struct gen *g, struct message *m) {
    static const char relay[] = "smtp-relay.gmail.com[142.250.4.28]:587";
    unsigned to = (unsigned)draw(g, 50000);
    unsigned setup = (unsigned)draw(g, 10) == 0 ? (unsigned)draw(g, 2000) : (unsigned)draw(g, 150);
    unsigned before = (unsigned)draw(g, 30), transmission = 20 + (unsigned)draw(g, 80);
    char text[4][16];

    head(g, "smtp", m->smtp_pid);
    printf("%s: to=<user%u@example%u.net>, ", m->id, to, to % 97);
    if (draw(g, 50) == 0)
        printf("orig_to=<alias%u@example.com>, ", to);
    if (m->fate != FATE_LOGIN)
        printf("relay=%s, delay=%s, delays=%s/0.01/%s/%s, ", relay,
               delay_text(before + setup + transmission, text[0]), delay_text(before, text[1]),
               delay_text(setup, text[2]), delay_text(transmission, text[3]));
    switch (m->fate) {
    case FATE_SENT:
        printf("dsn=2.0.0, status=sent (250 2.0.0 OK  %u%010u "
               "d9443c01a7336-29f8ba31c21sm12345678ad.19 - gsmtp)\n",
               176, to * 7919u);
        break;
    case FATE_DEFERRED:
        printf("dsn=4.7.28, status=deferred (host %.34s said: 421-4.7.28 Gmail has detected an "
               "unusual rate of unsolicited mail. 421 4.7.28 try again later. - gsmtp (in reply to "
               "end of DATA command))\n",
               relay);
        m->fate = FATE_SENT;
        m->delivered--; /* and once more */
        break;
    case FATE_BOUNCED:
        printf("dsn=5.1.1, status=bounced (host %.34s said: 550-5.1.1 The email account that you "
               "tried to reach does not exist. 550 5.1.1 https://support.google.com/mail/?p="
               "NoSuchUser - gsmtp (in reply to RCPT TO command))\n",
               relay);
        break;
    case FATE_LOGIN:
        printf("relay=%s, delay=0.9, delays=0.05/0.01/0.84/0, dsn=4.7.8, status=deferred (SASL "
               "authentication failed; server %.34s said: 535-5.7.8 Username and Password not "
               "accepted. 535 5.7.8  https://support.google.com/mail/?p=BadCredentials - gsmtp)\n",
               relay, relay);
        m->fate = FATE_SENT;
        m->delivered--;
        break;
    }
    m->delivered++;
}

static void say_arrival(struct gen *g, const struct message *m) {
    switch (m->step) {
    case STEP_CONNECT:
        head(g, "smtpd", m->smtpd_pid);
        printf("connect from app%u.example.com[10.0.3.%u]\n", m->client, m->client);
        break;
    case STEP_TLS_IN:
        head(g, "smtpd", m->smtpd_pid);
        printf("Anonymous TLS connection established from app%u.example.com[10.0.3.%u]: TLSv1.3 "
               "with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 "
               "server-signature RSA-PSS (2048 bits) server-digest SHA256\n",
               m->client, m->client);
        break;
    case STEP_CLIENT:
        head(g, "smtpd", m->smtpd_pid);
        printf("%s: client=app%u.example.com[10.0.3.%u]", m->id, m->client, m->client);
        printf(m->client % 4 == 0 ? "\n" : ", sasl_method=PLAIN, sasl_username=app%u\n", m->client);
        break;
    case STEP_CLEANUP:
        head(g, "cleanup", 30000 + m->smtpd_pid % 7);
        printf("%s: message-id=<%u.%s.%u@app%u.example.com>\n", m->id, m->sender, m->id,
               m->smtp_pid, m->client);
        break;
    case STEP_QUEUED:
        head(g, "qmgr", 1234);
        printf("%s: from=<sender%u@example.com>, size=%u, nrcpt=%u (queue active)\n", m->id,
               m->sender, 800 + m->sender % 90000, m->recipients);
        break;
    default:
        head(g, "smtpd", m->smtpd_pid);
        printf("disconnect from app%u.example.com[10.0.3.%u] ehlo=2 starttls=1 auth=1 mail=1 "
               "rcpt=%u data=1 quit=1 commands=%u\n",
               m->client, m->client, m->recipients, 7 + m->recipients);
        break;
    }
}

/* The next line of this message. */
static void advance(struct gen *g, struct message *m) {
    switch (m->step) {
    case STEP_TLS_OUT:
        m->step++;
        if (m->id[4] % 3 == 0) /* else the connection is an old one */
            return;
        head(g, "smtp", m->smtp_pid);
        printf("Trusted TLS connection established to smtp-relay.gmail.com[142.250.4.28]:587: "
               "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 "
               "server-signature ECDSA (prime256v1) server-digest SHA256\n");
        return;
    case STEP_TROUBLE:
        m->step++;
        if (m->fate != FATE_DEFERRED || m->id[3] % 4 != 0)
            return;
        head(g, "smtp", m->smtp_pid);
        printf("connect to smtp-relay.gmail.com[2404:6800:4003:c1a::1c]:587: Network is "
               "unreachable\n");
        return;
    case STEP_DELIVER:
        say_delivery(g, m);
        if (m->delivered == m->recipients)
            m->step++;
        return;
    case STEP_REMOVED:
        if (m->fate == FATE_BOUNCED) {
            m->fate = FATE_SENT;
            head(g, "bounce", 4321);
            printf("%s: sender non-delivery notification: %.9sF\n", m->id, m->id);
            return;
        }
        head(g, "qmgr", 1234);
        printf("%s: removed\n", m->id);
        begin(g, m);
        return;
    default:
        say_arrival(g, m);
        m->step++;
        return;
    }
}

/* What stands between the messages. */
static void interrupt(struct gen *g) {
    unsigned n = (unsigned)draw(g, 250);

    switch (draw(g, 6)) {
    case 0:
        head(g, "anvil", 555);
        printf("statistics: max connection rate %u/60s for (submission:10.0.3.%u) at Jan  1 "
               "00:00:10\n",
               n, n);
        break;
    case 1:
        head(g, "smtpd", 10000 + n);
        printf("NOQUEUE: reject: RCPT from unknown[203.0.113.%u]: 454 4.7.1 <u%u@example.org>: "
               "Relay access denied; from=<spam%u@example.org> to=<u%u@example.org> proto=ESMTP "
               "helo=<host%u>\n",
               n, n, n, n, n);
        break;
    case 2:
        head(g, "smtpd", 10000 + n);
        printf("warning: unknown[203.0.113.%u]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, "
               "sasl_username=admin%u\n",
               n, n);
        break;
    case 3:
        head(g, "smtpd", 10000 + n);
        printf("warning: hostname h%u.example.org does not resolve to address 203.0.113.%u: Name "
               "or service not known\n",
               n, n);
        break;
    case 4:
        head(g, "pickup", 777);
        printf("%05X%05X: uid=33 from=<www-data>\n", n * 3000, 0x40000 + n);
        break;
    default:
        head(g, "smtpd", 10000 + n);
        printf("lost connection after AUTH from unknown[203.0.113.%u]\n", n);
        break;
    }
}

static void usage(void) {
    fprintf(stderr, "usage: gen [-n lines] [-s seed] [-u senders] [-l] [-i] [-b]\n");
    exit(64);
}

int main(int argc, char **argv) {
    static struct gen g = {.random = 1, .lines_most = 1000000, .senders = 1000};
    static char buffer[1 << 20];
    int option;

    while ((option = getopt(argc, argv, "n:s:u:lib")) != -1) {
        if (option == 'n')
            g.lines_most = strtoull(optarg, NULL, 10);
        else if (option == 's')
            g.random = strtoull(optarg, NULL, 10) * 2 + 1;
        else if (option == 'u')
            g.senders = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'l')
            g.long_ids = true;
        else if (option == 'i')
            g.iso = true;
        else if (option == 'b')
            g.healthy = true;
        else
            usage();
    }
    if (optind != argc || g.senders == 0)
        usage();
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    for (int i = 0; i < SLOTS; i++) {
        begin(&g, &g.slot[i]);
        g.slot[i].step = (enum step)(i % STEP_DELIVER);
    }
    while (g.lines < g.lines_most) {
        if (!g.healthy && draw(&g, 100) == 0)
            interrupt(&g);
        else
            advance(&g, &g.slot[draw(&g, SLOTS)]);
    }
    if (fflush(stdout) != 0) {
        perror("gen: standard output");
        return 1;
    }
    return 0;
}
