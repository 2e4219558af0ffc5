/* probe_ask PROBE HOST PORT starttls|implicit TLS_NAME CA_FILE USER < SECRET: asks relaywatch-probe
 * as relaywatch-keeper does and prints its verdict as key=value lines. Exit status: 0 with a
 * verdict, 3 without. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spawn.h"
#include "text.h"
#include "verdict_print.h"

int main(int argc, char **argv) {
    static struct probe_request request = {.version = PROBEQ_VERSION, .auth = 1};
    static struct probe_verdict verdict[2]; /* room for a terminator */
    const char *program[] = {argv[1], NULL};
    struct spawn job = {.argv = program,
                        .input = &request,
                        .input_size = sizeof request,
                        .output = (char *)verdict,
                        .output_size = sizeof verdict,
                        .timeout_ms = 60000};
    struct fault why = {""};
    uint64_t port = 0;

    if (argc != 8 || !text_u64(span_of(argv[3]), 1, 65535, &port))
        return 1;
    request.port = (uint32_t)port;
    request.implicit_tls = strcmp(argv[4], "implicit") == 0;
    text_copy(request.host, sizeof request.host, argv[2]);
    text_copy(request.helo, sizeof request.helo, "probe.test");
    text_copy(request.tls_name, sizeof request.tls_name, argv[5]);
    text_copy(request.ca_file, sizeof request.ca_file, argv[6]);
    text_copy(request.user, sizeof request.user, argv[7]);
    if (read(STDIN_FILENO, request.secret, sizeof request.secret - 1) <= 0)
        return 1;
    if (spawn_run(&job, &why) == -1 || job.output_length != sizeof verdict[0]) {
        fprintf(stderr, "no verdict: %s, status %d\n", why.text, job.status);
        return 3;
    }
    verdict_print(verdict);
    return 0;
}
