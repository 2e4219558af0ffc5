/* See fixtext.h. One walk over the text; at each place the first entry that matches is put in. */
#include "fixtext.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "text.h"

#define USUAL_CONFIG_DIR "/etc/postfix"
#define USUAL_CONF "/etc/relaywatch/relaywatch.conf"
#define USUAL_RECEIVERS "/etc/relaywatch/receivers.conf"

/* May a command begin here: at the start, or behind what separates commands in a shell. */
static bool begins_command(const char *text, const char *at) {
    while (at > text && at[-1] == ' ')
        at--;
    return at == text || strchr(";&|(", at[-1]) != NULL;
}

/* The word at `at` is this command. */
static bool is_command(const char *text, const char *at, const char *name) {
    size_t n = strlen(name);

    return strncmp(at, name, n) == 0 && (at[n] == ' ' || at[n] == '\0' || at[n] == ';') &&
           begins_command(text, at);
}

/* A Postfix command wants `-c DIR`, relaywatch `-c FILE`, where they are not the usual ones.
 * Returns how much of the text was taken, 0: it is no such command. */
static size_t fit_command(char *out, size_t size, const char *text, const char *at,
                          const struct fixtext_place *place) {
    static const char *const postfix[] = {"postconf",  "postfix", "postqueue",
                                          "postsuper", "postmap", "postcat"};

    for (size_t i = 0; i < sizeof postfix / sizeof postfix[0]; i++) {
        if (!is_command(text, at, postfix[i]))
            continue;
        if (strcmp(place->postfix_config_dir, USUAL_CONFIG_DIR) == 0)
            text_copy(out, size, postfix[i]);
        else
            text_format(out, size, "%s -c %s", postfix[i], place->postfix_config_dir);
        return strlen(postfix[i]);
    }
    if (!is_command(text, at, "relaywatch"))
        return 0;
    if (strcmp(place->conf_path, USUAL_CONF) == 0)
        text_copy(out, size, "relaywatch");
    else
        text_format(out, size, "relaywatch -c %s", place->conf_path);
    return strlen("relaywatch");
}

/* Where the log is the journal, "tail -n 200 FILE" asks for its last lines. */
static size_t fit_journal(char *out, size_t size, const char *at, const char *journal) {
    static const char *const usual[] = {"tail -n 200 /var/log/mail.log",
                                        "tail -n1 /var/log/mail.log"};

    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (strncmp(at, usual[i], strlen(usual[i])) != 0)
            continue;
        text_format(out, size, "journalctl%s%s -n %d SYSLOG_FACILITY=2",
                    journal[0] == ':' ? " -D " : "", journal[0] == ':' ? journal + 1 : "",
                    i == 0 ? 200 : 1);
        return strlen(usual[i]);
    }
    return 0;
}

/* SMARTHOST, SMARTHOST:587, [SMARTHOST]:587. Behind a blank 587 is one of two usual ports that are
 * told apart: only for a relay with another port it is that one. */
static size_t fit_smarthost(char *out, size_t size, const char *at,
                            const struct fixtext_place *place) {
    bool bracket = at[9] == ']';

    if (strncmp(at + 9 + bracket, ":587", 4) == 0) {
        text_format(out, size, "%s%s:%u", place->relay_host, bracket ? "]" : "", place->relay_port);
        return 13 + (size_t)bracket;
    }
    if (strncmp(at + 9, " 587", 4) == 0 && place->relay_port != 465 && place->relay_port != 0) {
        text_format(out, size, "%s %u", place->relay_host, place->relay_port);
        return 13;
    }
    text_copy(out, size, place->relay_host);
    return 9;
}

static size_t fit_word(char *out, size_t size, const char *at, const struct fixtext_place *place) {
    static const char starttls[] = "-starttls smtp ";
    const struct {
        const char *usual;
        const char *here;
    } words[] = {
        {"/etc/postfix/sasl_passwd", place->sasl_passwd},
        {USUAL_CONFIG_DIR, place->postfix_config_dir},
        {USUAL_RECEIVERS, place->receivers_file != NULL ? place->receivers_file : ""},
        {"/var/log/mail.log", place->mail_log[0] == '/' ? place->mail_log : ""},
    };

    if (place->implicit_tls && strncmp(at, starttls, sizeof starttls - 1) == 0)
        return sizeof starttls - 1;
    if (place->relay_host[0] != '\0' && strncmp(at, "SMARTHOST", 9) == 0)
        return fit_smarthost(out, size, at, place);
    if (strncmp(place->mail_log, "journal", 7) == 0 && at[0] == 't')
        return fit_journal(out, size, at, place->mail_log + 7);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t n = strlen(words[i].usual);

        if (strncmp(at, words[i].usual, n) == 0 && words[i].here[0] != '\0') {
            text_copy(out, size, words[i].here);
            return n;
        }
    }
    return 0;
}

void fixtext_fit(char *out, size_t size, const char *fix, const struct fixtext_place *place) {
    size_t have = 0;

    for (const char *at = fix; *at != '\0' && have + 1 < size;) {
        size_t taken = 0;

        out[have] = '\0';
        if (place != NULL)
            taken = fit_command(out + have, size - have, fix, at, place);
        if (place != NULL && taken == 0)
            taken = fit_word(out + have, size - have, at, place);
        if (taken == 0) {
            out[have++] = *at++;
        } else {
            have += strlen(out + have);
            at += taken;
        }
    }
    out[have] = '\0';
}

bool fixtext_is_for(const char *fix, const struct fixtext_place *place) {
    return place == NULL || !place->is_other || strstr(fix, "relayhost=[SMARTHOST]") == NULL;
}

/* Of a name or an address. */
static bool is_plain(const char *host) {
    return host[0] != '\0' && host[0] != '-' &&
           host[strspn(
               host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:")] == '\0';
}

struct fixtext_place fixtext_at(const struct fixtext_place *place, const char *relayhost,
                                uint32_t port) {
    struct fixtext_place there = *place;

    if (!is_plain(relayhost) ||
        (place->relay_host != NULL && strcasecmp(relayhost, place->relay_host) == 0))
        return there;
    there.relay_host = relayhost;
    there.relay_port = port != 0 ? port : 587;
    there.implicit_tls = port == 465;
    there.is_other = true;
    return there;
}

bool fixtext_is_command(const char *step) {
    return step[0] != '\0' && !(step[0] >= 'A' && step[0] <= 'Z');
}
