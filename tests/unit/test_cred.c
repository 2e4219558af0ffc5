/* cred.c: what is accepted and what is refused, with the line; and the same reading as postmap's,
 * on random files. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cred.h"
#include "file.h"
#include "spawn.h"

static struct cred_file *parse(const char *text, size_t n, bool *good_out) {
    struct cred_file *file = calloc(1, sizeof *file);

    cr_assert_not_null(file);
    *good_out = cred_parse((struct span){text, n}, file);
    return file;
}

Test(cred, refuses) {
    static const struct {
        const char *name, *in;
        uint32_t line;
        const char *what; /* a part of it; NULL: accepted */
    } rows[] = {
        {"plain", "h u:p\n", 0, NULL},
        {"no newline", "h u:p", 0, NULL},
        {"tabs, blanks at the end", "h\t \tu:p \t\n", 0, NULL},
        {"comments and empty lines", "# x\n\n  # y\n \t\nh u:p\n#\xc3\xbc\n", 0, NULL},
        {"colons in the password", "[h]:587 u@x.y:p:q::\n", 0, NULL},
        {"hash in the password", "h u:p#q\n", 0, NULL},
        {"blank in the password", "h u:abcd efgh\n", 0, NULL},
        {"two keys", "h u:p\n[h]:587 u:q\n", 0, NULL},
        {"empty", "", 0, "no entry"},
        {"only comments", "# h u:p\n", 0, "no entry"},
        {"no value", "h\n", 1, "no value"},
        {"no value, blank", "x u:p\nh \n", 2, "no value"},
        {"no colon", "h up\n", 1, "no colon"},
        {"no user", "h :p\n", 1, "no user"},
        {"no password", "h u:\n", 1, "no password"},
        {"continuation", "h u:p\n q\n", 2, "join"},
        {"continuation after a comment", "h u:p\n# c\n\tq\n", 3, "join"},
        {"leading blank", " h u:p\n", 1, "join"},
        {"comment at the end", "h u:p # old\n", 1, "comment"},
        {"comment in place of a value", "h # u:p\n", 1, "comment"},
        {"tab in the value", "h u:p\tq\n", 1, "tab"},
        {"carriage return", "h u:p\r\n", 1, "carriage"},
        {"carriage return in a comment", "# x\r\nh u:p\n", 1, "carriage"},
        {"control", "h u:p\x01q\n", 1, "control"},
        {"delete", "h u:p\x7f\n", 1, "control"},
        {"not ASCII", "h u:p\xc3\xbc\n", 1, "ASCII"},
        {"byte order mark", "\xef\xbb\xbfh u:p\n", 1, "ASCII"},
        {"duplicate", "h u:p\nx u:p\nH u:q\n", 3, "same key"},
        {"quoted key", "\"h h\" u:p\n", 1, "quote"},
        {"backslash", "h\\ u:p\n", 1, "quote"},
        {"aliases", "h: u:p\n", 1, "colon"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool good;
        struct cred_file *file = parse(rows[i].in, strlen(rows[i].in), &good);

        cr_expect_eq(good, rows[i].what == NULL, "%s", rows[i].name);
        if (rows[i].what != NULL && !good) {
            cr_expect_eq(file->problem_count, 1, "%s: %u problems", rows[i].name,
                         file->problem_count);
            cr_expect_eq(file->problems[0].line, rows[i].line, "%s: line %u", rows[i].name,
                         file->problems[0].line);
            cr_expect_not_null(strstr(file->problems[0].what, rows[i].what), "%s: %s", rows[i].name,
                               file->problems[0].what);
        }
        free(file);
    }
}

Test(cred, nul_and_size) {
    static const char nul[] = "h u:p\0q\n";
    char *big = malloc(CRED_FILE_MAX + 1);
    struct cred_file *file;
    bool good;

    cr_assert_not_null(big);
    file = parse(nul, sizeof nul - 1, &good);
    cr_expect_not(good);
    cr_expect_not_null(strstr(file->problems[0].what, "NUL"));
    free(file);
    memset(big, '#', CRED_FILE_MAX + 1);
    file = parse(big, CRED_FILE_MAX + 1, &good);
    cr_expect_not(good);
    free(file);
    memcpy(big, "h u:", 4);
    memset(big + 4, 'p', 600);
    file = parse(big, 4 + CRED_SECRET_MAX, &good);
    cr_expect(good, "the longest password");
    free(file);
    file = parse(big, 4 + CRED_SECRET_MAX + 1, &good);
    cr_expect_not(good, "one more");
    free(file);
    free(big);
}

Test(cred, every_problem) {
    static const char text[] = "a\nb up\nc u:p\nd :p\n";
    struct cred_file *file;
    bool good;

    file = parse(text, sizeof text - 1, &good);
    cr_expect_eq(file->problem_count, 3);
    cr_expect_eq(file->problems[2].line, 4);
    cr_expect_eq(file->count, 1);
    free(file);
}

Test(cred, lookup_in_the_order_of_smtp) {
    static const char both[] = "[h.x]:587 u:nexthop\nh.x u:host\nother u:o\n";
    static const char one[] = "[H.x]:587 u:nexthop\n";
    struct cred_file *file;
    bool good;

    file = parse(both, sizeof both - 1, &good);
    cr_assert(good);
    cr_expect(span_is(cred_lookup(file, "h.x", "[h.x]:587")->secret, "host"));
    cr_expect_null(cred_lookup(file, "y", "[y]:587"));
    free(file);
    file = parse(one, sizeof one - 1, &good);
    cr_assert(good);
    cr_expect(span_is(cred_lookup(file, "h.x", "[h.x]:587")->secret, "nexthop"), "case");
    cr_expect_null(cred_lookup(file, "h.x", "[h.x]:465"), "another port");
    free(file);
}

static size_t random_file(char *out, unsigned *seed) {
    static const char *const parts[] = {
        "host",  "[h]:587", "a.b",    "u:p", "u@d:pass word", " ", "  ",      "\t",
        "\n",    "\n",      "# note", "\n#", "key ",          "x", " x",      ":",
        "\"",    "\\",      "\r",     "#",   " # c",          "K", "k u:v\n", "H u:w\n",
        "m v:1", "\xc3\xbc"};
    static const char *const tame[] = {"host u:p\n",  "[h]:587\tu@d:pass word\n",
                                       "a.b x:#y \n", "# note\n",
                                       "\n",          "k  u:v::\n",
                                       "H u:w\n",     "  # deep\n",
                                       "last u:end"};
    unsigned many = (unsigned)rand_r(seed) % 8 + 1;
    bool wild = rand_r(seed) % 2 == 0;
    size_t n = 0;

    for (unsigned i = 0; i < many; i++) {
        const char *part = wild || rand_r(seed) % 20 == 0
                               ? parts[(unsigned)rand_r(seed) % (sizeof parts / sizeof parts[0])]
                               : tame[(unsigned)rand_r(seed) % (sizeof tame / sizeof tame[0])];

        memcpy(out + n, part, strlen(part));
        n += strlen(part);
    }
    return n;
}

/* "key\tvalue\n" must stand in what postmap listed, the key in lower case (postmap folds it). */
static bool listed(const char *list, const struct cred *one) {
    char line[1200];
    size_t n;

    if (!text_format(line, sizeof line, "\n%.*s\t%.*s\n", (int)one->key.n, one->key.p,
                     (int)one->value.n, one->value.p))
        return false;
    n = one->key.n;
    for (size_t i = 1; i <= n; i++)
        line[i] = line[i] >= 'A' && line[i] <= 'Z' ? (char)(line[i] + 32) : line[i];
    return strstr(list, line) != NULL;
}

Test(cred, as_postmap_reads) {
    const struct timespec past[2] = {{.tv_sec = 1000000}, {.tv_sec = 1000000}};
    char folder[] = "/tmp/test_cred.XXXXXX"; /* with a main.cf: postmap wants one, and the host may have none */
    char main_cf[64], path[64], table[80], text[512], list[4096], errors[1024];
    const char *args[] = {"/usr/sbin/postmap", "-c", folder, "-s", table, NULL};
    unsigned seed = 7, accepted = 0;
    int fd;

    if (access("/usr/sbin/postmap", X_OK) == -1)
        cr_skip_test("no Postfix here");
    cr_assert_not_null(mkdtemp(folder));
    text_format(main_cf, sizeof main_cf, "%s/main.cf", folder);
    cr_assert_eq(file_replace(main_cf, "compatibility_level = 2\n", 24, 0600, NULL), 0);
    text_format(path, sizeof path, "%s/passwd", folder);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    cr_assert_neq(fd, -1);
    text_format(table, sizeof table, "texthash:%s", path);
    for (int i = 0; i < 500; i++) {
        size_t n = random_file(text, &seed), lines = 0;
        struct spawn job = {.argv = args,
                            .output = list + 1,
                            .output_size = sizeof list - 1,
                            .errors = errors,
                            .errors_size = sizeof errors,
                            .timeout_ms = 10000};
        struct cred_file *file;
        bool good;

        file = parse(text, n, &good);
        if (!good) {
            free(file);
            continue;
        }
        accepted++;
        cr_assert_eq(ftruncate(fd, 0), 0);
        cr_assert_eq(pwrite(fd, text, n, 0), (ssize_t)n);
        cr_assert_eq(futimens(fd, past), 0); /* else Postfix waits for a hot file to cool down */
        cr_assert_eq(spawn_run(&job, NULL), 0);
        list[0] = '\n';
        cr_expect_eq(job.status, 0, "file %d", i);
        cr_expect_str_eq(errors, "", "file %d: %s", i, errors);
        for (size_t k = 1; list[k] != '\0'; k++)
            lines += list[k] == '\n';
        cr_expect_eq(lines, file->count, "file %d: postmap has %zu, we %u: %s", i, lines,
                     file->count, text);
        for (uint32_t k = 0; k < file->count; k++)
            cr_expect(listed(list, &file->entries[k]), "file %d, entry %u", i, k);
        free(file);
    }
    close(fd);
    unlink(path);
    unlink(main_cf);
    rmdir(folder);
    cr_expect_geq(accepted, 100, "only %u files were accepted", accepted);
}
