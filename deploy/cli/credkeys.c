/* See credkeys.h. */
#include "credkeys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "spawn.h"
#include "text.h"
#include "xmem.h"
#include "cred.h"
#include "facts.h"
#include "mapfile.h"
#include "recall.h"
#include "json.h"

enum { TOOL_MS = 20000, LIST_SIZE = 256 * 1024 };

struct keys {
    const struct conf *conf;
    struct facts facts;
    struct hands hands;
    struct mapfile map;
    struct recall recall;
    struct cred_file file;
    bool differs[CRED_MAX];
    char text[CRED_FILE_MAX + 1];
    char list[LIST_SIZE]; /* of one map that leads elsewhere */
};

/* The output of one of Postfix's tools; "" when it fails. */
static struct span ask_tool(struct keys *k, const char *program, const char *option,
                            const char *what) {
    const char *const argv[] = {program, "-c", k->conf->postfix_config_dir, option, what, NULL};
    char errors[256];
    struct spawn job = {.argv = argv,
                        .output = k->list,
                        .output_size = sizeof k->list,
                        .errors = errors,
                        .errors_size = sizeof errors,
                        .timeout_ms = TOOL_MS};

    if (spawn_run(&job, NULL) == -1 || job.status != 0)
        return (struct span){"", 0};
    return (struct span){k->list, strlen(k->list)};
}

static struct span next_line(struct span *rest) {
    const char *end = memchr(rest->p, '\n', rest->n);
    struct span line = {rest->p, end == NULL ? rest->n : (size_t)(end - rest->p)};
    size_t used = line.n + (end == NULL ? 0 : 1);

    *rest = (struct span){rest->p + used, rest->n - used};
    return span_trim(line);
}

/* ---- which parameters lead to a key ---- */

/* Would smtp(8) look this key up at `nexthop`? By its host, then as it stands. */
static bool leads_to(const struct cred *entry, struct span nexthop) {
    struct facts there = {.port = 0};

    return nexthop.n > 0 && facts_relayhost(nexthop, &there) &&
           (span_is(entry->key, there.host) || span_equal(entry->key, nexthop));
}

/* "smtp:[host]:port" of a transport; `bare`: a nexthop alone. */
static struct span nexthop_of(struct span value, bool bare) {
    const char *colon = bare || value.n == 0 ? NULL : memchr(value.p, ':', value.n);

    if (bare || colon == NULL)
        return bare ? value : (struct span){"", 0};
    return (struct span){colon + 1, value.n - (size_t)(colon + 1 - value.p)};
}

static void add_use(struct json_t *uses, const char *name, struct span from) {
    char text[400];

    text_format(text, sizeof text, "%s%s%.*s", name, from.n > 0 ? " " : "", (int)from.n, from.p);
    json_add_text(uses, text);
}

static void look_into_map(struct keys *k, const char *parameter, const char *map, bool bare,
                          const struct cred *entry, struct json_t *uses) {
    struct span rest = ask_tool(k, "/usr/sbin/postmap", "-s", map);

    while (rest.n > 0) {
        struct span line = next_line(&rest);
        const char *blank = line.n == 0 ? NULL : memchr(line.p, '\t', line.n);
        struct span key = {line.p, blank == NULL ? 0 : (size_t)(blank - line.p)};

        if (blank != NULL &&
            leads_to(entry, nexthop_of(span_trim((struct span){blank, line.n - key.n}), bare)))
            add_use(uses, parameter, key);
    }
}

/* The words of a parameter: maps to look into, or transports themselves. */
static void look_into(struct keys *k, const char *parameter, bool maps, bool bare,
                      const struct cred *entry, struct json_t *uses) {
    char value[2048];
    struct span rest = ask_tool(k, "/usr/sbin/postconf", "-hx", parameter);

    text_copy_span(value, sizeof value, span_trim(rest));
    for (char *save = NULL, *word = strtok_r(value, ", \t\n", &save); word != NULL;
         word = strtok_r(NULL, ", \t\n", &save)) {
        if (maps)
            look_into_map(k, parameter, word, bare, entry, uses);
        else if (leads_to(entry, nexthop_of(span_of(word), bare)))
            add_use(uses, parameter, span_of(word));
    }
}

static struct json_t *uses_of(struct keys *k, const struct cred *entry) {
    static const struct {
        const char *name;
        bool maps, bare;
    } others[] = {{"transport_maps", true, false},
                  {"sender_dependent_relayhost_maps", true, true},
                  {"sender_dependent_default_transport_maps", true, false},
                  {"default_transport", false, false},
                  {"relay_transport", false, false},
                  {"smtp_fallback_relay", false, true}};
    struct json_t *uses = json_make_array();

    if (entry == cred_lookup(&k->file, k->facts.host, k->facts.nexthop))
        add_use(uses, "relayhost", span_of(k->facts.nexthop));
    if (memchr(entry->key.p, '@', entry->key.n) != NULL && k->facts.sender_dependent)
        add_use(uses, "sender", entry->key);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        look_into(k, others[i].name, others[i].maps, others[i].bare, entry, uses);
    return uses;
}

/* ---- what is known of each ---- */

static void put_span(struct json_t *o, const char *name, struct span value) {
    char text[CRED_KEY_MAX + 1];

    text_copy_printable(text, sizeof text, value);
    json_put_text(o, name, text);
}

static struct json_t *describe(struct keys *k, uint32_t i) {
    const struct cred *entry = &k->file.entries[i];
    struct hash128 login = recall_login(&k->recall, k->facts.host, entry->value);
    const struct recall_known *known = recall_known(&k->recall, login);
    const struct recall_refused *refused = recall_find(&k->recall, login);
    struct json_t *o = json_make_object();

    put_span(o, "key", entry->key);
    put_span(o, "user", entry->user);
    json_put_bool(o, "live", !k->differs[i]);
    json_put_time(o, "changed_at", known != NULL ? known->since_ms : 0);
    json_put_time(o, "verified_at", known != NULL ? known->verified_ms : 0);
    json_put_time(o, "refused_at", refused != NULL ? refused->at_ms : 0);
    json_put(o, "used_by", uses_of(k, entry));
    return o;
}

/* sasl_passwd, or, where that is not acceptable, what the live map says. */
static int read_all(struct keys *k, struct fault *why) {
    uint32_t changed;
    size_t n = 0;
    struct fault bad = {""};

    if (facts_read(k->conf->postfix_config_dir, &k->facts, why) == -1 ||
        recall_load(&k->hands, &k->recall, why) == -1)
        return -1;
    if (!k->facts.sasl)
        return 0;
    if (mapfile_open(&k->map, &k->hands, &k->facts, why) == -1)
        return -1;
    if (mapfile_read(&k->map, &bad) == 0 &&
        cred_parse((struct span){k->map.text, k->map.text_n}, &k->file))
        return mapfile_compare(&k->map, &k->file, k->differs, &changed, why);
    k->file.count = 0;
    if (!mapfile_list(&k->map, &k->file, k->text, &n))
        return fault_set(why, "%s and its index cannot be read", k->facts.map_path);
    cred_parse((struct span){k->text, n}, &k->file);
    return 0;
}

int credkeys_read(const struct conf *conf, struct json_t **out, struct fault *why) {
    struct keys *k = xcalloc(1, sizeof *k);
    int failed;

    *out = NULL;
    k->conf = conf;
    k->hands = hands_direct(conf->postfix_config_dir, conf->keeper_state_dir);
    xmem_forbid_dump();
    failed = read_all(k, why);
    if (failed == 0) {
        *out = json_make_array();
        for (uint32_t i = 0; i < k->file.count; i++)
            json_add(*out, describe(k, i));
    }
    mapfile_close(&k->map);
    hands_end(&k->hands);
    wipe(k, sizeof *k);
    free(k);
    return failed;
}

/* ---- for people ---- */

static void print_time(const char *name, const struct json_t *key, const char *field,
                       const char *none) {
    const char *time = json_get_text(key, field);

    if (time[0] != '\0' || none[0] != '\0')
        printf("  %-10s %s\n", name, time[0] != '\0' ? time : none);
}

void credkeys_print(const struct json_t *keys) {
    for (size_t i = 0; i < json_count(keys); i++) {
        const struct json_t *key = json_at(keys, i);
        const struct json_t *uses = json_get(key, "used_by");

        printf("\n%s\n  %-10s %s  ********\n", json_get_text(key, "key"), "login",
               json_get_text(key, "user"));
        for (size_t n = 0; n < json_count(uses); n++)
            printf("  %-10s %s\n", n == 0 ? "used by" : "", json_text(json_at(uses, n)));
        if (json_count(uses) == 0)
            printf("  %-10s nothing in main.cf leads to it\n", "used by");
        if (!json_get_bool(key, "live"))
            printf("  %-10s not live: sasl_passwd says something else than the map\n", "state");
        print_time("changed", key, "changed_at", "before relaywatch");
        print_time("verified", key, "verified_at",
                   json_count(uses) > 0 ? "not yet" : "no: nobody uses it");
        print_time("refused", key, "refused_at", "");
    }
}
