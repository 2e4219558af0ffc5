/* See completion.h. */
#include "completion.h"

#include <stdbool.h>
#include <string.h>

#include "text.h"

enum { WORDS = 1024 };

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";

static void add_word(char *out, size_t size, struct span word) {
    size_t n = strlen(out);

    for (const char *at = out; (at = memmem(at, strlen(at), word.p, word.n)) != NULL; at++) {
        bool begins = at == out || at[-1] == ' ';

        if (begins && (at[word.n] == ' ' || at[word.n] == '\0'))
            return;
    }
    text_format(out + n, size - n, "%s%.*s", n > 0 ? " " : "", (int)word.n, word.p);
}

/* "  relaywatch postal add-relay [--host NAME]": small words behind the command, up to the first
 * that is none. Brackets and bars only say what may be left out. */
static void add_verbs(const char *between, const struct command *command, char *out, size_t size) {
    char head[64];

    text_format(head, sizeof head, "relaywatch %s%s ", between, command->name);
    for (const char *at = command->help; (at = strstr(at, head)) != NULL;) {
        at += strlen(head);
        for (;;) {
            size_t n;

            at += strspn(at, " [|");
            n = *at == '-' ? 0 : strspn(at, "abcdefghijklmnopqrstuvwxyz-");
            if (n == 0 || at[n] == '\0' || strchr(" ]|\n", at[n]) == NULL)
                break;
            add_word(out, size, (struct span){at, n});
            at += n + (at[n] == ']');
            if (*at == '\n')
                break;
        }
    }
}

static void add_options(const struct command *command, char *out, size_t size) {
    for (const char *at = command->help; (at = strstr(at, "--")) != NULL;) {
        size_t n = 2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-");

        if (n > 3 && (at == command->help || strchr(lower, at[-1]) == NULL))
            add_word(out, size, (struct span){at, n});
        at += n;
    }
}

void completion_words(const struct command *command, char *out, size_t size) {
    const char *example = strstr(command->help, "\nExample:");
    char help[8192];
    struct command without = *command;

    out[0] = '\0';
    text_copy_span(help, sizeof help,
                   (struct span){command->help, example != NULL ? (size_t)(example - command->help)
                                                                : strlen(command->help)});
    without.help = help;
    add_verbs("", &without, out, size);
    add_verbs("[-c FILE] ", &without, out, size);
    add_options(&without, out, size);
    add_word(out, size, SPAN("--help"));
}

static void print_cases(FILE *out, const struct command *const *commands, size_t count,
                        const char *format) {
    char words[WORDS];

    for (size_t i = 0; i < count; i++) {
        const char *gap = strstr(format, "%w");

        completion_words(commands[i], words, sizeof words);
        fprintf(out, "    %s) %.*s%s%s ;;\n", commands[i]->name, (int)(gap - format), format, words,
                gap + 2);
    }
}

static void print_bash(FILE *out, const struct command *const *commands, size_t count) {
    fputs("# bash completion for relaywatch, written by `relaywatch --completion bash`\n"
          "_relaywatch() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
          "    local command= words= i\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case ${COMP_WORDS[i]} in\n"
          "        -c) i=$((i + 1)) ;;\n"
          "        -*) ;;\n"
          "        *) command=${COMP_WORDS[i]}; break ;;\n"
          "        esac\n"
          "    done\n"
          "    case $prev in\n"
          "    -c | --*file | --config | --backfill | --explain)\n"
          "        COMPREPLY=($(compgen -f -- \"$cur\"))\n"
          "        return\n"
          "        ;;\n"
          "    esac\n"
          "    case $command in\n"
          "    '') words='",
          out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s ", commands[i]->name);
    fputs("-c --help --version' ;;\n", out);
    print_cases(out, commands, count, "words='%w'");
    fputs("    esac\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "}\n"
          "complete -o default -F _relaywatch relaywatch\n",
          out);
}

static void print_zsh(FILE *out, const struct command *const *commands, size_t count) {
    fputs("#compdef relaywatch\n"
          "# zsh completion for relaywatch, written by `relaywatch --completion zsh`\n"
          "_relaywatch() {\n"
          "    local command= i\n"
          "    local -a commands\n"
          "    commands=(\n",
          out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "        '%s:", commands[i]->name);
        for (const char *p = commands[i]->summary; *p != '\0'; p++)
            fputs(*p == '\'' ? "'\\''" : (const char[]){*p, '\0'}, out);
        fputs("'\n", out);
    }
    fputs("    )\n"
          "    for ((i = 2; i < CURRENT; i++)); do\n"
          "        case ${words[i]} in\n"
          "        -c) i=$((i + 1)) ;;\n"
          "        -*) ;;\n"
          "        *) command=${words[i]}; break ;;\n"
          "        esac\n"
          "    done\n"
          "    case ${words[CURRENT-1]} in\n"
          "    -c | --*file | --config | --backfill | --explain) _files; return ;;\n"
          "    esac\n"
          "    case $command in\n"
          "    '') _describe command commands; compadd -- -c --help --version ;;\n",
          out);
    print_cases(out, commands, count, "compadd -- %w; _files");
    fputs("    esac\n"
          "}\n"
          "_relaywatch \"$@\"\n",
          out);
}

int completion_print(FILE *out, const char *shell, const struct command *const *commands,
                     size_t count) {
    if (strcmp(shell, "bash") == 0)
        print_bash(out, commands, count);
    else if (strcmp(shell, "zsh") == 0)
        print_zsh(out, commands, count);
    else
        return -1;
    return 0;
}
