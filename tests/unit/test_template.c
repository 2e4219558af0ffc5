/* template.c: what is made is JSON, whatever is in the fields; what cannot be is told with its
 * line. */
#include "template.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static struct json_t *make_fields(void) {
    static const char text[] =
        "{\"status\":\"firing\",\"title\":\"a \\\"q\\\" \\\\ \\n\\u0001 \xc3\xa4 </x>\","
        "\"count\":12,\"since\":1732340000.123,\"ended\":null,\"fix\":[\"one\",\"t\\\"wo\"]}";
    struct fault why;
    struct json_t *fields = json_read(text, strlen(text), &why);

    cr_assert(fields != NULL, "%s", why.text);
    return fields;
}

/* What the template makes of these; or what is said of it. */
static char *fill(const char *text) {
    struct json_t *fields = make_fields();
    const struct json_t *const samples[] = {fields};
    struct fault why;
    struct template *t = template_read("t.json", span_of(text), samples, 1, &why);
    char *out = t != NULL ? template_fill(t, fields) : strdup(why.text);

    template_free(&t);
    json_release(&fields);
    return out;
}

Test(template, good) {
    static const struct {
        const char *in, *want;
    } rows[] = {
        {"{}", "{}"},
        {"{\"a\": \"x ${status} y\"}", "{\"a\": \"x firing y\"}"},
        {"{\"a\": ${status}}", "{\"a\": \"firing\"}"},
        {"{\"a\": ${title}}", "{\"a\": \"a \\\"q\\\" \\\\ \\n\\u0001 \xc3\xa4 </x>\"}"},
        {"{\"a\": \"${title}\"}", "{\"a\": \"a \\\"q\\\" \\\\ \\n\\u0001 \xc3\xa4 </x>\"}"},
        {"{\"a\": ${count}, \"b\": \"${count}\"}", "{\"a\": 12, \"b\": \"12\"}"},
        {"[${since},${ended}]", "[1732340000.123,null]"},
        {"[\"${since}\",\"${ended}\"]", "[\"1732340000.123\",\"\"]"},
        {"[${fix},\"${fix}\"]", "[[\"one\",\"t\\\"wo\"],\"one\\nt\\\"wo\"]"},
        {"[\"$${status} $5 $ {x}\"]", "[\"${status} $5 $ {x}\"]"},
        {"[\"\\\"${status}\\\\\", ${status}]", "[\"\\\"firing\\\\\", \"firing\"]"},
        {"{${status}: 1}", "{\"firing\": 1}"},
        {"[\"${status}${status}\"]", "[\"firingfiring\"]"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *got = fill(rows[i].in);

        cr_expect_str_eq(got, rows[i].want, "%s: %s", rows[i].in, got);
        free(got);
    }
}

Test(template, bad) {
    static const struct {
        const char *in, *want;
    } rows[] = {
        {"{\n\"a\": \"${stats}\"}",
         "t.json, line 2: ${stats}: no such field; right would be one of "
         "status, title, count, since, ended, fix"},
        {"{\"a\": \"${status\"}", "t.json, line 1: ${ without its }"},
        {"{\"a\": \"${", "t.json, line 1: ${ without its }"},
        {"{\"a\": \"${}\"}", "t.json, line 1: ${}: no such field"},
        {"{\"a\": \"${0123456789012345678901234567890123456789}\"}", "line 1: ${ without its }"},
        {"{\n\n\"a\": nonsense}", "t.json: what it makes is not JSON: JSON, line 3: "},
        {"{\"a\": ${status}", "t.json: what it makes is not JSON"},
        {"{\"a\": 1, \"a\": 2}", "t.json: what it makes is not JSON"},
        {"", "t.json: what it makes is not JSON"},
        {"[1${count}]", "line 1: ${count} touches something else"},
        {"[${count}0]", "line 1: ${count} touches something else"},
        {"[${count}${count}]", "line 1: ${count} touches something else"},
        {"[-${count}]", "line 1: ${count} touches something else"},
        {"[$${]", "t.json: what it makes is not JSON"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *got = fill(rows[i].in);

        cr_expect(strstr(got, rows[i].want) != NULL, "%s: %s", rows[i].in, got);
        free(got);
    }
}

Test(template, a_sample_that_fails_counts) {
    struct json_t *one = make_fields(), *other = make_fields();
    const struct json_t *const samples[] = {one, other};
    struct fault why;

    json_put_null(other, "status");
    cr_expect_null(template_read("t", SPAN("{${status}: 1}"), samples, 2, &why), "null is no key");
    json_release(&one);
    json_release(&other);
}

Test(template, too_many_fields) {
    char *text = malloc(20000), *got;
    size_t n = 2;

    memcpy(text, "[\"", 3);
    for (int i = 0; i < 1001; i++, n += 8)
        memcpy(text + n, "${count}", 9);
    memcpy(text + n, "\"]", 3);
    got = fill(text);
    cr_expect(strstr(got, "too many fields") != NULL, "%s", got);
    free(got);
    free(text);
}
