/* See queueline.h. */
#include "queueline.h"

#include <stdlib.h>

#include "xmem.h"
#include "json.h"

struct queueline {
    struct json_t *doc;
    const struct json_t *recipients;
};

struct queueline *queueline_parse(struct span line, struct fault *why) {
    struct json_t *doc = json_read(line.p, line.n, why);
    struct queueline *q;

    if (doc == NULL)
        return NULL;
    if (json_get_text(doc, "queue_id")[0] == '\0' || json_get_text(doc, "queue_name")[0] == '\0') {
        json_release(&doc);
        fault_set(why, "no queue_id and queue_name in it");
        return NULL;
    }
    q = xcalloc(1, sizeof *q);
    q->doc = doc;
    q->recipients = json_get(doc, "recipients");
    return q;
}

void queueline_free(struct queueline **line) {
    if (*line == NULL)
        return;
    json_release(&(*line)->doc);
    free(*line);
    *line = NULL;
}

const char *queueline_id(const struct queueline *line) {
    return json_get_text(line->doc, "queue_id");
}

const char *queueline_queue(const struct queueline *line) {
    return json_get_text(line->doc, "queue_name");
}

const char *queueline_sender(const struct queueline *line) {
    return json_get_text(line->doc, "sender");
}

static int64_t not_negative(int64_t number) {
    return number > 0 ? number : 0;
}

int64_t queueline_arrived_s(const struct queueline *line) {
    return not_negative(json_get_int(line->doc, "arrival_time", 0));
}

uint64_t queueline_size(const struct queueline *line) {
    return (uint64_t)not_negative(json_get_int(line->doc, "message_size", 0));
}

size_t queueline_recipients(const struct queueline *line) {
    return json_count(line->recipients);
}

const char *queueline_address(const struct queueline *line, size_t i) {
    return json_get_text(json_at(line->recipients, i), "address");
}

const char *queueline_reason(const struct queueline *line, size_t i) {
    return json_get_text(json_at(line->recipients, i), "delay_reason");
}
