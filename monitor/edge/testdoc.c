/* See testdoc.h. */
#include "testdoc.h"

#include "text.h"

#include "json.h"

static char *print(struct json_t *packet) {
    char *text;

    json_put_int(packet, "version", 1);
    text = json_print(packet, false);
    json_release(&packet);
    return text;
}

char *testdoc_print_question(const char *name) {
    struct json_t *packet = json_make_object();

    json_put_text(packet, "test", name);
    return print(packet);
}

char *testdoc_print_error(const char *why) {
    struct json_t *packet = json_make_object();

    json_put_text(packet, "error", why);
    return print(packet);
}

char *testdoc_print_step(const struct testdoc_step *step) {
    struct json_t *packet = json_make_object();
    struct json_t *o = json_make_object();

    json_put_text(o, "receiver", step->name);
    json_put_text(o, "kind", step->kind);
    json_put_text(o, "place", step->place);
    json_put_text(o, "notice", step->is_end ? "resolved" : "firing");
    json_put_text(o, "result", step->taken ? "taken" : step->refused ? "refused" : "failed");
    json_put_text(o, "answer", step->text);
    json_put_int(o, "took_ms", step->took_ms);
    json_put_bool(o, "last", step->last);
    json_put(packet, "step", o);
    return print(packet);
}

bool testdoc_read_question(const char *packet, size_t size, char name[TESTDOC_NAME]) {
    struct fault unused;
    struct json_t *json = size <= TESTDOC_QUESTION_MOST ? json_read(packet, size, &unused) : NULL;
    bool good;

    if (json == NULL)
        return false;
    good = json_get_int(json, "version", 0) == 1 && json_get_text(json, "test")[0] != '\0';
    if (good)
        text_copy_printable(name, TESTDOC_NAME, span_of(json_get_text(json, "test")));
    json_release(&json);
    return good;
}
