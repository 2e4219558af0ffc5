/* smtp.c and talk.c: replies byte by byte, and whole conversations with a server that a table
 * plays. What matters most: no byte of a login before verified TLS. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sasl/sasl.h>
#include <sasl/saslplug.h>

#include "smtp.h"
#include "talk.h"
#include "text.h"

static enum smtp_state feed(struct smtp_reply *reply, const char *bytes, size_t n, size_t step,
                            size_t *used_out) {
    enum smtp_state state = SMTP_MORE;
    size_t used;

    smtp_reply_start(reply);
    *used_out = 0;
    while (state == SMTP_MORE && *used_out < n) {
        size_t some = n - *used_out < step ? n - *used_out : step;

        state = smtp_reply_feed(reply, bytes + *used_out, some, &used);
        *used_out += used;
    }
    return state;
}

Test(smtp, replies) {
    static const struct {
        const char *name, *in;
        enum smtp_state state;
        unsigned code;
        size_t left; /* bytes not used */
        const char *text;
    } rows[] = {
        {"one line", "220 hello\r\n", SMTP_DONE, 220, 0, "hello"},
        {"bare newline", "220 hello\n", SMTP_DONE, 220, 0, "hello"},
        {"code only", "250\r\n", SMTP_DONE, 250, 0, ""},
        {"many lines", "250-a\r\n250-b\r\n250 c\r\n", SMTP_DONE, 250, 0, "a\nb\nc"},
        {"more behind it", "220 go\r\n250 injected\r\n", SMTP_DONE, 220, 14, "go"},
        {"not whole", "250-a\r\n250", SMTP_MORE, 250, 0, "a"},
        {"code changes", "250-a\r\n251 b\r\n", SMTP_BAD, 250, 0, "a"},
        {"no code", "hello\r\n", SMTP_BAD, 0, 0, ""},
        {"code too low", "150 x\r\n", SMTP_BAD, 0, 0, ""},
        {"code too high", "650 x\r\n", SMTP_BAD, 0, 0, ""},
        {"short", "25\r\n", SMTP_BAD, 0, 0, ""},
        {"no separator", "2500 x\r\n", SMTP_BAD, 0, 0, ""},
        {"empty line", "\r\n", SMTP_BAD, 0, 0, ""},
    };
    struct smtp_reply *reply = calloc(1, sizeof *reply);

    cr_assert_not_null(reply);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t step = 1; step < 40; step += 6) {
            size_t n = strlen(rows[i].in), used;

            cr_expect_eq(feed(reply, rows[i].in, n, step, &used), rows[i].state, "%s by %zu",
                         rows[i].name, step);
            cr_expect_eq(reply->code, rows[i].code, "%s: %u", rows[i].name, reply->code);
            cr_expect_eq(n - used, rows[i].left, "%s: %zu left", rows[i].name, n - used);
            cr_expect_str_eq(reply->text, rows[i].text, "%s: %s", rows[i].name, reply->text);
        }
    }
    free(reply);
}

Test(smtp, limits) {
    struct smtp_reply *reply = calloc(1, sizeof *reply);
    char *long_line = malloc(SMTP_LINE_MAX + 2);
    char *endless = malloc(200000);
    size_t used, n = 0;

    cr_assert(reply != NULL && long_line != NULL && endless != NULL);
    memset(long_line, 'x', SMTP_LINE_MAX + 1);
    memcpy(long_line, "220 ", 4);
    long_line[SMTP_LINE_MAX] = '\n';
    cr_expect_eq(feed(reply, long_line, SMTP_LINE_MAX + 1, 4096, &used), SMTP_DONE);
    long_line[SMTP_LINE_MAX] = 'x';
    cr_expect_eq(feed(reply, long_line, SMTP_LINE_MAX + 1, 4096, &used), SMTP_BAD);
    cr_expect_eq(feed(reply, "220 a\0b\r\n", 9, 99, &used), SMTP_BAD, "NUL");
    for (int i = 0; i < 101; i++, n += 5)
        memcpy(endless + n, "220-\n", 5);
    cr_expect_eq(feed(reply, endless, n, 7, &used), SMTP_BAD, "101 lines");
    cr_expect_eq(used, 505);
    for (n = 0; n + 1005 < 200000; n += 1005) {
        memset(endless + n, 'x', 1004);
        memcpy(endless + n, "220-", 4);
        endless[n + 1004] = '\n';
    }
    cr_expect_eq(feed(reply, endless, n, 4096, &used), SMTP_BAD, "65536 bytes");
    cr_expect_leq(used, SMTP_REPLY_MAX + 1);
    free(endless);
    free(long_line);
    free(reply);
}

Test(smtp, offer) {
    static const struct {
        const char *in;
        bool starttls;
        const char *mechanisms;
        uint64_t size;
        const char *egress;
    } rows[] = {
        {"250-smtp-relay.gmail.com at your service, [192.0.2.7]\r\n250-SIZE 157286400\r\n"
         "250-STARTTLS\r\n250 SMTPUTF8\r\n",
         true, "", 157286400, "192.0.2.7"},
        {"250-x\r\n250-AUTH LOGIN PLAIN XOAUTH2\r\n250 size 5\r\n", false, "LOGIN PLAIN XOAUTH2", 5,
         ""},
        {"250-x\r\n250 AUTH=PLAIN\r\n", false, "PLAIN", 0, ""},
        {"250-x at your service, [2001:db8::1]\r\n250 auth cram-md5 login\r\n", false,
         "cram-md5 login", 0, "2001:db8::1"},
        {"250-x\r\n250-AUTH PLAIN\r\n250 AUTH=plain LOGIN \x1b[2J\r\n", false, "PLAIN LOGIN", 0,
         ""},
        {"250-x at your service, [evil\x1b]\r\n250-AUTHPLAIN\r\n250 STARTTLSX\r\n", false, "", 0,
         ""},
        {"250-STARTTLS\r\n250 AUTH\r\n", false, "", 0, ""},
        {"250 x\r\n", false, "", 0, ""},
    };
    struct smtp_reply *reply = calloc(1, sizeof *reply);

    cr_assert_not_null(reply);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_offer offer;
        size_t used;

        cr_assert_eq(feed(reply, rows[i].in, strlen(rows[i].in), 99, &used), SMTP_DONE);
        smtp_offer_parse(reply, &offer);
        cr_expect_eq(offer.starttls, rows[i].starttls, "row %zu", i);
        cr_expect_str_eq(offer.mechanisms, rows[i].mechanisms, "row %zu: %s", i, offer.mechanisms);
        cr_expect_eq(offer.size_limit, rows[i].size, "row %zu", i);
        cr_expect_str_eq(offer.egress, rows[i].egress, "row %zu: %s", i, offer.egress);
    }
    free(reply);
}

Test(smtp, enhanced) {
    static const struct {
        const char *text, *want;
    } rows[] = {{"5.7.8 no", "5.7.8"}, {"4.7.0", "4.7.0"},      {"2.0.0 ok", "2.0.0"},
                {"3.7.8 no", ""},      {"5.7 no", ""},          {"5.7. no", ""},
                {"5.7.8.9", ""},       {"5.1234567.12345", ""}, {"hello", ""}};
    struct smtp_reply *reply = calloc(1, sizeof *reply);

    cr_assert_not_null(reply);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[12];

        text_copy(reply->text, sizeof reply->text, rows[i].text);
        smtp_enhanced(reply, out, sizeof out);
        cr_expect_str_eq(out, rows[i].want, "%s: %s", rows[i].text, out);
    }
    free(reply);
}

/* A server out of a table. */
struct server {
    const char *script; /* parts between '|'; one is given for each receive */
    int secured;        /* TLS is up */
    int secure_result;
    char plain[2048]; /* what it got before TLS */
    char safe[4096];  /* and after */
};

static ssize_t server_receive(void *ctx, void *out, size_t size, struct fault *why) {
    struct server *server = ctx;
    size_t n = strcspn(server->script, "|");

    (void)why;
    if (strncmp(server->script, "TIMEOUT", 7) == 0)
        return TALK_TIMEOUT;
    cr_assert_leq(n, size);
    memcpy(out, server->script, n);
    server->script += n + (server->script[n] == '|' ? 1 : 0);
    return (ssize_t)n;
}

static int server_send(void *ctx, const void *data, size_t size, struct fault *why) {
    struct server *server = ctx;
    char *log = server->secured ? server->safe : server->plain;
    size_t at = strlen(log);

    (void)why;
    cr_assert_lt(at + size, server->secured ? sizeof server->safe : sizeof server->plain);
    memcpy(log + at, data, size);
    return 0;
}

static int server_secure(void *ctx, struct fault *why) {
    struct server *server = ctx;

    if (server->secure_result != 0)
        return server->secure_result == TALK_TIMEOUT ? TALK_TIMEOUT : fault_set(why, "no name");
    server->secured = 1;
    return 0;
}

#define HELLO "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|220 go\r\n|"
#define PLAIN HELLO "250-h\r\n250 AUTH PLAIN\r\n|"
#define LOGIN HELLO "250-h\r\n250 AUTH LOGIN\r\n|"
#define PLAIN_LINE "EHLO me\r\nAUTH PLAIN AHUAY2FuYXJ5\r\n"
#define LOGIN_LINE "EHLO me\r\nAUTH LOGIN\r\n"

Test(talk, conversations) {
    static const struct {
        const char *name, *script;
        int secure_result;
        bool implicit, no_auth;
        enum probe_result want;
        unsigned code;
        const char *safe; /* what went through TLS; NULL: not looked at */
    } rows[] = {
        {"plain", PLAIN "235 2.7.0 in\r\n", 0, false, false, PROBE_OK, 235, PLAIN_LINE "QUIT\r\n"},
        {"both: plain first", HELLO "250-h\r\n250 AUTH LOGIN PLAIN\r\n|235 in\r\n", 0, false, false,
         PROBE_OK, 235, PLAIN_LINE "QUIT\r\n"},
        {"login", LOGIN "334 VXNlcm5hbWU6\r\n|334 UGFzc3dvcmQ6\r\n|235 in\r\n", 0, false, false,
         PROBE_OK, 235, LOGIN_LINE "dQ==\r\nY2FuYXJ5\r\nQUIT\r\n"},
        {"implicit", "220 hi\r\n|250-h\r\n250 AUTH PLAIN\r\n|235 in\r\n", 0, true, false, PROBE_OK,
         235, PLAIN_LINE "QUIT\r\n"},
        {"without login", HELLO "250 h\r\n", 0, false, true, PROBE_OK, 250, "EHLO me\r\nQUIT\r\n"},
        {"535", PLAIN "535-5.7.8 no\r\n535 5.7.8 really\r\n", 0, false, false, PROBE_REFUSED, 535,
         PLAIN_LINE},
        {"534", PLAIN "534 5.7.9 app password\r\n", 0, false, false, PROBE_REFUSED, 534, NULL},
        {"550", PLAIN "550 5.7.1 no\r\n", 0, false, false, PROBE_REFUSED, 550, NULL},
        {"454", PLAIN "454 4.7.0 later\r\n", 0, false, false, PROBE_TEMPORARY, 454, NULL},
        {"421", PLAIN "421 4.7.0 later\r\n", 0, false, false, PROBE_TEMPORARY, 421, NULL},
        {"503 is not about the login", PLAIN "503 order\r\n", 0, false, false, PROBE_PROTOCOL, 503,
         NULL},
        {"success too soon", LOGIN "235 in\r\n", 0, false, false, PROBE_PROTOCOL, 235, LOGIN_LINE},
        {"asks for ever", LOGIN "334 VXNlcm5hbWU6\r\n|334 UGFzc3dvcmQ6\r\n|334 UGFzc3dvcmQ6\r\n", 0,
         false, false, PROBE_PROTOCOL, 334, NULL},
        {"asks after plain", PLAIN "334 \r\n|235 in\r\n", 0, false, false, PROBE_PROTOCOL, 334,
         PLAIN_LINE},
        {"challenge no base64", LOGIN "334 !!!!\r\n", 0, false, false, PROBE_PROTOCOL, 334,
         LOGIN_LINE},
        {"only others", HELLO "250-h\r\n250 AUTH X-OWN ANONYMOUS\r\n", 0, false, false,
         PROBE_NO_MECHANISM, 250, "EHLO me\r\n"},
        {"no login offered", HELLO "250 h\r\n", 0, false, false, PROBE_NO_MECHANISM, 250, NULL},
        {"login offered before TLS only",
         "220 hi\r\n|250-h\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n|220 go\r\n|250 h\r\n", 0, false,
         false, PROBE_NO_MECHANISM, 250, "EHLO me\r\n"},
        {"stripped", "220 hi\r\n|250-h\r\n250 AUTH PLAIN\r\n", 0, false, false, PROBE_TLS, 250, ""},
        {"454 to STARTTLS", "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|454 no\r\n", 0, false, false,
         PROBE_TEMPORARY, 454, ""},
        {"502 to STARTTLS", "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|502 no\r\n", 0, false, false,
         PROBE_TLS, 502, ""},
        {"injected", "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|220 go\r\n250 AUTH PLAIN\r\n", 0, false,
         false, PROBE_TLS, 220, ""},
        {"certificate", HELLO, -1, false, false, PROBE_TLS, 220, ""},
        {"hung handshake", HELLO, TALK_TIMEOUT, false, false, PROBE_TIMEOUT, 220, ""},
        {"greets twice", "220 hi\r\n220 hi\r\n", 0, false, false, PROBE_PROTOCOL, 220, ""},
        {"no greeting", "TIMEOUT", 0, false, false, PROBE_TIMEOUT, 0, ""},
        {"closed", "", 0, false, false, PROBE_UNREACHABLE, 0, ""},
        {"554 greeting", "554 no\r\n", 0, false, false, PROBE_PROTOCOL, 554, ""},
        {"421 greeting", "421 later\r\n", 0, false, false, PROBE_TEMPORARY, 421, ""},
        {"not SMTP", "SSH-2.0-x\r\n", 0, false, false, PROBE_PROTOCOL, 0, ""},
        {"EHLO refused", "220 hi\r\n|550 who\r\n", 0, false, false, PROBE_PROTOCOL, 550, ""},
        {"421 to EHLO", "220 hi\r\n|421-4.7.0 bad name\r\n421 4.7.0 x\r\n", 0, false, false,
         PROBE_TEMPORARY, 421, ""},
        /* A connection that ends, or hangs, at each step. */
        {"closed before EHLO's reply", "220 hi\r\n|", 0, false, false, PROBE_UNREACHABLE, 220, ""},
        {"closed within EHLO's reply", "220 hi\r\n|250-h\r\n|", 0, false, false, PROBE_UNREACHABLE,
         220, ""},
        {"closed at STARTTLS", "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|", 0, false, false,
         PROBE_UNREACHABLE, 250, ""},
        {"closed after TLS", HELLO, 0, false, false, PROBE_UNREACHABLE, 220, "EHLO me\r\n"},
        {"closed at AUTH", PLAIN, 0, false, false, PROBE_UNREACHABLE, 250, PLAIN_LINE},
        {"closed at the first challenge", LOGIN, 0, false, false, PROBE_UNREACHABLE, 250,
         LOGIN_LINE},
        {"closed at the password", LOGIN "334 VXNlcm5hbWU6\r\n|", 0, false, false,
         PROBE_UNREACHABLE, 334, LOGIN_LINE "dQ==\r\n"},
        {"hangs at EHLO", "220 hi\r\n|TIMEOUT", 0, false, false, PROBE_TIMEOUT, 220, ""},
        {"hangs within a reply", "220 hi\r\n|250-h\r\n250-STARTTLS\r\n|TIMEOUT", 0, false, false,
         PROBE_TIMEOUT, 220, ""},
        {"hangs at STARTTLS", "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|TIMEOUT", 0, false, false,
         PROBE_TIMEOUT, 250, ""},
        {"hangs at AUTH", PLAIN "TIMEOUT", 0, false, false, PROBE_TIMEOUT, 250, PLAIN_LINE},
        /* Injection and stripping, as in Poddebniak et al., NO STARTTLS, 2021. */
        {"a reply to EHLO before it", "220 hi\r\n250-h\r\n250 AUTH PLAIN\r\n", 0, false, false,
         PROBE_PROTOCOL, 220, ""},
        {"a reply to STARTTLS before it", "220 hi\r\n|250-h\r\n250 STARTTLS\r\n220 go\r\n", 0,
         false, false, PROBE_PROTOCOL, 250, ""},
        {"half a reply injected", "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|220 go\r\n2", 0, false,
         false, PROBE_TLS, 220, ""},
        {"a bare newline injected", "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|220 go\r\n\n", 0, false,
         false, PROBE_TLS, 220, ""},
        {"STARTTLS in lines of 220",
         "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|220-go\r\n220 on\r\n|"
         "250-h\r\n250 AUTH PLAIN\r\n|235 in\r\n",
         0, false, false, PROBE_OK, 235, PLAIN_LINE "QUIT\r\n"},
        {"250 to STARTTLS", "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|250 go\r\n", 0, false, false,
         PROBE_TLS, 250, ""},
        {"334 to STARTTLS", "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|334 \r\n", 0, false, false,
         PROBE_TLS, 334, ""},
        {"235 to STARTTLS", "220 hi\r\n|250-h\r\n250 STARTTLS\r\n|235 in\r\n", 0, false, false,
         PROBE_TLS, 235, ""},
        {"STARTTLS on the greeting line", "220 hi\r\n|250 STARTTLS\r\n", 0, false, false, PROBE_TLS,
         250, ""},
        {"235 as a greeting", "235 in\r\n", 0, false, false, PROBE_PROTOCOL, 235, ""},
        {"334 as a greeting", "334 VXNlcm5hbWU6\r\n", 0, false, false, PROBE_PROTOCOL, 334, ""},
        {"220 to EHLO", "220 hi\r\n|220 STARTTLS\r\n", 0, false, false, PROBE_PROTOCOL, 220, ""},
        {"334 to EHLO", "220 hi\r\n|334 Q2FuYXJ5\r\n", 0, false, false, PROBE_PROTOCOL, 334, ""},
        {"STARTTLS again within TLS",
         HELLO "250-h\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n|235 in\r\n", 0, false, false, PROBE_OK,
         235, PLAIN_LINE "QUIT\r\n"},
        {"the second EHLO refused", HELLO "503 twice\r\n", 0, false, false, PROBE_PROTOCOL, 503,
         "EHLO me\r\n"},
        {"a code that changes in the offer", "220 hi\r\n|250-h\r\n220 STARTTLS\r\n", 0, false,
         false, PROBE_PROTOCOL, 220, ""},
        {"implicit: login offered and asked in one",
         "220 hi\r\n|250-h\r\n250 AUTH LOGIN\r\n"
         "334 VXNlcm5hbWU6\r\n",
         0, true, false, PROBE_PROTOCOL, 250, "EHLO me\r\n"},
        /* Replies to the login that are no verdict about it, or no reply to it. */
        {"250 to AUTH", PLAIN "250 ok\r\n", 0, false, false, PROBE_PROTOCOL, 250, PLAIN_LINE},
        {"235 and more", PLAIN "235 in\r\n250 bye\r\n", 0, false, false, PROBE_OK, 235,
         PLAIN_LINE "QUIT\r\n"},
        {"530 to AUTH", PLAIN "530 5.7.0 STARTTLS first\r\n", 0, false, false, PROBE_TLS, 530,
         PLAIN_LINE},
        {"504 to AUTH", PLAIN "504 5.5.4 mechanism\r\n", 0, false, false, PROBE_NO_MECHANISM, 504,
         PLAIN_LINE},
        {"432 to AUTH", PLAIN "432 4.7.12 transition\r\n", 0, false, false, PROBE_NO_MECHANISM, 432,
         PLAIN_LINE},
        {"the password asked first", LOGIN "334 UGFzc3dvcmQ6\r\n|535 no\r\n", 0, false, false,
         PROBE_REFUSED, 535, NULL},
        {"two challenges at once", LOGIN "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n", 0, false,
         false, PROBE_PROTOCOL, 334, LOGIN_LINE},
        {"a verdict before the password", LOGIN "334 VXNlcm5hbWU6\r\n|535 5.7.8 no\r\n", 0, false,
         false, PROBE_REFUSED, 535, LOGIN_LINE "dQ==\r\n"},
        {"an escape sequence", PLAIN "535 5.7.8 \x1b[2J\xff\r\n", 0, false, false, PROBE_REFUSED,
         535, PLAIN_LINE},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct server server = {.script = rows[i].script, .secure_result = rows[i].secure_result};
        const struct talk_way way = {&server, server_receive, server_send, server_secure};
        struct probe_request request = {.host = "h",
                                        .helo = "me",
                                        .user = "u",
                                        .secret = "canary",
                                        .implicit_tls = rows[i].implicit,
                                        .auth = !rows[i].no_auth};
        struct probe_verdict verdict = {0};

        talk_run(&way, &request, &verdict);
        cr_expect_eq(verdict.result, rows[i].want, "%s: result %u, %s", rows[i].name,
                     verdict.result, verdict.text);
        cr_expect_eq(verdict.smtp_code, rows[i].code, "%s: %u", rows[i].name, verdict.smtp_code);
        if (rows[i].safe != NULL)
            cr_expect_str_eq(server.safe, rows[i].safe, "%s: %s", rows[i].name, server.safe);
        cr_expect_null(strstr(server.plain, "AUTH"), "%s: login in the clear", rows[i].name);
        cr_expect_null(strstr(server.plain, "Y2FuYXJ5"), "%s", rows[i].name);
        cr_expect_null(strstr(verdict.text, "canary"), "%s", rows[i].name);
    }
}

/* XOAUTH2 as the plugins for it speak it (their packages are not everywhere): the password is the
 * token. */
static int bearer_new(void *glob, sasl_client_params_t *params, void **out) {
    static char line[128];

    (void)glob;
    (void)params;
    *out = line;
    return SASL_OK;
}

static int bearer_step(void *ctx, sasl_client_params_t *params, const char *in, unsigned in_n,
                       sasl_interact_t **need, const char **out, unsigned *out_n,
                       sasl_out_params_t *result) {
    int (*simple)(void) = NULL, (*secret)(void) = NULL;
    void *name_ctx, *secret_ctx;
    const char *name;
    sasl_secret_t *token;
    unsigned n;

    (void)in, (void)in_n, (void)need;
    params->utils->getcallback(params->utils->conn, SASL_CB_AUTHNAME, &simple, &name_ctx);
    params->utils->getcallback(params->utils->conn, SASL_CB_PASS, &secret, &secret_ctx);
    ((sasl_getsimple_t *)(void *)simple)(name_ctx, SASL_CB_AUTHNAME, &name, &n);
    ((sasl_getsecret_t *)(void *)secret)(params->utils->conn, secret_ctx, SASL_CB_PASS, &token);
    params->canon_user(params->utils->conn, name, n, SASL_CU_AUTHID | SASL_CU_AUTHZID, result);
    text_format(ctx, 128, "user=%s\1auth=Bearer %.*s\1\1", name, (int)token->len, token->data);
    *out = ctx;
    *out_n = (unsigned)strlen(ctx);
    return SASL_OK;
}

static int bearer_init(const sasl_utils_t *utils, int most, int *version, sasl_client_plug_t **list,
                       int *count) {
    static sasl_client_plug_t plugin = {.mech_name = "XOAUTH2",
                                        .security_flags =
                                            SASL_SEC_NOANONYMOUS | SASL_SEC_PASS_CREDENTIALS,
                                        .features = SASL_FEAT_WANT_CLIENT_FIRST,
                                        .mech_new = bearer_new,
                                        .mech_step = bearer_step};

    (void)utils, (void)most;
    *version = SASL_CLIENT_PLUG_VERSION;
    *list = &plugin;
    *count = 1;
    return SASL_OK;
}

/* main.cf rules mechanisms in and out, and libsasl2 chooses among the rest, as for smtp(8). */
Test(talk, mechanisms) {
    static const struct {
        const char *name, *offered, *filter;
        uint32_t forbid;
        const char *rest; /* of the script, after EHLO */
        enum probe_result want;
        const char *mechanism, *safe;
    } rows[] = {
        {"no filter", "LOGIN PLAIN", "", 0, "235 in\r\n", PROBE_OK, "PLAIN",
         "PLAIN AHUAY2FuYXJ5\r\n"},
        {"a filter", "LOGIN PLAIN", "login", 0, "535 no\r\n", PROBE_REFUSED, "LOGIN", "LOGIN\r\n"},
        {"a filter that lets nothing pass", "LOGIN PLAIN", "xoauth2", 0, "", PROBE_NO_MECHANISM, "",
         NULL},
        {"no plaintext: none is left", "LOGIN PLAIN", "", PROBE_NO_PLAINTEXT, "",
         PROBE_NO_MECHANISM, "", NULL},
        {"no plaintext: another", "PLAIN CRAM-MD5 LOGIN", "", PROBE_NO_PLAINTEXT,
         "334 PDEuMkBoPg==\r\n|235 in\r\n", PROBE_OK, "CRAM-MD5",
         "CRAM-MD5\r\ndSA4ZDhhYjg0Mzc3NzM4YTg2NTdiZWU1YmFkYThjMjllMg==\r\n"},
        {"a token", "PLAIN XOAUTH2", "xoauth2", 0, "235 in\r\n", PROBE_OK, "XOAUTH2",
         "XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIGNhbmFyeQEB\r\n"},
        {"a token that ended", "XOAUTH2", "", 0,
         "334 eyJzdGF0dXMiOiI0MDAifQ==\r\n|535 5.7.8 no\r\n", PROBE_REFUSED, "XOAUTH2",
         "XOAUTH2 dXNlcj11AWF1dGg9QmVhcmVyIGNhbmFyeQEB\r\n\r\n"},
        {"a token that ended and is good", "XOAUTH2", "", 0,
         "334 eyJzdGF0dXMiOiI0MDAifQ==\r\n|235 in\r\n", PROBE_PROTOCOL, "XOAUTH2", NULL},
        {"errors for ever", "XOAUTH2", "", 0,
         "334 eyJ9\r\n|334 eyJ9\r\n|334 eyJ9\r\n|334 eyJ9\r\n|334 eyJ9\r\n|334 eyJ9\r\n|",
         PROBE_PROTOCOL, "XOAUTH2", NULL},
    };

    cr_assert_eq(sasl_client_init(NULL), SASL_OK);
    cr_assert_eq(sasl_client_add_plugin("xoauth2", bearer_init), SASL_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char script[512];
        struct server server = {.script = script};
        const struct talk_way way = {&server, server_receive, server_send, server_secure};
        struct probe_request request = {.host = "h",
                                        .helo = "me",
                                        .user = "u",
                                        .secret = "canary",
                                        .auth = 1,
                                        .forbid = rows[i].forbid};
        struct probe_verdict verdict = {0};
        char want[256];

        text_copy(request.mechanisms, sizeof request.mechanisms, rows[i].filter);
        text_format(script, sizeof script, HELLO "250-h\r\n250 AUTH %s\r\n|%s", rows[i].offered,
                    rows[i].rest);
        talk_run(&way, &request, &verdict);
        cr_expect_eq(verdict.result, rows[i].want, "%s: result %u, %s", rows[i].name,
                     verdict.result, verdict.text);
        cr_expect_str_eq(verdict.mechanism, rows[i].mechanism, "%s: %s", rows[i].name,
                         verdict.mechanism);
        if (rows[i].safe == NULL)
            continue;
        text_format(want, sizeof want, "EHLO me\r\nAUTH %s%s", rows[i].safe,
                    rows[i].want == PROBE_OK ? "QUIT\r\n" : "");
        cr_expect_str_eq(server.safe, want, "%s: %s", rows[i].name, server.safe);
    }
    sasl_client_done();
}
