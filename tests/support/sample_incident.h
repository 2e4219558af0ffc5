/* One incident and its notices, for the tests of what is posted; and JSON read back. */
#ifndef TESTS_SAMPLE_INCIDENT_H
#define TESTS_SAMPLE_INCIDENT_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "outbox.h"
#include "text.h"
#include "xmem.h"

static const char sample_doc[] =
    "{\"id\":\"login-refused\",\"title\":\"T \\\"q\\\" "
    "<b>\",\"summary\":\"S\",\"impact\":\"I\",\"who\":"
    "\"W\",\"why\":\"Y\",\"fix\":[\"one\",\"two\"],\"evidence\":\"E\\n\",\"count\":12}";

static inline struct outbox *make_outbox(int64_t ended_ms) {
    struct outbox *o = outbox_new(0);
    struct incident *i = outbox_insert(o, 1732340000123);

    text_copy(i->host, sizeof i->host, "relay1");
    text_copy(i->url, sizeof i->url, "http://127.0.0.1:9154/");
    text_copy(i->id, sizeof i->id, "login-refused");
    text_copy(i->diagnosis, sizeof i->diagnosis, "G01 BAD_CREDENTIALS");
    i->rank = RANK_CRITICAL;
    i->ended_ms = ended_ms;
    i->doc = xstrdup(sample_doc);
    return o;
}

static inline struct notice make_notice(enum told_status status, unsigned nth) {
    struct notice notice = {
        .since_ms = 1732340000123, .status = status, .rank = RANK_CRITICAL, .nth = nth};

    text_copy(notice.host, sizeof notice.host, "relay1");
    text_copy(notice.id, sizeof notice.id, "login-refused");
    text_copy(notice.diagnosis, sizeof notice.diagnosis, "G01 BAD_CREDENTIALS");
    return notice;
}

static inline struct json_t *read_back(char *text) {
    struct fault why;
    struct json_t *json = json_read(text, strlen(text), &why);

    cr_assert(json != NULL, "%s: %s", why.text, text);
    free(text);
    return json;
}

#endif
