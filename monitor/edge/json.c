/* See json.h. */
#include "json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "log.h"
#include "text.h"
#include "xmem.h"

static json_t *must(json_t *value) {
    if (value == NULL)
        die(EX_OSERR, "json: out of memory");
    return value;
}

struct json_t *json_make_object(void) {
    return must(json_object());
}

struct json_t *json_make_array(void) {
    return must(json_array());
}

void json_release(struct json_t **value) {
    json_decref(*value);
    *value = NULL;
}

static json_t *make_text(const char *text) {
    size_t size;
    json_t *value;
    char *clean;

    if (text == NULL)
        return json_null();
    value = json_string(text);
    if (value != NULL)
        return value;
    size = strlen(text) + 1; /* not UTF-8 */
    clean = xcalloc(1, size);
    text_copy_printable(clean, size, span_of(text));
    value = must(json_string(clean));
    free(clean);
    return value;
}

void json_put(struct json_t *object, const char *key, struct json_t *value) {
    if (json_object_set_new(object, key, value) == -1)
        die(EX_OSERR, "json: cannot set %s", key);
}

void json_put_text(struct json_t *object, const char *key, const char *text) {
    json_put(object, key, make_text(text));
}

void json_put_int(struct json_t *object, const char *key, int64_t number) {
    json_put(object, key, must(json_integer(number)));
}

void json_put_real(struct json_t *object, const char *key, double number) {
    json_put(object, key, must(json_real(number)));
}

void json_put_bool(struct json_t *object, const char *key, bool value) {
    json_put(object, key, json_boolean(value));
}

void json_put_null(struct json_t *object, const char *key) {
    json_put(object, key, json_null());
}

void json_put_time(struct json_t *object, const char *key, int64_t time_ms) {
    time_t seconds = (time_t)(time_ms / 1000);
    char text[40];
    struct tm tm;

    if (time_ms == 0 || gmtime_r(&seconds, &tm) == NULL) {
        json_put_null(object, key);
        return;
    }
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    json_put_text(object, key, text);
}

void json_add(struct json_t *array, struct json_t *value) {
    if (json_array_append_new(array, value) == -1)
        die(EX_OSERR, "json: cannot append");
}

void json_add_text(struct json_t *array, const char *text) {
    json_add(array, make_text(text));
}

char *json_print(const struct json_t *value, bool indent) {
    char *text = json_dumps(value, (indent ? JSON_INDENT(2) : JSON_COMPACT) | JSON_PRESERVE_ORDER |
                                       JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY);

    if (text == NULL)
        die(EX_OSERR, "json: out of memory");
    return text;
}

struct json_t *json_read(const char *text, size_t size, struct fault *why) {
    json_error_t error;
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);

    if (value == NULL)
        fault_set(why, "JSON, line %d: %s", error.line, error.text);
    return value;
}

struct json_t *json_get(const struct json_t *object, const char *key) {
    return json_object_get(object, key);
}

const char *json_text(const struct json_t *value) {
    const char *text = json_string_value(value);

    return text != NULL ? text : "";
}

const char *json_get_text(const struct json_t *object, const char *key) {
    return json_text(json_object_get(object, key));
}

int64_t json_get_int(const struct json_t *object, const char *key, int64_t fallback) {
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

double json_get_real(const struct json_t *object, const char *key, double fallback) {
    const json_t *value = json_object_get(object, key);

    return json_is_number(value) ? json_number_value(value) : fallback;
}

bool json_get_bool(const struct json_t *object, const char *key) {
    return json_is_true(json_object_get(object, key));
}

size_t json_count(const struct json_t *array) {
    return json_array_size(array);
}

struct json_t *json_at(const struct json_t *array, size_t i) {
    return json_array_get(array, i);
}

void json_each(struct json_t *object,
               void (*on_member)(const char *key, struct json_t *value, void *arg), void *arg) {
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value) {
        on_member(key, value, arg);
    }
}
