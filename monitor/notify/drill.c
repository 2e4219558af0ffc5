/* See drill.h. It is critical, as it is to go the way of what is critical. */
#include "drill.h"

#include <stdlib.h>

#include "text.h"
#include "xmem.h"

static const char doc[] =
    "{\"id\":\"" DRILL_ID "\",\"diagnosis\":\"TEST\",\"severity\":\"critical\","
    "\"title\":\"TEST, nothing is wrong\","
    "\"summary\":\"TEST: somebody tries with `relaywatch alerts test` whether alerts arrive here\","
    "\"impact\":\"None: it is not about mail\","
    "\"who\":\"Nobody must act\","
    "\"why\":\"It is over at once, and the end is told, too\","
    "\"fix\":[\"Nothing is to be done\"],"
    "\"evidence\":\"\",\"count\":1}";

struct incident *drill_make(const char *host, const char *url, int64_t since_ms, int64_t ended_ms) {
    struct incident *i = xcalloc(1, sizeof *i);

    text_copy(i->host, sizeof i->host, host);
    text_copy(i->url, sizeof i->url, url);
    text_copy(i->id, sizeof i->id, DRILL_ID);
    text_copy(i->diagnosis, sizeof i->diagnosis, "TEST");
    i->rank = RANK_CRITICAL;
    i->since_ms = since_ms;
    i->ended_ms = ended_ms;
    i->doc = xstrdup(doc);
    return i;
}

void drill_free(struct incident **incident) {
    if (*incident == NULL)
        return;
    free((*incident)->doc);
    free(*incident);
    *incident = NULL;
}

struct notice drill_notice(const struct incident *i) {
    struct notice notice = {.since_ms = i->since_ms,
                            .status = i->ended_ms == 0 ? TOLD_FIRING : TOLD_RESOLVED,
                            .rank = i->rank,
                            .nth = 1};

    text_copy(notice.host, sizeof notice.host, i->host);
    text_copy(notice.id, sizeof notice.id, i->id);
    text_copy(notice.diagnosis, sizeof notice.diagnosis, i->diagnosis);
    return notice;
}
