/* See machine.h. What is asked of the machine stands in asking.c. */
#include "machine.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "asking.h"

enum type { TEXT, LIST, FLAG, NUMBER };

struct fact {
    const char *name;
    enum type type;
    size_t offset, size;
};

#define FACT(member, type)                                                                         \
    { #member, type, offsetof(struct machine, member), sizeof((struct machine *)NULL)->member }

static const struct fact facts[] = {
    FACT(os, TEXT),          FACT(os_major, NUMBER),
    FACT(systemd, FLAG),     FACT(firewalld, FLAG),
    FACT(ufw, FLAG),         FACT(syslogd, FLAG),
    FACT(logrotate, FLAG),   FACT(ca_file, TEXT),
    FACT(fqdn, TEXT),        FACT(mail_log, TEXT),
    FACT(installed, LIST),   FACT(other_mta, TEXT),
    FACT(users, LIST),       FACT(version, TEXT),
    FACT(running, FLAG),     FACT(map_types, LIST),
    FACT(map_default, TEXT), FACT(queue_directory, TEXT),
    FACT(myhostname, TEXT),  FACT(relay_in_hosts, FLAG),
    FACT(postal, FLAG),      FACT(etckeeper, FLAG),
};

static bool take_flag(struct span value, bool *out) {
    *out = span_is(value, "yes");
    return *out || span_is(value, "no");
}

static bool take_word(struct span value, const char *const *words, int *out) {
    for (int i = 0; words[i] != NULL; i++) {
        if (span_is(value, words[i])) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool take(struct machine *m, struct span name, struct span value) {
    static const char *const families[] = {"unknown", "debian", "rocky", NULL};
    static const char *const selinux[] = {"off", "permissive", "enforcing", NULL};
    uint64_t number;
    int word = 0;

    if (span_is(name, "family") && take_word(value, families, &word)) {
        m->family = (enum machine_family)word;
        return true;
    }
    if (span_is(name, "selinux") && take_word(value, selinux, &word)) {
        m->selinux = (enum machine_selinux)word;
        return true;
    }
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        const struct fact *f = &facts[i];
        char *at = (char *)m + f->offset;

        if (!span_is(name, f->name))
            continue;
        switch (f->type) {
        case FLAG:
            return take_flag(value, (bool *)(void *)at);
        case NUMBER:
            if (!text_u64(value, 0, 9999, &number))
                return false;
            memcpy(at, &(uint32_t){(uint32_t)number}, sizeof(uint32_t));
            return true;
        case LIST:
            return text_format(at, f->size, " %.*s ", (int)value.n, value.p);
        case TEXT:
            return text_copy_span(at, f->size, value);
        }
    }
    return false;
}

/* "3.10.5" */
static void take_version(struct machine *m) {
    const char *dot = strchr(m->version, '.');
    uint64_t major, minor;
    size_t n = dot != NULL ? strspn(dot + 1, "0123456789") : 0;

    if (dot != NULL &&
        text_u64((struct span){m->version, (size_t)(dot - m->version)}, 0, 99, &major) &&
        text_u64((struct span){dot + 1, n}, 0, 999, &minor)) {
        m->major = (uint32_t)major;
        m->minor = (uint32_t)minor;
    }
}

int machine_parse(const char *text, struct machine *out, struct fault *why) {
    unsigned number = 0;

    memset(out, 0, sizeof *out);
    while (*text != '\0') {
        const char *end = strchrnul(text, '\n');
        struct span line = span_trim((struct span){text, (size_t)(end - text)});
        const char *equals = line.n > 0 ? memchr(line.p, '=', line.n) : NULL;
        size_t before = equals != NULL ? (size_t)(equals - line.p) : 0;

        number++;
        text = *end != '\0' ? end + 1 : end;
        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (equals == NULL || !take(out, span_trim((struct span){line.p, before}),
                                    span_trim((struct span){equals + 1, line.n - before - 1})))
            return fault_set(why, "facts, line %u: %.*s: not a fact", number,
                             (int)(line.n < 80 ? line.n : 80), line.p);
    }
    take_version(out);
    return 0;
}

int machine_read(const char *config_dir, const char *relay, struct machine *out, char **text_out,
                 struct fault *why) {
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    int failed;

    if (stream == NULL)
        abort();
    failed = asking_print(stream, config_dir, relay, why);
    if (fclose(stream) != 0)
        abort();
    if (failed == 0)
        failed = machine_parse(text, out, why);
    if (failed == 0 && text_out != NULL)
        *text_out = text;
    else
        free(text);
    return failed;
}

void machine_expect(struct machine *m) {
    static const struct {
        enum machine_family family;
        uint32_t os_major;
        const char *version;
    } known[] = {
        {FAMILY_DEBIAN, 11, "3.5"}, {FAMILY_DEBIAN, 12, "3.7"}, {FAMILY_DEBIAN, 13, "3.10"},
        {FAMILY_DEBIAN, 20, "3.4"}, {FAMILY_DEBIAN, 22, "3.6"}, {FAMILY_DEBIAN, 24, "3.8"},
        {FAMILY_ROCKY, 8, "3.5"},   {FAMILY_ROCKY, 9, "3.5"},   {FAMILY_ROCKY, 10, "3.8"}};

    if (m->version[0] != '\0')
        return;
    text_copy(m->version, sizeof m->version, "3.5");
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].family == m->family && known[i].os_major == m->os_major)
            text_copy(m->version, sizeof m->version, known[i].version);
    }
    take_version(m);
    if (m->family == FAMILY_ROCKY && m->os_major >= 10) {
        text_copy(m->map_default, sizeof m->map_default, "lmdb");
        text_copy(m->map_types, sizeof m->map_types, " lmdb texthash regexp ");
    } else {
        text_copy(m->map_default, sizeof m->map_default, "hash");
        text_copy(m->map_types, sizeof m->map_types, " hash texthash regexp ");
    }
    text_copy(m->queue_directory, sizeof m->queue_directory, "/var/spool/postfix");
    if (m->ca_file[0] == '\0')
        text_copy(m->ca_file, sizeof m->ca_file,
                  m->family == FAMILY_ROCKY ? "/etc/pki/tls/certs/ca-bundle.crt"
                                            : "/etc/ssl/certs/ca-certificates.crt");
}

bool machine_at_least(const struct machine *m, uint32_t major, uint32_t minor) {
    return m->major > major || (m->major == major && m->minor >= minor);
}

bool machine_lists(const char *list, const char *word) {
    size_t n = strlen(word);

    for (const char *p = strstr(list, word); p != NULL && n > 0; p = strstr(p + 1, word)) {
        if (p > list && p[-1] == ' ' && p[n] == ' ')
            return true;
    }
    return false;
}

void machine_missing(const struct machine *m, bool login, char *out, size_t size) {
    static const struct {
        enum machine_family family;
        bool for_login;
        const char *name;
    } packages[] = {
        {FAMILY_DEBIAN, false, "postfix"},         {FAMILY_DEBIAN, true, "libsasl2-modules"},
        {FAMILY_DEBIAN, false, "ca-certificates"}, {FAMILY_ROCKY, false, "postfix"},
        {FAMILY_ROCKY, true, "cyrus-sasl-lib"},    {FAMILY_ROCKY, true, "cyrus-sasl-plain"},
        {FAMILY_ROCKY, false, "ca-certificates"}};

    out[0] = '\0';
    for (size_t i = 0; i < sizeof packages / sizeof packages[0]; i++) {
        size_t n = strlen(out);

        if (packages[i].family == m->family && (login || !packages[i].for_login) &&
            !machine_lists(m->installed, packages[i].name))
            text_format(out + n, size - n, "%s%s", n > 0 ? " " : "", packages[i].name);
    }
    /* Rocky 10 has lmdb as its default, in a package of its own. */
    if (m->family == FAMILY_ROCKY && m->os_major >= 10 && login &&
        !machine_lists(m->installed, "postfix-lmdb")) {
        size_t n = strlen(out);

        text_format(out + n, size - n, "%spostfix-lmdb", n > 0 ? " " : "");
    }
}

const char *machine_map_type(const struct machine *m) {
    static const char *const indexed[] = {"hash", "btree", "lmdb", "cdb"};

    for (size_t i = 0; i < sizeof indexed / sizeof indexed[0]; i++) {
        if (strcmp(m->map_default, indexed[i]) == 0 && machine_lists(m->map_types, indexed[i]))
            return indexed[i];
    }
    return "texthash";
}
