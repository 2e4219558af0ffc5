/* A template, as an operator may write it: one that is taken makes JSON of whatever is in the
 * fields. */
#include "template.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct json_t *read_fields(const char *text) {
    struct fault why;
    struct json_t *fields = json_read(text, strlen(text), &why);

    assert(fields != NULL);
    return fields;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct json_t *firing = read_fields("{\"id\":\"a\",\"text\":\"b\",\"count\":1,\"ended\":null,"
                                        "\"fix\":[\"c\"]}");
    struct json_t *over = read_fields("{\"id\":\"a\",\"text\":\"b\",\"count\":2,\"ended\":3.5,"
                                      "\"fix\":[]}");
    struct json_t *odd =
        read_fields("{\"id\":\"\\\"}\",\"text\":\"\\\\\\n\\u0001${id}\",\"count\":-7,"
                    "\"ended\":1e300,\"fix\":[\"]\\\"\",\"{\\\\\"]}");
    const struct json_t *const samples[] = {firing, over};
    char *exact = malloc(size > 0 ? size : 1);
    struct fault why = {""};
    struct template *t;

    memcpy(exact, data, size); /* so that a read beyond it is seen */
    t = template_read("f", (struct span){exact, size}, samples, 2, &why);
    assert((t == NULL) == (why.text[0] == 'f'));
    if (t != NULL) {
        char *body = template_fill(t, odd);
        struct json_t *json = json_read(body, strlen(body), &why);

        assert(json != NULL);
        json_release(&json);
        free(body);
    }
    template_free(&t);
    free(exact);
    json_release(&firing);
    json_release(&over);
    json_release(&odd);
    return 0;
}
