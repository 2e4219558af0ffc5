/* See probing.h. */
#include "probing.h"

#include <limits.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "spawn.h"
#include "text.h"
#include "xmem.h"

enum { LIMIT_MS = 30000 };

int probing_resolve(const char *host, struct fault *why) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int error = getaddrinfo(host, NULL, &hints, &found);

    if (error != 0)
        return fault_set(
            why, "%s: no address for this name (%s): is it spelled right, and does DNS work here?",
            host, gai_strerror(error));
    freeaddrinfo(found);
    return 0;
}

static int explain(const struct wants *w, const struct probe_verdict *v, const char *ca_file,
                   struct fault *why) {
    char said[260];

    text_copy_printable(said, sizeof said,
                        (struct span){v->text, strnlen(v->text, sizeof v->text)});
    switch ((enum probe_result)v->result) {
    case PROBE_OK:
        return 0;
    case PROBE_REFUSED:
        return fault_set(why, "%s refused the login of %.60s: %s", w->host, w->login, said);
    case PROBE_TLS:
        return fault_set(
            why, "TLS with %s:%u failed: %.160s (certificates trusted: %.60s; others: --ca-file)",
            w->host, w->port, said, ca_file);
    case PROBE_NO_MECHANISM:
        return fault_set(why,
                         "%s offers no login that works here: %s (is libsasl2-modules or "
                         "cyrus-sasl-plain here?)",
                         w->host, said);
    case PROBE_UNREACHABLE:
    case PROBE_TIMEOUT:
        return fault_set(why, "%s:%u cannot be reached: %.150s (does a firewall let port %u out?)",
                         w->host, w->port, said, w->port);
    case PROBE_TEMPORARY:
        return fault_set(why, "%s does not take the login now: %s: try again later", w->host, said);
    case PROBE_PROTOCOL:
    case PROBE_INTERNAL:
        break;
    }
    return fault_set(why, "%s:%u: %s", w->host, w->port, said);
}

int probing_run(const char *folder, const struct wants *w, const char *helo, const char *ca_file,
                struct probe_verdict *verdict_out, struct fault *why) {
    char program[PATH_MAX];
    const char *const argv[] = {program, NULL};
    struct probe_request *request = xcalloc(1, sizeof *request);
    struct probe_verdict verdict[2]; /* room to see that there is too much */
    struct spawn job = {.argv = argv,
                        .input = request,
                        .input_size = sizeof *request,
                        .output = (char *)verdict,
                        .output_size = sizeof verdict,
                        .timeout_ms = LIMIT_MS,
                        .user =
                            getpwnam("relaywatch-probe") != NULL ? "relaywatch-probe" : "nobody"};
    int failed;

    text_format(program, sizeof program, "%s/relaywatch-probe", folder);
    request->version = PROBEQ_VERSION;
    request->port = w->port;
    request->implicit_tls = w->port == 465;
    request->auth = !w->ip_allowlisted;
    text_copy(request->host, sizeof request->host, w->host);
    text_copy(request->helo, sizeof request->helo, helo);
    text_copy(request->ca_file, sizeof request->ca_file, ca_file);
    request->forbid = PROBE_NO_ANONYMOUS; /* as main.cf will have it */
    if (request->auth != 0) {
        text_copy(request->user, sizeof request->user, w->login);
        text_copy(request->secret, sizeof request->secret, w->secret);
    }
    failed = spawn_run(&job, why);
    wipe(request, sizeof *request);
    free(request);
    if (failed == -1)
        return -1;
    if (job.status != 0 || job.output_length != sizeof verdict[0] ||
        verdict[0].version != PROBEQ_VERSION)
        return fault_set(
            why, "%s ended with status %d and without a verdict%s", program, job.status,
            job.status == 125 || job.status == 127 ? ": can every user reach that folder?" : "");
    *verdict_out = verdict[0];
    return explain(w, &verdict[0], ca_file, why);
}
