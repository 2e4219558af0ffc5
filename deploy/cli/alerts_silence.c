/* See alerts_silence.h. */
#include "alerts_silence.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "alerts_ask.h"
#include "json.h"
#include "text.h"

/* Who sits there: under sudo, who called it. */
static void fill_who(char *out, size_t size) {
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *user = getpwuid(getuid());

    if (sudo != NULL && sudo[0] != '\0')
        text_copy_printable(out, size, span_of(sudo));
    else if (user != NULL)
        text_copy_printable(out, size, span_of(user->pw_name));
    else
        text_format(out, size, "user %u", (unsigned)getuid());
}

static int send_it(const struct conf *conf, struct alertq_request *request, struct json_t **doc) {
    int status = 0;

    request->version = ALERTQ_VERSION;
    fill_who(request->who, sizeof request->who);
    *doc = alerts_ask(conf, request, &status);
    return *doc != NULL ? 0 : status;
}

int alerts_silence(const struct conf *conf, const char *id, const char *how_long, const char *why) {
    struct alertq_request request = {.verb = ALERTQ_SILENCE};
    struct json_t *doc;
    uint64_t seconds;
    char until[48];
    int status;

    if (!text_seconds(span_of(how_long), &seconds) || seconds == 0 || seconds > 30 * 86400) {
        fprintf(stderr,
                "relaywatch alerts silence: --for %s: right would be a time up to 30 days, as in "
                "--for 2h (s, m, h, d)\n",
                how_long);
        return EX_USAGE;
    }
    if (!text_copy(request.id, sizeof request.id, id)) {
        fprintf(stderr, "relaywatch alerts silence: %s: there is no alert of this id\n", id);
        return EX_USAGE;
    }
    text_copy(request.why, sizeof request.why, why != NULL ? why : "");
    request.duration_ms = (int64_t)seconds * 1000;
    status = send_it(conf, &request, &doc);
    if (status != 0)
        return status;
    alerts_time(until, sizeof until, json_get_real(doc, "now", 0) + (double)seconds);
    printf("Nobody is called for %s until %s.\n"
           "It still shows in relaywatch status; take it back with: relaywatch alerts unsilence "
           "%s\n",
           id, until, id);
    json_release(&doc);
    return 0;
}

int alerts_unsilence(const struct conf *conf, const char *id) {
    struct alertq_request request = {.verb = ALERTQ_UNSILENCE};
    struct json_t *doc;
    int status;

    text_copy(request.id, sizeof request.id, id);
    status = send_it(conf, &request, &doc);
    if (status != 0)
        return status;
    printf("%s is silent no more.\n", id);
    json_release(&doc);
    return 0;
}
