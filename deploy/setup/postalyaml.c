/* See postalyaml.h. Where a node stands libyaml tells in characters; text is cut in bytes. */
#include "postalyaml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "text.h"
#include "xmem.h"

enum { ENTRY = 400 };

struct file {
    const char *text;
    size_t size;
    yaml_document_t doc;
    bool loaded;
    bool legacy;
    yaml_node_t *root;
    yaml_node_t *parent; /* of smtp_relays: the root, or `postal`; NULL: not there */
    yaml_node_t *parent_key;
    yaml_node_t *key, *list; /* smtp_relays; NULL: not there */
    const char *host;        /* the relay that is to be added or removed */
    uint32_t port;
};

/* ---- places ---- */

/* The byte at which the character of a mark begins. */
static size_t byte_at(const struct file *f, size_t index) {
    const char *p = f->text;
    const char *end = p + f->size;

    if (f->size >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        p += 3; /* a mark of the byte order is no character */
    for (; index > 0 && p < end; index--) {
        p++;
        while (p < end && ((unsigned char)*p & 0xc0) == 0x80)
            p++;
    }
    return (size_t)(p - f->text);
}

static size_t start_of(const struct file *f, const yaml_node_t *node) {
    return byte_at(f, node->start_mark.index);
}

static yaml_node_t *node_at(struct file *f, int number) {
    return yaml_document_get_node(&f->doc, number);
}

static bool is_block(const yaml_node_t *node) {
    return (node->type == YAML_SEQUENCE_NODE &&
            node->data.sequence.style != YAML_FLOW_SEQUENCE_STYLE) ||
           (node->type == YAML_MAPPING_NODE && node->data.mapping.style != YAML_FLOW_MAPPING_STYLE);
}

static size_t item_count(const yaml_node_t *list) {
    return list == NULL || list->type != YAML_SEQUENCE_NODE
               ? 0
               : (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
}

static yaml_node_t *item_at(struct file *f, size_t i) {
    return node_at(f, f->list->data.sequence.items.start[i]);
}

/* The end of a block is told as the beginning of what follows it: its last part's end is meant. */
static size_t end_of(struct file *f, yaml_node_t *node) {
    while (is_block(node)) {
        if (node->type == YAML_SEQUENCE_NODE &&
            node->data.sequence.items.top > node->data.sequence.items.start)
            node = node_at(f, node->data.sequence.items.top[-1]);
        else if (node->type == YAML_MAPPING_NODE &&
                 node->data.mapping.pairs.top > node->data.mapping.pairs.start)
            node = node_at(f, node->data.mapping.pairs.top[-1].value);
        else
            break;
    }
    return byte_at(f, node->end_mark.index);
}

static size_t line_start(const struct file *f, size_t at) {
    while (at > 0 && f->text[at - 1] != '\n')
        at--;
    return at;
}

/* Behind the line in which this byte stands. */
static size_t next_line(const struct file *f, size_t at) {
    const char *end = memchr(f->text + at, '\n', f->size - at);

    return end != NULL ? (size_t)(end - f->text) + 1 : f->size;
}

/* ---- reading ---- */

static bool is_scalar(const yaml_node_t *node, const char *text) {
    return node->type == YAML_SCALAR_NODE && node->data.scalar.length == strlen(text) &&
           memcmp(node->data.scalar.value, text, node->data.scalar.length) == 0;
}

static struct span scalar(const yaml_node_t *node) {
    if (node == NULL || node->type != YAML_SCALAR_NODE)
        return (struct span){NULL, 0};
    return (struct span){(const char *)node->data.scalar.value, node->data.scalar.length};
}

/* The value of a key. -1: the key stands there twice, of which Postal takes the last. */
static int find(struct file *f, yaml_node_t *map, const char *name, yaml_node_t **key_out,
                yaml_node_t **value_out, struct fault *why) {
    yaml_node_t *key = NULL, *value = NULL;

    if (map != NULL && map->type == YAML_MAPPING_NODE) {
        for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
             p++) {
            yaml_node_t *k = node_at(f, p->key);

            if (!is_scalar(k, name))
                continue;
            if (key != NULL)
                return fault_set(why, "line %zu: %s stands there twice: keep one",
                                 k->start_mark.line + 1, name);
            key = k;
            value = node_at(f, p->value);
        }
    }
    if (key_out != NULL)
        *key_out = key;
    *value_out = value;
    return 0;
}

static int load(struct file *f, const char *text, struct fault *why) {
    yaml_parser_t parser;
    int good;

    memset(f, 0, sizeof *f);
    f->text = text;
    f->size = strlen(text);
    if (!yaml_parser_initialize(&parser))
        abort();
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, f->size);
    good = yaml_parser_load(&parser, &f->doc);
    f->loaded = good != 0;
    if (!good)
        fault_set(why, "line %zu: not YAML: %s", parser.problem_mark.line + 1,
                  parser.problem != NULL ? parser.problem : "?");
    yaml_parser_delete(&parser);
    if (!good)
        return -1;
    f->root = yaml_document_get_root_node(&f->doc);
    if (f->root == NULL || f->root->type != YAML_MAPPING_NODE || !is_block(f->root))
        return fault_set(why, "not Postal's configuration: no `key: value` lines");
    return 0;
}

static int locate(struct file *f, struct fault *why) {
    yaml_node_t *version;

    if (find(f, f->root, "version", NULL, &version, why) == -1)
        return -1;
    f->legacy = version == NULL || is_scalar(version, "1");
    if (!f->legacy && !is_scalar(version, "2"))
        return fault_set(why, "line %zu: version: Postal knows 1 and 2",
                         version->start_mark.line + 1);
    f->parent = f->root;
    if (!f->legacy && find(f, f->root, "postal", &f->parent_key, &f->parent, why) == -1)
        return -1;
    return find(f, f->parent, "smtp_relays", &f->key, &f->list, why);
}

static int open_file(struct file *f, const char *text, struct fault *why) {
    return load(f, text, why) == 0 ? locate(f, why) : -1;
}

static void close_file(struct file *f) {
    if (f->loaded)
        yaml_document_delete(&f->doc);
    f->loaded = false;
}

static bool take_mapping(struct file *f, yaml_node_t *node, struct postal_relay *out) {
    yaml_node_t *host = NULL, *port = NULL, *mode = NULL;
    uint64_t number = 25;

    if (find(f, node, "hostname", NULL, &host, NULL) == -1 ||
        find(f, node, "port", NULL, &port, NULL) == -1 ||
        find(f, node, "ssl_mode", NULL, &mode, NULL) == -1 || scalar(host).n == 0 ||
        (port != NULL && !text_u64(scalar(port), 1, 65535, &number)))
        return false;
    text_copy_printable(out->host, sizeof out->host, scalar(host));
    out->port = (uint32_t)number;
    text_copy(out->ssl_mode, sizeof out->ssl_mode, "Auto");
    if (mode != NULL)
        text_copy_printable(out->ssl_mode, sizeof out->ssl_mode, scalar(mode));
    return true;
}

static int read_relay(struct file *f, yaml_node_t *node, struct postal_relay *out,
                      struct fault *why) {
    bool good = f->legacy ? node->type == YAML_MAPPING_NODE && take_mapping(f, node, out)
                          : postalrelay_parse(scalar(node), out);

    out->line = (unsigned)node->start_mark.line + 1;
    if (good)
        return 0;
    return fault_set(why, "line %u: not a relay that Postal reads: %s", out->line,
                     f->legacy ? "hostname:, port: and ssl_mode: are wanted"
                               : "smtp://HOST:PORT?ssl_mode=None is wanted");
}

static void read_port(struct file *f, struct postal_config *out) {
    yaml_node_t *server = NULL, *port = NULL;
    uint64_t number = 25;

    if (find(f, f->root, "smtp_server", NULL, &server, NULL) == 0 &&
        find(f, server, f->legacy ? "port" : "default_port", NULL, &port, NULL) == 0)
        (void)text_u64(scalar(port), 1, 65535, &number);
    out->smtp_port = (uint32_t)number;
}

static int read_file(struct file *f, struct postal_config *out, struct fault *why) {
    memset(out, 0, sizeof *out);
    out->version = f->legacy ? 1 : 2;
    read_port(f, out);
    if (item_count(f->list) > POSTAL_RELAYS)
        return fault_set(why, "more than %d relays", POSTAL_RELAYS);
    if (f->list != NULL && f->list->type != YAML_SEQUENCE_NODE && scalar(f->list).n > 0)
        return fault_set(why, "line %zu: smtp_relays: a list is wanted, `- ` before each relay",
                         f->list->start_mark.line + 1);
    for (size_t i = 0; i < item_count(f->list); i++) {
        if (read_relay(f, item_at(f, i), &out->relay[i], why) == -1)
            return -1;
        out->count++;
    }
    return 0;
}

int postalyaml_read(const char *text, struct postal_config *out, struct fault *why) {
    struct file f;
    int failed = open_file(&f, text, why);

    if (failed == 0)
        failed = read_file(&f, out, why);
    close_file(&f);
    return failed;
}

/* ---- changing ---- */

/* The text with `with` in the place of the bytes from `from` to `to`. */
static char *replace(const struct file *f, size_t from, size_t to, const char *with) {
    size_t n = strlen(with), size = f->size - (to - from) + n + 2;
    char *out = xcalloc(1, size);
    bool fresh_line = from == f->size && from > 0 && f->text[from - 1] != '\n' && n > 0 &&
                      with[n - 1] == '\n'; /* the last line has no end */

    text_format(out, size, "%.*s%s%s%s", (int)from, f->text, fresh_line ? "\n" : "", with,
                f->text + to);
    return out;
}

/* An entry, in lines with this indent before the dash. */
static void entry_lines(const struct file *f, size_t indent, char *out, size_t size) {
    int n = (int)indent;

    if (f->legacy)
        text_format(out, size, "%*s- hostname: %s\n%*s  port: %u\n%*s  ssl_mode: None\n", n, "",
                    f->host, n, "", f->port, n, "");
    else
        text_format(out, size, "%*s- smtp://%s:%u?ssl_mode=None\n", n, "", f->host, f->port);
}

static void entry_flow(const struct file *f, char *out, size_t size) {
    if (f->legacy)
        text_format(out, size, "{hostname: \"%s\", port: %u, ssl_mode: \"None\"}", f->host,
                    f->port);
    else
        text_format(out, size, "\"smtp://%s:%u?ssl_mode=None\"", f->host, f->port);
}

/* Behind the last entry. */
static char *add_to_list(struct file *f) {
    char entry[ENTRY], flow[ENTRY + 2];
    size_t n = item_count(f->list), at;

    if (is_block(f->list)) {
        at = next_line(f, end_of(f, item_at(f, n - 1)));
        entry_lines(f, f->list->start_mark.column, entry, sizeof entry);
        return replace(f, at, at, entry);
    }
    entry_flow(f, entry, sizeof entry);
    text_format(flow, sizeof flow, "%s%s", n > 0 ? ", " : "", entry);
    at = n > 0 ? end_of(f, item_at(f, n - 1)) : end_of(f, f->list) - 1;
    return replace(f, at, at, flow);
}

/* smtp_relays with one entry, at this indent, behind the line of `after`; at the end for NULL. */
static char *add_list(struct file *f, const yaml_node_t *after, size_t indent, const char *head) {
    char entry[ENTRY], lines[2 * ENTRY];
    size_t at = after != NULL ? next_line(f, start_of(f, after)) : f->size;

    entry_lines(f, indent + 2, entry, sizeof entry);
    text_format(lines, sizeof lines, "%s%*ssmtp_relays:\n%s", head, (int)indent, "", entry);
    return replace(f, at, at, lines);
}

static char *refuse(const yaml_node_t *node, struct fault *why) {
    fault_set(why,
              "line %zu: it stands there in a form that is not changed here; write the relay in "
              "yourself",
              node->start_mark.line + 1);
    return NULL;
}

static char *add_new(struct file *f, struct fault *why) {
    if (f->list != NULL && f->list->type == YAML_SEQUENCE_NODE) {
        if (f->list->start_mark.index < f->key->end_mark.index)
            return refuse(f->key, why); /* an alias: the list stands elsewhere */
        return add_to_list(f);
    }
    if (f->list != NULL) { /* `smtp_relays:` and nothing */
        char entry[ENTRY];
        size_t at = next_line(f, start_of(f, f->key));

        entry_lines(f, f->key->start_mark.column + 2, entry, sizeof entry);
        return replace(f, at, at, entry);
    }
    if (f->legacy)
        return add_list(f, NULL, 0, "");
    if (f->parent_key == NULL)
        return add_list(f, NULL, 2, "postal:\n");
    if (f->parent->type == YAML_SCALAR_NODE && scalar(f->parent).n == 0)
        return add_list(f, f->parent_key, f->parent_key->start_mark.column + 2, "");
    if (f->parent->type != YAML_MAPPING_NODE || !is_block(f->parent) ||
        f->parent->start_mark.index < f->parent_key->end_mark.index)
        return refuse(f->parent_key, why);
    return add_list(f, f->parent_key, f->parent->start_mark.column, "");
}

/* The entry as it should be, in its place. */
static char *correct(struct file *f, yaml_node_t *item, struct fault *why) {
    yaml_node_t *mode = NULL;
    char entry[ENTRY];
    size_t at;

    if (!f->legacy) {
        if (item->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && is_block(f->list))
            text_format(entry, sizeof entry, "smtp://%s:%u?ssl_mode=None", f->host, f->port);
        else
            entry_flow(f, entry, sizeof entry);
        return replace(f, start_of(f, item), end_of(f, item), entry);
    }
    if (find(f, item, "ssl_mode", NULL, &mode, why) == -1)
        return NULL;
    if (mode != NULL)
        return replace(f, start_of(f, mode), end_of(f, mode), "None");
    if (!is_block(item)) {
        at = end_of(f, item) - 1;
        return replace(f, at, at, ", ssl_mode: \"None\"");
    }
    at = next_line(f, end_of(f, item));
    text_format(entry, sizeof entry, "%*sssl_mode: None\n", (int)item->start_mark.column, "");
    return replace(f, at, at, entry);
}

/* Without comments and the list of relays: what must not change. FNV-1a over all other scalars. */
static uint64_t rest_of(struct file *f, const yaml_node_t *node, uint64_t hash) {
    if (node == f->list)
        return hash;
    if (node->type == YAML_SCALAR_NODE && node != f->key && node != f->parent_key) {
        struct span s = scalar(node);

        for (size_t i = 0; i < s.n; i++)
            hash = (hash ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
        return (hash ^ 0xff) * UINT64_C(1099511628211);
    }
    if (node->type == YAML_SEQUENCE_NODE) {
        for (yaml_node_item_t *i = node->data.sequence.items.start;
             i < node->data.sequence.items.top; i++)
            hash = rest_of(f, node_at(f, *i), hash);
    }
    if (node->type == YAML_MAPPING_NODE) {
        for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
             p++) {
            yaml_node_t *value = node_at(f, p->value);

            hash = rest_of(f, node_at(f, p->key), hash);
            /* `postal:` with nothing becomes one with our key alone: the same. */
            if (value != f->parent || value->type != YAML_SCALAR_NODE)
                hash = rest_of(f, value, hash);
        }
    }
    return hash;
}

static bool is_it(const struct file *f, const struct postal_relay *r) {
    return strcasecmp(r->host, f->host) == 0 && r->port == f->port;
}

/* How many relays of the text are this one, as it should be. */
static size_t count_good(const struct file *f, const struct postal_config *config) {
    size_t n = 0;

    for (size_t i = 0; i < config->count; i++)
        n += is_it(f, &config->relay[i]) && !config->relay[i].login &&
             strcmp(config->relay[i].ssl_mode, "None") == 0;
    return n;
}

/* Read again, the new text must be what was meant: this relay once more, or no more, `count` in
 * all, and all else as it was. */
static char *check(struct file *f, const struct postal_config *before, char *text, size_t count,
                   struct fault *why) {
    struct postal_config config;
    struct file now;
    size_t want = count_good(f, before) + (count < before->count ? 0 : 1);
    bool good;

    if (text == NULL)
        return NULL;
    good =
        open_file(&now, text, why) == 0 && read_file(&now, &config, why) == 0 &&
        config.count == count && rest_of(&now, now.root, 0) == rest_of(f, f->root, 0) &&
        (count < before->count ? count_good(f, &config) <= want : count_good(f, &config) == want);
    close_file(&now);
    if (good)
        return text;
    free(text);
    fault_set(why, "it is written in a way that is not changed here; write the relay in yourself");
    return NULL;
}

/* Opens the text and finds the relay: its number, or that of relays. False with `why`. */
static bool find_relay(struct file *f, const char *text, const char *host, uint32_t port,
                       struct postal_config *config, size_t *i_out, struct fault *why) {
    bool good = open_file(f, text, why) == 0 && read_file(f, config, why) == 0;

    f->host = host;
    f->port = port;
    for (*i_out = 0; good && *i_out < config->count; (*i_out)++) {
        if (is_it(f, &config->relay[*i_out]))
            break;
    }
    return good;
}

char *postalyaml_add(const char *text, const char *host, uint32_t port, struct fault *why) {
    struct postal_config config;
    struct file f;
    char *out = NULL;
    size_t i;

    if (find_relay(&f, text, host, port, &config, &i, why)) {
        if (i == config.count)
            out = check(&f, &config, add_new(&f, why), config.count + 1, why);
        else if (strcmp(config.relay[i].ssl_mode, "None") == 0 && !config.relay[i].login)
            out = xstrdup(text);
        else
            out = check(&f, &config, correct(&f, item_at(&f, i), why), config.count, why);
    }
    close_file(&f);
    return out;
}

/* Also the comma between it and its neighbour. */
static char *remove_flow(struct file *f, size_t i) {
    size_t n = item_count(f->list);
    size_t from = start_of(f, item_at(f, i)), to = end_of(f, item_at(f, i));

    if (i + 1 < n)
        to = start_of(f, item_at(f, i + 1));
    else if (i > 0)
        from = end_of(f, item_at(f, i - 1));
    return replace(f, from, to, "");
}

static char *remove_block(struct file *f, size_t i) {
    size_t from = line_start(f, start_of(f, item_at(f, i)));
    size_t to = next_line(f, end_of(f, item_at(f, i)));
    size_t colon;
    char *without, *out;
    struct file shorter;

    without = replace(f, from, to, "");
    if (item_count(f->list) > 1)
        return without;
    /* A list without entries must say so. */
    shorter = (struct file){.text = without, .size = strlen(without)};
    colon = byte_at(f, f->key->end_mark.index);
    colon += strspn(without + colon, " \t") + 1;
    out = replace(&shorter, colon, colon, " []");
    free(without);
    return out;
}

char *postalyaml_remove(const char *text, const char *host, uint32_t port, struct fault *why) {
    struct postal_config config;
    struct file f;
    char *out = NULL;
    size_t i;

    if (find_relay(&f, text, host, port, &config, &i, why)) {
        if (i == config.count)
            out = xstrdup(text);
        else if (f.list->start_mark.index < f.key->end_mark.index)
            refuse(f.key, why);
        else
            out = check(&f, &config, is_block(f.list) ? remove_block(&f, i) : remove_flow(&f, i),
                        config.count - 1, why);
    }
    close_file(&f);
    return out;
}
