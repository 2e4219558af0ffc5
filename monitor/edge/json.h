/* JSON in and out. A thin skin over jansson, whose header is included by json.c alone: `struct
 * json` is jansson's json_t. Building never fails (memory: xmem.h); text that is not UTF-8 is made
 * printable first. Nothing blocks. */
#ifndef EDGE_JSON_H
#define EDGE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

struct json_t;

struct json_t *json_make_object(void);
struct json_t *json_make_array(void);
void json_release(struct json_t **value);

/* Set a member of an object; a value handed over belongs to the object from then on. */
void json_put(struct json_t *object, const char *key, struct json_t *value);
void json_put_text(struct json_t *object, const char *key, const char *text); /* NULL: null */
void json_put_int(struct json_t *object, const char *key, int64_t number);
void json_put_real(struct json_t *object, const char *key, double number);
void json_put_bool(struct json_t *object, const char *key, bool value);
void json_put_null(struct json_t *object, const char *key);
/* RFC 3339 in UTC, whole seconds; null for 0. */
void json_put_time(struct json_t *object, const char *key, int64_t time_ms);
/* Append to an array. */
void json_add(struct json_t *array, struct json_t *value);
void json_add_text(struct json_t *array, const char *text);

/* The text, to be freed with free(); keys in the order they were put. */
char *json_print(const struct json_t *value, bool indent);

/* NULL and why on bad JSON. */
MUSTCHECK struct json_t *json_read(const char *text, size_t size, struct fault *why);

/* Look into a value; a missing member or another type gives the fallback (NULL, 0, false). What is
 * returned belongs to the object. */
struct json_t *json_get(const struct json_t *object, const char *key);
const char *json_get_text(const struct json_t *object, const char *key); /* never NULL: "" */
int64_t json_get_int(const struct json_t *object, const char *key, int64_t fallback);
double json_get_real(const struct json_t *object, const char *key, double fallback);
bool json_get_bool(const struct json_t *object, const char *key);
size_t json_count(const struct json_t *array);
struct json_t *json_at(const struct json_t *array, size_t i);
const char *json_text(const struct json_t *value); /* of a string; never NULL */
/* Calls on_member for each member of an object, in order. */
void json_each(struct json_t *object,
               void (*on_member)(const char *key, struct json_t *value, void *arg), void *arg);

#endif
