/* relaywatch-probe: does this login work? One struct probe_request on stdin, one struct
 * probe_verdict on stdout, at most 25 seconds, no privileges. It talks to what may be a hostile
 * server and holds a secret meanwhile: so it is a program of its own and lives for one question. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "dial.h"
#include "file.h"
#include "log.h"
#include "probeq.h"
#include "sasl.h"
#include "talk.h"
#include "text.h"
#include "tls.h"
#include "xmem.h"

enum { LIMIT_S = 25, DEADLINE_MS = 24000 };

struct line {
    const struct probe_request *request;
    struct probe_verdict *verdict;
    int64_t deadline_ms;
    int fd;
    struct tls *tls; /* NULL: plain */
};

/* What the alarm gives out. The alarm is for what knows no deadline: the look-up of the name. */
static struct probe_verdict too_late;

static void on_alarm(int signal_number) {
    (void)signal_number;
    if (write(STDOUT_FILENO, &too_late, sizeof too_late) != (ssize_t)sizeof too_late)
        _exit(EX_IOERR);
    _exit(EX_OK);
}

static void set_alarm(void) {
    struct sigaction action = {.sa_handler = on_alarm};

    too_late.version = PROBEQ_VERSION;
    too_late.result = PROBE_TIMEOUT;
    too_late.elapsed_ms = LIMIT_S * 1000;
    text_copy(too_late.text, sizeof too_late.text, "not finished within 25 seconds");
    sigaction(SIGALRM, &action, NULL);
    alarm(LIMIT_S);
}

static bool is_text(const char *text, size_t size) {
    size_t n = strnlen(text, size);

    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    }
    return n < size;
}

static bool is_name(const char *text, size_t size) {
    return is_text(text, size) && text[0] != '\0' && strchr(text, ' ') == NULL;
}

/* Exactly one request, or false. */
static bool read_request(struct probe_request *request) {
    size_t have = 0;
    ssize_t n;
    char more;

    while (have < sizeof *request &&
           (n = read(STDIN_FILENO, (char *)request + have, sizeof *request - have)) > 0)
        have += (size_t)n;
    return have == sizeof *request && read(STDIN_FILENO, &more, 1) == 0 &&
           request->version == PROBEQ_VERSION && request->port >= 1 && request->port <= 65535 &&
           is_name(request->host, sizeof request->host) &&
           is_name(request->helo, sizeof request->helo) &&
           is_text(request->ca_file, sizeof request->ca_file) &&
           is_text(request->tls_name, sizeof request->tls_name) &&
           is_text(request->mechanisms, sizeof request->mechanisms) &&
           is_text(request->user, sizeof request->user) &&
           is_text(request->secret, sizeof request->secret) &&
           (request->auth == 0 || (request->user[0] != '\0' && request->secret[0] != '\0'));
}

static ssize_t line_receive(void *ctx, void *out, size_t size, struct fault *why) {
    struct line *line = ctx;

    return line->tls == NULL ? dial_receive(line->fd, out, size, line->deadline_ms, why)
                             : tls_receive(line->tls, out, size, line->deadline_ms, why);
}

static int line_send(void *ctx, const void *data, size_t size, struct fault *why) {
    struct line *line = ctx;

    return line->tls == NULL ? dial_send(line->fd, data, size, line->deadline_ms, why)
                             : tls_send(line->tls, data, size, line->deadline_ms, why);
}

static int line_secure(void *ctx, struct fault *why) {
    struct line *line = ctx;
    const char *name =
        line->request->tls_name[0] != '\0' ? line->request->tls_name : line->request->host;
    struct tls_seen seen;
    int done;

    line->tls = tls_new(line->fd, name, line->request->ca_file, why);
    if (line->tls == NULL)
        return TALK_ERROR;
    done = tls_handshake(line->tls, line->deadline_ms, why);
    tls_look(line->tls, &seen);
    line->verdict->certificate_expires_s = seen.expires_s;
    text_copy(line->verdict->tls_version, sizeof line->verdict->tls_version, seen.version);
    text_copy(line->verdict->tls_cipher, sizeof line->verdict->tls_cipher, seen.cipher);
    return done;
}

static void find_out(const struct probe_request *request, struct probe_verdict *verdict) {
    struct line line = {
        .request = request, .verdict = verdict, .deadline_ms = clock_mono_ms() + DEADLINE_MS};
    const struct talk_way way = {
        .ctx = &line, .receive = line_receive, .send = line_send, .secure = line_secure};
    struct fault why = {""};

    line.fd = dial_open(request->host, request->port, line.deadline_ms, verdict->address,
                        sizeof verdict->address, &why);
    if (line.fd < 0) {
        verdict->result = line.fd == TALK_TIMEOUT ? PROBE_TIMEOUT : PROBE_UNREACHABLE;
        text_copy(verdict->text, sizeof verdict->text, why.text);
        return;
    }
    talk_run(&way, request, verdict);
    tls_free(&line.tls);
    close(line.fd);
}

static int say_mechanisms(void) {
    char list[512];
    struct fault why;

    if (auth_list(list, sizeof list, &why) == -1)
        die(EX_SOFTWARE, "%s", why.text);
    puts(list);
    return EX_OK;
}

int main(int argc, char **argv) {
    struct probe_request *request = xcalloc(1, sizeof *request);
    struct probe_verdict verdict = {.version = PROBEQ_VERSION};
    int64_t begun_ms = clock_mono_ms();
    struct fault why;
    bool good;

    log_open("relaywatch-probe", LOG_LEVEL_INFO);
    if (argc > 1) {
        bool version = strcmp(argv[1], "--version") == 0;

        if (strcmp(argv[1], "--mechanisms") == 0) {
            free(request);
            return say_mechanisms();
        }
        fputs(version ? "relaywatch-probe " RELAYWATCH_VERSION "\n"
                      : "usage: relaywatch-probe < request > verdict\n"
                        "       relaywatch-probe --mechanisms   what libsasl2 can log in with\n"
                        "Started by relaywatch-keeper; see relaywatch-probe(8).\n",
              version ? stdout : stderr);
        free(request);
        return version ? EX_OK : EX_USAGE;
    }
    xmem_forbid_dump();
    signal(SIGPIPE, SIG_IGN);
    set_alarm();
    good = read_request(request);
    if (good) {
        find_out(request, &verdict);
    } else {
        verdict.result = PROBE_INTERNAL;
        text_copy(verdict.text, sizeof verdict.text, "not a request of this version");
    }
    wipe(request, sizeof *request);
    free(request);
    alarm(0);
    verdict.elapsed_ms = (uint32_t)(clock_mono_ms() - begun_ms);
    if (file_write_all(STDOUT_FILENO, &verdict, sizeof verdict, &why) == -1)
        die(EX_IOERR, "verdict: %s", why.text);
    return EX_OK;
}
