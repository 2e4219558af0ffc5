/* See alertset.h. */
#include "alertset.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xmem.h"

#include "json.h"

static const char *const rank_names[RANK_COUNT] = {"info", "ticket", "warning", "critical"};

const char *rank_name(int rank) {
    return rank_names[rank];
}

int rank_find(const char *name) {
    for (int i = 0; i < RANK_COUNT; i++) {
        if (strcmp(name, rank_names[i]) == 0)
            return i;
    }
    return -1;
}

static bool is_id(const char *text, size_t most) {
    size_t n = strlen(text);

    return n > 0 && n < most && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* Seconds to ms; false outside of 2000 to 2200, where a date has four digits and a double is exact.
 */
static bool read_time(const struct json_t *object, const char *key, int64_t *ms_out) {
    double seconds = json_get_real(object, key, -1);

    if (!(seconds >= 946684800.0 && seconds <= 7258118400.0))
        return false;
    *ms_out = llround(seconds * 1000.0);
    return true;
}

static int read_entry(const struct json_t *alert, struct alertset_entry *e, struct fault *why) {
    const char *id = json_get_text(alert, "id");

    if (!is_id(id, sizeof e->id))
        return fault_set(why, "an alert without a proper id");
    text_copy(e->id, sizeof e->id, id);
    e->rank = rank_find(json_get_text(alert, "severity"));
    if (e->rank == -1)
        return fault_set(why, "%s: no such severity", id);
    text_copy_printable(e->diagnosis, sizeof e->diagnosis,
                        span_of(json_get_text(alert, "diagnosis")));
    if (!read_time(alert, "since", &e->since_ms))
        return fault_set(why, "%s: no time of its beginning", id);
    if (json_get_real(alert, "ended", 0) != 0) {
        if (!read_time(alert, "ended", &e->ended_ms))
            return fault_set(why, "%s: no proper time of its end", id);
        if (e->ended_ms <= e->since_ms) /* the clock was set meanwhile */
            e->ended_ms = e->since_ms + 1;
    }
    text_copy_printable(e->host, sizeof e->host, span_of(json_get_text(alert, "host")));
    e->elsewhere = json_get_bool(alert, "elsewhere");
    e->doc = json_print(alert, false);
    if (strlen(e->doc) > ALERTSET_DOC_MOST)
        return fault_set(why, "%s: larger than %d bytes", id, ALERTSET_DOC_MOST);
    return 0;
}

/* Messages of its own: {"overdue","delivered","delay_ms"}. */
static struct mailproof read_mail(const struct json_t *canary) {
    struct mailproof mail = {.wanted = canary != NULL,
                             .overdue = json_get_bool(canary, "overdue"),
                             .delay_ms = json_get_int(canary, "delay_ms", 0)};

    if (!read_time(canary, "delivered", &mail.delivered_ms) || mail.delay_ms < 0)
        mail.delivered_ms = 0;
    return mail;
}

static int read_set(const struct json_t *packet, struct alertset *set, struct fault *why) {
    const struct json_t *alerts = json_get(packet, "alerts");
    const char *url = json_get_text(packet, "url");
    size_t count = json_count(alerts);

    if (json_get_int(packet, "version", 0) != 1)
        return fault_set(why, "not a set of alerts of version 1");
    text_copy_printable(set->host, sizeof set->host, span_of(json_get_text(packet, "host")));
    if (set->host[0] == '\0')
        return fault_set(why, "no host");
    if (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0)
        text_copy_printable(set->url, sizeof set->url, span_of(url));
    set->proof_age_ms = json_get_int(packet, "proof_age_ms", -1);
    if (set->proof_age_ms < 0 || set->proof_age_ms > 86400 * 1000)
        set->proof_age_ms = -1;
    set->mail = read_mail(json_get(packet, "canary"));
    if (alerts == NULL || count > ALERTSET_MOST)
        return fault_set(why, "no alerts, or more than %d", ALERTSET_MOST);
    for (size_t i = 0; i < count; i++) {
        set->count++; /* counted first: its doc is freed, too, when it is wrong */
        if (read_entry(json_at(alerts, i), &set->entry[i], why) == -1)
            return -1;
    }
    return 0;
}

struct alertset *alertset_read(const char *packet, size_t size, struct fault *why) {
    struct alertset *set;
    struct json_t *json;

    if (size > ALERTSET_PACKET_MOST) {
        fault_set(why, "larger than %d bytes", ALERTSET_PACKET_MOST);
        return NULL;
    }
    json = json_read(packet, size, why);
    if (json == NULL)
        return NULL;
    set = xcalloc(1, sizeof *set);
    if (read_set(json, set, why) == -1)
        alertset_free(&set);
    json_release(&json);
    return set;
}

void alertset_free(struct alertset **set) {
    if (*set == NULL)
        return;
    for (int i = 0; i < (*set)->count; i++)
        free((*set)->entry[i].doc);
    free(*set);
    *set = NULL;
}
