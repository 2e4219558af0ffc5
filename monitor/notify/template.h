/* The JSON body of a webhook as its operator wants it: a text with placeholders,
 *
 *     {"chat": "${headline}", "state": ${status}, "steps": ${fix}, "price": "5 $${"}
 *
 * Within a string of JSON, ${field} is replaced by the field's text, escaped; elsewhere by the
 * whole value: a text with its quotes, a number, an array, null. $${ stands for ${ itself. So what
 * is sent is JSON whatever is in the fields; that it is, is tried when the template is read. Pure,
 * but for memory. */
#ifndef NOTIFY_TEMPLATE_H
#define NOTIFY_TEMPLATE_H

#include <stddef.h>

#include "fault.h"
#include "text.h"

enum { TEMPLATE_FILE_MOST = 64 * 1024 };

struct json_t;
struct template;

/* Reads the text of the file `name`. `samples`: objects with the fields that there are, to try it
 * with. NULL and why ("name, line N: what; right would be ...") when it is no good. */
MUSTCHECK struct template *template_read(const char *name, struct span text,
                                         const struct json_t *const *samples, size_t count,
                                         struct fault *why);
void template_free(struct template **template);

/* The body. free() it. */
char *template_fill(const struct template *template, const struct json_t *fields);

#endif
