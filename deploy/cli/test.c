/* `relaywatch test`: sends one message through the relay and follows it in the log to its end. */
#include "cli.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"
#include "xmem.h"
#include "diagnose.h"
#include "fixtext.h"
#include "here.h"
#include "health.h"
#include "logline.h"
#include "json.h"
#include "loop.h"
#include "logsources.h"
#include "sdjournal.h"
#include "sources.h"

enum { SMTP_TIMEOUT_S = 15, REPLY_BYTES = 2048, GRACE_MS = 300, TIMEOUT_MOST_S = 86400 };

enum outcome { UNDER_WAY, DELIVERED, RETURNED, LOST };

struct follow {
    struct loop *loop;
    struct diagnoser *diagnoser;
    struct logline_clock clock;
    char queue_id[32];
    int64_t began_ms; /* monotonic */
    enum outcome outcome;
    bool deferred;
    bool seen; /* the log told something of it */
    enum diagnosis diagnosis;
    struct fixtext_place place;
    uint32_t tls_pid;
    char tls[160];
    uint32_t cause_pid; /* of smtp(8), in a line of no message: why TLS fails */
    enum diagnosis cause;
    struct json_t *events; /* NULL: print for people */
    struct loop_timer *end;
};

/* One step of the message's way. */
static void say(struct follow *f, const char *what, const char *text) {
    double elapsed = (double)(clock_mono_ms() - f->began_ms) / 1000;

    if (f->events != NULL) {
        struct json_t *event = json_make_object();

        json_put_real(event, "seconds", elapsed);
        json_put_text(event, "event", what);
        json_put_text(event, "text", text);
        json_add(f->events, event);
        return;
    }
    printf("%8.2f s  %-10s %s\n", elapsed, what, text);
    fflush(stdout);
}

/* ---- the message goes in ---- */

static int connect_to(const char *endpoint, struct fault *why) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct timeval limit = {.tv_sec = SMTP_TIMEOUT_S};
    struct addrinfo *found = NULL;
    char host[256], port[8];
    int fd = -1;
    int error;

    if (!text_endpoint(endpoint, host, sizeof host, port, sizeof port))
        return fault_set(why, "%s: not of the form host:port", endpoint);
    error = getaddrinfo(host, port, &hints, &found);
    if (error != 0)
        return fault_set(why, "%s: %s", host, gai_strerror(error));
    for (const struct addrinfo *a = found; a != NULL && fd == -1; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd == -1)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (connect(fd, a->ai_addr, a->ai_addrlen) == -1) {
            fault_errno(why, "connect to %s", endpoint);
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

/* Reads one reply, also of several lines (RFC 5321 section 4.2.1), into `reply`. Returns its code,
 * or -1. */
static int read_reply(FILE *in, char *reply, struct fault *why) {
    uint64_t code;

    do {
        if (fgets(reply, REPLY_BYTES, in) == NULL)
            return fault_set(why, "the relay closed the connection or did not answer in %d s",
                             SMTP_TIMEOUT_S);
        reply[strcspn(reply, "\r\n")] = '\0';
        if (strlen(reply) < 3 || !text_u64((struct span){reply, 3}, 200, 599, &code))
            return fault_set(why, "the relay answered no SMTP: %.100s", reply);
    } while (reply[3] == '-');
    return (int)code;
}

static int dialogue(FILE *in, FILE *out, const char *command, int want, char *reply,
                    struct fault *why) {
    int code;

    if (command != NULL && (fprintf(out, "%s\r\n", command) < 0 || fflush(out) != 0))
        return fault_errno(why, "send");
    code = read_reply(in, reply, why);
    if (code == -1)
        return -1;
    if (code / 100 != want)
        return fault_set(why, "the relay refused %s: %.250s",
                         command == NULL ? "the connection" : command, reply);
    return 0;
}

struct letter {
    const char *from, *to, *subject, *server;
    const struct conf *conf;
    struct logsources logs;
};

static void write_letter(FILE *out, const struct letter *letter) {
    time_t now = time(NULL);
    char date[64];
    struct tm tm;

    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S %z", localtime_r(&now, &tm));
    fprintf(out,
            "From: <%s>\r\nTo: <%s>\r\nSubject: %s\r\nDate: %s\r\n"
            "Message-ID: <relaywatch-test.%lld.%ld@%s>\r\nAuto-Submitted: auto-generated\r\n\r\n"
            "This is a test of the mail relay on %s, sent by `relaywatch test`.\r\n",
            letter->from, letter->to, letter->subject, date, (long long)clock_wall_ms(),
            (long)getpid(), letter->conf->host, letter->conf->host);
}

/* "250 2.0.0 Ok: queued as 4f8Kyn1Pz9z2Q" (smtpd(8)) */
static int take_queue_id(struct follow *f, const char *reply, struct fault *why) {
    const char *found = strstr(reply, "queued as ");

    if (found == NULL || !text_copy(f->queue_id, sizeof f->queue_id, found + strlen("queued as ")))
        return fault_set(why, "the relay took the message but told no queue id: %.200s", reply);
    return 0;
}

static int submit_on(struct follow *f, FILE *in, FILE *out, const struct letter *letter,
                     struct fault *why) {
    char reply[REPLY_BYTES];
    char command[600];

    if (dialogue(in, out, NULL, 2, reply, why) == -1)
        return -1;
    say(f, "connected", letter->server);
    text_format(command, sizeof command, "EHLO %s", letter->conf->host);
    if (dialogue(in, out, command, 2, reply, why) == -1)
        return -1;
    text_format(command, sizeof command, "MAIL FROM:<%s>", letter->from);
    if (dialogue(in, out, command, 2, reply, why) == -1)
        return -1;
    text_format(command, sizeof command, "RCPT TO:<%s>", letter->to);
    if (dialogue(in, out, command, 2, reply, why) == -1 ||
        dialogue(in, out, "DATA", 3, reply, why) == -1)
        return -1;
    write_letter(out, letter);
    if (dialogue(in, out, ".", 2, reply, why) == -1)
        return -1;
    say(f, "accepted", reply);
    fputs("QUIT\r\n", out);
    fflush(out);
    return take_queue_id(f, reply, why);
}

static int submit(struct follow *f, const struct letter *letter, struct fault *why) {
    int fd = connect_to(letter->server, why);
    FILE *in;
    FILE *out;
    int failed;

    if (fd == -1)
        return -1;
    in = fdopen(fd, "r");
    out = fdopen(dup(fd), "w");
    if (in == NULL || out == NULL)
        return fault_errno(why, "streams");
    failed = submit_on(f, in, out, letter, why);
    fclose(in);
    fclose(out);
    return failed;
}

/* ---- the message is followed ---- */

static void say_delivery(struct follow *f, const struct mailev *ev) {
    static const char *const words[] = {"", "delivered", "put off", "returned", "expired", "other"};
    char text[700], said[512];

    text_copy_printable(said, sizeof said, ev->text);
    text_format(text, sizeof text, "%s[%.*s]:%u  %s", "", (int)ev->relay_ip.n, ev->relay_ip.p,
                ev->relay_port, said);
    if (ev->relay_ip.n == 0)
        text_copy(text, sizeof text, said);
    if (ev->pid == f->tls_pid && f->tls[0] != '\0')
        say(f, "tls", f->tls);
    say(f, words[ev->status], text);
}

static void note(struct follow *f, const struct mailev *ev) {
    char text[96];

    switch (ev->kind) {
    case MAILEV_QUEUED:
        text_format(text, sizeof text, "%llu bytes, %u recipient%s",
                    (unsigned long long)ev->size_bytes, ev->recipients,
                    ev->recipients == 1 ? "" : "s");
        say(f, "queued", text);
        break;
    case MAILEV_DELIVERY:
        say_delivery(f, ev);
        f->diagnosis = ev->diagnosis;
        f->deferred = ev->status == MAILEV_STATUS_DEFERRED;
        if (ev->status == MAILEV_STATUS_SENT)
            f->outcome = DELIVERED;
        else if (ev->status == MAILEV_STATUS_BOUNCED)
            f->outcome = RETURNED;
        break;
    case MAILEV_EXPIRED:
        f->outcome = RETURNED;
        break;
    case MAILEV_REMOVED:
        say(f, "removed", "from the queue");
        if (f->outcome == UNDER_WAY)
            f->outcome = LOST;
        loop_stop(f->loop);
        break;
    default:
        break;
    }
    if (f->outcome == DELIVERED || f->outcome == RETURNED)
        loop_timer_set(f->end, GRACE_MS); /* "removed" follows at once; do not wait for it long */
}

static void on_line(struct span line, void *arg) {
    struct follow *f = arg;
    struct mailev ev;

    logline_parse(line, &f->clock, &ev);
    if (ev.kind == MAILEV_TLS && ev.tls_trust.n > 0) {
        f->tls_pid = ev.pid;
        text_format(f->tls, sizeof f->tls, "%.*s %.*s %.*s", (int)ev.tls_trust.n, ev.tls_trust.p,
                    (int)ev.tls_version.n, ev.tls_version.p, (int)ev.tls_cipher.n, ev.tls_cipher.p);
    }
    if (ev.queue_id.n > 0 && !span_is(ev.queue_id, f->queue_id))
        return;
    ev.diagnosis = diagnose_event(f->diagnoser, &ev);
    if (ev.queue_id.n == 0) {
        if (health_area(ev.diagnosis) == AREA_TLS) {
            f->cause_pid = ev.pid;
            f->cause = ev.diagnosis;
        }
        return;
    }
    /* That it is not verified is all that is said of the message; why stands in a line before. */
    if (ev.diagnosis == DIAGNOSIS_T04_CERT_UNTRUSTED && f->cause_pid == ev.pid)
        ev.diagnosis = f->cause;
    f->seen = true;
    note(f, &ev);
}

static void on_nothing(void *arg) {
    (void)arg;
}

static void on_event(const char *source, const char *what, const char *detail, void *arg) {
    (void)source;
    (void)what;
    (void)detail;
    (void)arg;
}

static void on_end(void *arg) {
    struct follow *f = arg;

    loop_stop(f->loop);
}

static void say_diagnosis(enum diagnosis d, const struct fixtext_place *place) {
    const struct diagnosis_entry *e = diagnosis_entry(d);
    char fix[400];

    if (d == DIAGNOSIS_NONE)
        return;
    printf("\n  %s %s: %s\n  who   %s\n  why   %s\n", e->id, e->name, e->title, e->who, e->why);
    for (int i = 0; i < DIAGNOSIS_FIXES && e->fix[i] != NULL; i++) {
        fixtext_fit(fix, sizeof fix, e->fix[i], place);
        printf("  %s  %s\n", i == 0 ? "do  " : "    ", fix);
    }
}

static const char *outcome_word(const struct follow *f) {
    static const char *const words[] = {"queued", "delivered", "returned", "lost"};

    if (f->outcome == UNDER_WAY && !f->seen)
        return "unknown";
    return f->outcome == UNDER_WAY && f->deferred ? "deferred" : words[f->outcome];
}

static void report(const struct follow *f, const char *problem) {
    double elapsed = (double)(clock_mono_ms() - f->began_ms) / 1000;
    struct json_t *doc;
    char *text;

    if (f->events == NULL) {
        if (problem[0] != '\0')
            printf("FAILED after %.2f s: %s\n", elapsed, problem);
        else if (f->outcome == DELIVERED)
            printf("OK: the smarthost took the message, %.2f s\n", elapsed);
        else if (!f->seen)
            printf("NOT SEEN to its end after %.0f s: %s has no line about message %s; see %s\n",
                   elapsed, f->place.mail_log, f->queue_id, "postqueue -p");
        else
            printf("NOT DELIVERED after %.0f s: message %s is %s\n", elapsed, f->queue_id,
                   f->outcome == UNDER_WAY ? "still in the queue, safe" : outcome_word(f));
        if (f->outcome != DELIVERED)
            say_diagnosis(f->diagnosis, &f->place);
        return;
    }
    doc = json_make_object();
    json_put_text(doc, "queue_id", f->queue_id[0] != '\0' ? f->queue_id : NULL);
    json_put_text(doc, "outcome", problem[0] != '\0' ? "failed" : outcome_word(f));
    json_put_text(doc, "error", problem[0] != '\0' ? problem : NULL);
    json_put_text(doc, "diagnosis",
                  f->diagnosis != DIAGNOSIS_NONE ? diagnosis_entry(f->diagnosis)->name : NULL);
    json_put_real(doc, "seconds", elapsed);
    json_put(doc, "events", f->events);
    text = json_print(doc, true);
    puts(text);
    free(text);
    json_release(&doc);
}

static void follow(struct follow *f, const struct letter *letter, uint64_t timeout_s) {
    const struct sources_calls calls = {
        .on_line = on_line, .on_batch = on_nothing, .on_event = on_event, .arg = f};
    const struct hash_key no_key = {{0, 0}};
    struct sources *sources = sources_new(f->loop, &letter->logs, &no_key, &calls);
    struct fault why = {.text = ""};

    sources_start(sources, "", false);
    if (submit(f, letter, &why) == 0) {
        loop_timer_set(f->end, (int64_t)timeout_s * 1000);
        loop_run(f->loop);
        why.text[0] = '\0';
    }
    report(f, why.text);
    sources_free(&sources);
}

static enum sdjournal_access look_at(const struct logsource *log, char *detail, size_t size) {
    if (log->is_journal)
        return sdjournal_look(logsource_path(log), detail, size);
    if (access(log->name, R_OK) == 0)
        return SDJOURNAL_READABLE;
    text_copy(detail, size, strerror(errno));
    return errno == EACCES ? SDJOURNAL_FORBIDDEN : SDJOURNAL_NO_FILES;
}

/* A message whose lines cannot be read could not be followed. */
static int check_logs(const struct logsources *logs) {
    enum sdjournal_access found = SDJOURNAL_NO_FILES;
    char detail[160] = "";

    for (size_t i = 0; i < logs->count && found != SDJOURNAL_READABLE; i++)
        found = look_at(&logs->item[i], detail, sizeof detail);
    if (found == SDJOURNAL_READABLE)
        return 0;
    fprintf(stderr, "relaywatch test: %s: %s: the message could not be followed. Run it as root.\n",
            logs->item[logs->count - 1].name, detail);
    return found == SDJOURNAL_FORBIDDEN ? EX_NOPERM : EX_NOINPUT;
}

/* Of printable ASCII: nothing in it ends a line of SMTP or of the head. */
static bool is_address(const char *text) {
    for (const char *p = text; *p != '\0'; p++) {
        if (*p <= ' ' || *p == '<' || *p == '>' || *p == 0x7f)
            return false;
    }
    return text[0] != '\0' && strlen(text) < 255;
}

static bool is_subject(const char *text) {
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < ' ' || *p == 0x7f)
            return false;
    }
    return strlen(text) <= 200;
}

static int usage(const char *option, const char *right) {
    fprintf(stderr, "relaywatch test: %s: give %s\n", option, right);
    return EX_USAGE;
}

static int check_options(const struct letter *letter, const char *timeout,
                         uint64_t *timeout_s_out) {
    char host[256], port[8];

    if (letter->to == NULL || !is_address(letter->to))
        return usage("--recipient", "an address, as in --recipient me@example.com");
    if (letter->from != NULL && letter->from[0] != '\0' && !is_address(letter->from))
        return usage("--from", "an address, or '' for the null sender");
    if (!is_subject(letter->subject))
        return usage("--subject", "one line of up to 200 characters of ASCII");
    if (letter->server != NULL &&
        !text_endpoint(letter->server, host, sizeof host, port, sizeof port))
        return usage("--server", "HOST:PORT, as in --server 127.0.0.1:25");
    if (!text_seconds(span_of(timeout), timeout_s_out) || *timeout_s_out < 1 ||
        *timeout_s_out > TIMEOUT_MOST_S)
        return usage("--timeout", "a time from 1s to 1d, as in --timeout 5m");
    return 0;
}

static int run(int argc, char **argv, const char *conf_path) {
    struct letter letter = {.subject = "relaywatch test"};
    const char *timeout = "60";
    bool as_json = false;
    const struct cli_option options[] = {
        {"--recipient", &letter.to, NULL},    {"--from", &letter.from, NULL},
        {"--subject", &letter.subject, NULL}, {"--server", &letter.server, NULL},
        {"--timeout", &timeout, NULL},        {"--json", NULL, &as_json}};
    struct follow f = {.diagnosis = DIAGNOSIS_NONE};
    char from[300];
    uint64_t timeout_s;
    struct here here;
    struct conf conf;
    struct fault why;
    int status;

    if (!cli_only_options(&command_test, argc, argv, options, 6))
        return EX_USAGE;
    status = check_options(&letter, timeout, &timeout_s);
    if (status == 0)
        status = cli_load_conf(conf_path, &conf);
    if (status == 0)
        status = cli_parse_logs(&conf, &letter.logs);
    if (status == 0)
        status = check_logs(&letter.logs);
    if (status != 0)
        return status;
    if (letter.from == NULL) {
        text_format(from, sizeof from, "relaywatch@%s", conf.host);
        letter.from = from;
    }
    if (letter.server == NULL)
        letter.server = conf.submit;
    letter.conf = &conf;
    here_find(&here, &conf, conf_path, &letter.logs);
    f.place = here.place;
    f.loop = loop_new(&why);
    f.diagnoser = diagnoser_new();
    logline_clock_init(&f.clock);
    f.clock.now_ms = clock_wall_ms();
    f.began_ms = clock_mono_ms();
    f.end = loop_timer_new(f.loop, on_end, &f);
    f.events = as_json ? json_make_array() : NULL;
    follow(&f, &letter, timeout_s);
    loop_timer_free(&f.end);
    diagnoser_free(&f.diagnoser);
    loop_free(&f.loop);
    return f.outcome == DELIVERED ? 0 : 1;
}

const struct command command_test = {
    .name = "test",
    .summary = "send a message through the relay and follow it to its end",
    .help = "usage: relaywatch test --recipient ADDRESS [OPTION ...]\n"
            "Sends one message and shows, with times, how it is accepted, queued, tried and\n"
            "delivered, or why not.\n"
            "  --from ADDRESS      envelope sender; default relaywatch@HOST, '' for none\n"
            "  --subject TEXT      default \"relaywatch test\"\n"
            "  --server HOST:PORT  where to send, default `submit` of the configuration\n"
            "  --timeout TIME      how long to follow it, default 60 (seconds, or 5m)\n"
            "  --json\n"
            "Exit status: 0 delivered to the smarthost, 1 not. Needs to read the mail log:\n"
            "run it as root.\n"
            "Example: relaywatch test --recipient me@example.com\n",
    .run = run,
};
