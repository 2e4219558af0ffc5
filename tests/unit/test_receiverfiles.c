/* receiverfiles.c: what is read out of files, and that no secret is in what it says of them. */
#include "receiverfiles.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char errors[4096];

static void on_error(const char *text, void *arg) {
    (void)arg;
    strncat(errors, text, sizeof errors - strlen(errors) - 1);
    strncat(errors, "\n", sizeof errors - strlen(errors) - 1);
}

/* The URL of a receiver may stand in a file of its own. */
static void check_url_file(const char *path) {
    static const struct {
        const char *in;
        bool good;
    } rows[] = {{"https://h.example/services/T0/B0/xyz\n", true},
                {"http://127.0.0.1:80/x", true},
                {"http://h.example/x", false},
                {"abc", false},
                {"https://h/#x", false},
                {"", false}};
    char line[128], url[RECEIVER_URL_SIZE];
    struct receivers got;
    struct fault why;

    snprintf(line, sizeof line, "webhook = %s\n", path);
    cr_assert_eq(receivers_parse("r.conf", span_of(line), &got, NULL, NULL, &why), 0, "%s",
                 why.text);
    cr_expect_str_eq(got.receiver[0].place, path);
    cr_expect_str_eq(got.receiver[0].url, "");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        FILE *f = fopen(path, "w");

        fputs(rows[i].in, f);
        fclose(f);
        cr_expect_eq(receiverfiles_url(&got.receiver[0], url, &why), rows[i].good ? 0 : -1, "%s",
                     rows[i].in);
        if (rows[i].good)
            cr_expect_eq(strncmp(url, rows[i].in, strlen(url)), 0, "%s", url);
        else
            cr_expect(strstr(why.text, "example") == NULL, "no URL in: %s", why.text);
    }
}

Test(receiverfiles, file_and_token) {
    char dir[] = "/tmp/test_receivers.XXXXXX";
    char path[64], token[64];
    struct receivers got;
    struct fault why;
    FILE *f;

    cr_assert(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/f", dir);
    cr_expect_eq(receiverfiles_load(path, &got, on_error, NULL, &why), 1, "no such file");
    cr_expect_eq(got.count, 0);

    f = fopen(path, "w");
    fputs("webhook = https://h/x\n", f);
    fclose(f);
    cr_expect_eq(receiverfiles_load(path, &got, on_error, NULL, &why), 0);
    cr_expect_eq(got.count, 1);

    cr_expect_eq(receiverfiles_secret(path, token, sizeof token, &why), -1, "spaces are no token");
    f = fopen(path, "w");
    fputs(" abc123 \r\n", f);
    fclose(f);
    cr_expect_eq(receiverfiles_secret(path, token, sizeof token, &why), 0);
    cr_expect_str_eq(token, "abc123");
    check_url_file(path);
    unlink(path);
    cr_expect_eq(receiverfiles_secret(path, token, sizeof token, &why), -1);
    rmdir(dir);
}

/* Writes a file in the folder; its path is good until the next call but one. */
static const char *put_file(const char *dir, const char *name, const char *text) {
    static char path[2][128];
    static int turn;
    char *out = path[turn = 1 - turn];
    FILE *f;

    snprintf(out, sizeof path[0], "%s/%s", dir, name);
    f = fopen(out, "w");
    fputs(text, f);
    fclose(f);
    return out;
}

Test(receiverfiles, templates) {
    static const struct {
        const char *template;
        const char *want; /* in the message; NULL: it is good */
    } rows[] = {
        {"{\"text\": \"${headline} ${since_time}\", \"over\": ${ended_time}, \"s\": "
         "${duration_seconds}}",
         NULL},
        {"{\n\"text\": \"${nonsense}\"}", "t.json, line 2: ${nonsense}: no such field"},
        {"{${ended_time}: 1}", "t.json: what it makes is not JSON"},
    };
    char dir[] = "/tmp/test_receivers.XXXXXX";
    char text[300];

    cr_assert(mkdtemp(dir) != NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *template = put_file(dir, "t.json", rows[i].template);
        struct receivers *got = calloc(1, sizeof *got);
        struct fault why;
        const char *conf;
        int result;

        snprintf(text, sizeof text, "webhook = https://h/1\nwebhook = https://h/2\ntemplate = %s\n",
                 template);
        conf = put_file(dir, "r.conf", text);
        errors[0] = '\0';
        result = receiverfiles_load(conf, got, on_error, NULL, &why);
        cr_expect_eq(result, rows[i].want == NULL ? 0 : -1, "%s", errors);
        if (rows[i].want != NULL)
            cr_expect(strstr(errors, rows[i].want) != NULL, "%s", errors);
        cr_expect_eq(got->receiver[1].template != NULL, rows[i].want == NULL);
        cr_expect(got->receiver[0].template == NULL);
        receiverfiles_free(&got);
        unlink(template);
        result = receiverfiles_load(conf, got = calloc(1, sizeof *got), on_error, NULL, &why);
        cr_expect_eq(result, -1, "no such template");
        receiverfiles_free(&got);
        unlink(conf);
    }
    rmdir(dir);
}
