#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "completion.h"

static int nothing(int argc, char **argv, const char *conf_path) {
    (void)argc;
    (void)argv;
    (void)conf_path;
    return 0;
}

static const struct command first = {
    .name = "first",
    .summary = "it's the first",
    .help = "usage: relaywatch first [show | list-all] [--json]\n"
            "       relaywatch first set NAME [--since-when TIME] < FILE\n"
            "       relaywatch [-c FILE] first undo\n"
            "Words of relaywatch and of first things.\n"
            "  --json   one object; --json again\n"
            "Example: relaywatch first never --example\n",
    .run = nothing};
static const struct command second = {.name = "second",
                                      .summary = "no options",
                                      .help = "usage: relaywatch second\n",
                                      .run = nothing};
static const struct command *const commands[] = {&first, &second};

Test(completion, words_of_a_command) {
    char words[200];

    completion_words(&first, words, sizeof words);
    cr_expect_str_eq(words, "show list-all set undo --json --since-when --help");
    completion_words(&second, words, sizeof words);
    cr_expect_str_eq(words, "--help");
}

static char *print(const char *shell) {
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    cr_assert_eq(completion_print(out, shell, commands, 2), 0);
    fclose(out);
    return text;
}

Test(completion, scripts) {
    char *bash = print("bash"), *zsh = print("zsh");

    cr_expect_not_null(strstr(bash, "'') words='first second -c --help --version' ;;"), "%s", bash);
    cr_expect_not_null(strstr(bash, "second) words='--help' ;;"), "%s", bash);
    cr_expect_not_null(strstr(zsh, "'first:it'\\''s the first'"), "%s", zsh);
    cr_expect_not_null(strstr(zsh, "second) compadd -- --help; _files ;;"), "%s", zsh);
    cr_expect_eq(completion_print(stdout, "fish", commands, 2), -1);
    free(bash);
    free(zsh);
}
