/* See receiverfiles.h. */
#include "receiverfiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "xmem.h"

#include "json.h"

#include "drill.h"
#include "payload.h"
#include "posturl.h"
#include "template.h"

static void free_templates(struct receivers *all) {
    for (int i = 0; i < all->count; i++)
        template_free(&all->receiver[i].template);
}

/* What a template can have in it. */
static struct json_t *sample_fields(int64_t ended_ms) {
    struct incident *incident = drill_make("host", "http://host/", 1000, ended_ms);
    struct notice notice = drill_notice(incident);
    struct json_t *fields = payload_fields(incident, &notice);

    drill_free(&incident);
    return fields;
}

static int load_template(struct receiver *r, struct fault *why) {
    struct json_t *firing = sample_fields(0), *over = sample_fields(2000);
    const struct json_t *const samples[] = {firing, over};
    char *text = xcalloc(1, TEMPLATE_FILE_MOST);
    ssize_t n = file_read(r->template_file, text, TEMPLATE_FILE_MOST, why);

    if (n != -1)
        r->template =
            template_read(r->template_file, (struct span){text, (size_t)n}, samples, 2, why);
    free(text);
    json_release(&firing);
    json_release(&over);
    return r->template != NULL ? 0 : -1;
}

/* On an error none of them is left. */
static int load_templates(struct receivers *all, void (*on_error)(const char *text, void *arg),
                          void *arg, struct fault *why) {
    struct fault wrong;
    int errors = 0;

    for (int i = 0; i < all->count; i++) {
        if (all->receiver[i].template_file[0] == '\0' ||
            load_template(&all->receiver[i], &wrong) == 0)
            continue;
        errors++;
        if (on_error != NULL)
            on_error(wrong.text, arg);
    }
    if (errors == 0)
        return 0;
    free_templates(all);
    return fault_set(why, "%d template%s cannot be used", errors, errors == 1 ? "" : "s");
}

int receiverfiles_load(const char *path, struct receivers *out,
                       void (*on_error)(const char *text, void *arg), void *arg,
                       struct fault *why) {
    struct receivers *fresh = xcalloc(1, sizeof *fresh);
    char *text = xcalloc(1, RECEIVERS_FILE_MOST + 1);
    ssize_t n = -1;
    int result = -1;

    if (access(path, F_OK) == -1 && errno == ENOENT)
        result = 1;
    else
        n = file_read(path, text, RECEIVERS_FILE_MOST + 1, why);
    if (n != -1 &&
        receivers_parse(path, (struct span){text, (size_t)n}, fresh, on_error, arg, why) == 0)
        result = load_templates(fresh, on_error, arg, why);
    *out = *fresh;
    wipe(fresh, sizeof *fresh);
    free(fresh);
    wipe(text, RECEIVERS_FILE_MOST + 1);
    free(text);
    return result;
}

void receiverfiles_free(struct receivers **receivers) {
    if (*receivers == NULL)
        return;
    free_templates(*receivers);
    wipe(*receivers, sizeof **receivers);
    free(*receivers);
    *receivers = NULL;
}

int receiverfiles_secret(const char *path, char *out, size_t size, struct fault *why) {
    ssize_t n = file_read(path, out, size, why);
    struct span word;

    if (n == -1)
        return -1;
    word = span_trim((struct span){out, (size_t)n});
    if (!posturl_is_plain(word)) {
        wipe(out, size);
        return fault_set(why, "%s: right would be one line without spaces in it", path);
    }
    memmove(out, word.p, word.n);
    wipe(out + word.n, size - word.n);
    return 0;
}

int receiverfiles_url(const struct receiver *r, char out[RECEIVER_URL_SIZE], struct fault *why) {
    if (r->url_file[0] == '\0') {
        text_copy(out, RECEIVER_URL_SIZE, r->url);
        return 0;
    }
    if (receiverfiles_secret(r->url_file, out, RECEIVER_URL_SIZE, why) == -1)
        return -1;
    if (posturl_is_good(span_of(out)) && posturl_is_safe(span_of(out)) && strchr(out, '#') == NULL)
        return 0;
    wipe(out, RECEIVER_URL_SIZE);
    return fault_set(why, "%s: not a URL that can be posted to; right would be https://HOST/PATH",
                     r->url_file);
}

/* It goes into JSON as it is. */
int receiverfiles_key(const struct receiver *r, char *out, size_t size, struct fault *why) {
    if (receiverfiles_secret(r->key_file, out, size, why) == -1)
        return -1;
    for (const char *p = out; *p != '\0'; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
            *p == '_' || *p == '-')
            continue;
        wipe(out, size);
        return fault_set(why, "%s: not a routing key; right would be letters and digits alone",
                         r->key_file);
    }
    return 0;
}
