#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "text.h"

static char path[64];
static char errors[2048];

static void on_error(const char *text, void *arg) {
    size_t n = strlen(errors);

    (void)arg;
    text_format(errors + n, sizeof errors - n, "%s\n", text);
}

static int load(const char *text, struct conf *conf, struct fault *why) {
    FILE *f;

    text_format(path, sizeof path, "/tmp/rw-test-conf-%ld", (long)getpid());
    f = fopen(path, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
    errors[0] = '\0';
    return conf_load(path, conf, on_error, NULL, why);
}

static void clean(void) {
    unlink(path);
}

Test(conf, the_sample_names_every_parameter_and_is_the_defaults) {
    static char text[32768];
    FILE *f = fopen(SOURCE_DIR "/config/relaywatch.conf", "r");
    struct conf defaults;
    struct conf sample;
    struct fault why;
    size_t n;

    cr_assert_not_null(f);
    n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    for (size_t i = 0; i < conf_parameter_count(); i++) {
        char line[96];

        text_format(line, sizeof line, "\n%s =", conf_parameter_name(i));
        cr_expect_not_null(strstr(text, line), "%s is missing in the sample",
                           conf_parameter_name(i));
    }
    conf_defaults(&defaults);
    errors[0] = '\0';
    cr_assert_eq(conf_load(SOURCE_DIR "/config/relaywatch.conf", &sample, on_error, NULL, &why), 0,
                 "%s %s", why.text, errors);
    cr_expect_eq(memcmp(&defaults, &sample, sizeof sample), 0);
}

Test(conf, values_are_taken, .fini = clean) {
    struct conf conf;
    struct fault why;

    cr_assert_eq(load("# comment\nhost = relay1\nredis = unix:/run/redis.sock\nsasl_passwd =\n"
                      "oldest_warning = 5m\nqueue_warning=7\n"
                      "canary_recipient = o'hara+canary@sub-1.example.com\n",
                      &conf, &why),
                 0, "%s", errors);
    cr_expect_str_eq(conf.host, "relay1");
    cr_expect_str_eq(conf.redis, "unix:/run/redis.sock");
    cr_expect_str_eq(conf.sasl_passwd, "");
    cr_expect_eq(conf.oldest_warning_s, 300u);
    cr_expect_eq(conf.queue_warning, 7u);
    cr_expect_str_eq(conf.canary_recipient, "o'hara+canary@sub-1.example.com");
    cr_expect_str_eq(conf.http_listen, "127.0.0.1:9154");
}

Test(conf, each_error_is_told_with_its_line_and_nothing_is_taken, .fini = clean) {
    static const struct {
        const char *name, *text, *want;
    } rows[] = {
        {"unknown name", "host = a\nnonsense = 1\n", "line 2: nonsense: no such parameter"},
        {"bad time", "oldest_warning = soon\n",
         "line 1: oldest_warning: bad value; right would be a time"},
        {"too large", "queue_interval = 2d\n", "line 1: queue_interval: bad value"},
        {"bad number", "\n\nqueue_warning = -1\n", "line 3: queue_warning: bad value"},
        {"relative path", "sasl_passwd = passwd\n", "right would be an absolute path"},
        {"relative log", "\nmail_log = /a mail.log\n",
         "line 2: mail_log: bad value; right would be absolute paths of files, journal or "
         "journal:/folder, each once (mail.log is no absolute path)"},
        {"a log twice", "mail_log = /a, /a\n", "each once (/a is named twice)"},
        {"journal and file", "host = a\nmail_log = journal /a\nqueue_warning = 7\n",
         "line 2: mail_log: names the journal and a file"},
        {"journal and file, no", "mail_log_distinct = no\nmail_log = /a journal:/b\n",
         "line 2: mail_log: names the journal and a file"},
        {"neither yes nor no", "mail_log_distinct = maybe\n", "right would be yes or no"},
        {"no address", "host = a\ncanary_recipient = canary\n",
         "line 2: canary_recipient: bad value; right would be one address, as in canary_recipient "
         "= canary@example.com"},
        {"two addresses", "canary_recipient = a@b.c, d@e.f\n", "right would be one address"},
        {"an address in brackets", "canary_recipient = <a@b.c>\n", "right would be one address"},
        {"an address of two signs", "canary_recipient = a@b@c\n", "right would be one address"},
        {"no domain", "canary_recipient = a@\n", "right would be one address"},
        {"too often", "canary_interval = 10\n", "line 1: canary_interval: bad value"},
        {"Redis by TLS", "host = a\nredis = rediss://h:6380\n",
         "line 2: redis: bad value; right would be unix:/path or host:port, and redis_tls = yes"},
        {"TLS on a socket", "redis_tls = yes\nredis = unix:/r\n",
         "line 1: redis_tls: a unix socket needs none"},
        {"Redis as a URL", "redis = redis://:secret@h:6379/0\n",
         "right would be unix:/path or host:port, without a scheme"},
        {"choice", "log_start = middle\n", "right would be end or beginning"},
        {"twice", "host = a\nhost = b\n", "line 2: host: given twice"},
        {"section", "[x]\nhost = a\n", "there are no sections here"},
        {"no equals sign", "host = a\nwhat is this\n", "line 2: (this line): not understood"},
        {"long value",
         "host = "
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
         "x"
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
         "right would be at most 127 characters"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct conf conf;
        struct conf before;
        struct fault why;

        memset(&conf, 0x5a, sizeof conf);
        before = conf;
        cr_expect_eq(load(rows[i].text, &conf, &why), -1, "%s", rows[i].name);
        cr_expect_not_null(strstr(errors, rows[i].want), "%s: %s", rows[i].name, errors);
        cr_expect_eq(memcmp(&conf, &before, sizeof conf), 0, "%s: something was taken",
                     rows[i].name);
    }
}

Test(conf, journal_and_files_with_different_lines_are_taken, .fini = clean) {
    struct conf conf;
    struct fault why;

    cr_assert_eq(load("mail_log = journal, /a /b\nmail_log_distinct = yes\n", &conf, &why), 0, "%s",
                 errors);
    cr_expect_str_eq(conf.mail_log, "journal, /a /b");
}

Test(conf, all_errors_of_a_file_are_told, .fini = clean) {
    struct conf conf;
    struct fault why;

    cr_assert_eq(load("a = 1\nb = 2\nqueue_warning = x\n", &conf, &why), -1);
    cr_expect_not_null(strstr(why.text, "3 errors"), "%s", why.text);
}

Test(conf, a_missing_file_is_told) {
    struct conf conf;
    struct fault why;

    cr_expect_eq(conf_load("/nonexistent.conf", &conf, on_error, NULL, &why), -1);
    cr_expect_not_null(strstr(why.text, "/nonexistent.conf: No such file"), "%s", why.text);
}
