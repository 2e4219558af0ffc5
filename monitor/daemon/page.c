/* See page.h. */
#include "page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "log.h"

/* Text of the world: nothing in it may become markup. */
static void esc(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void row(FILE *out, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);

static void row(FILE *out, const char *name, const char *fmt, ...) {
    char value[320];
    va_list args;

    va_start(args, fmt);
    vsnprintf(value, sizeof value, fmt, args);
    va_end(args);
    fputs("<tr><th scope=\"row\">", out);
    esc(out, name);
    fputs("</th><td>", out);
    esc(out, value);
    fputs("</td></tr>\n", out);
}

static void time_text(char *out, size_t size, int64_t time_ms) {
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm tm;

    if (time_ms == 0 || localtime_r(&seconds, &tm) == NULL)
        text_copy(out, size, "not known");
    else
        strftime(out, size, "%Y-%m-%d %H:%M:%S %Z", &tm);
}

/* The first words: is mail delayed or lost? The cause stands right below. */
static const char *headline(const struct view *v) {
    bool stopped = false;

    switch (v->state) {
    case OVERALL_OK:
        if (!view_reachable(v))
            return "Attempts to deliver fail; watching whether it passes";
        return view_queue_messages(v) == 0 ? "Mail flows" : "Mail flows; some messages wait";
    case OVERALL_WARNING:
        return "Mail flows, but something needs care";
    case OVERALL_CRITICAL:
        for (int area = 0; area < AREA_COUNT; area++) {
            if (v->health->cause[area].bounced > 0)
                return "Mail is being lost: it is returned to its senders";
            stopped |= area <= AREA_NETWORK &&
                       health_is_broken(v->health, (enum health_area)area, v->now_ms);
        }
        return stopped ? "Mail does not leave: it waits in the queue, safe"
                       : "Something is badly wrong";
    case OVERALL_UNKNOWN:
        break;
    }
    return "Not known yet: relaywatchd is starting";
}

static void put_state(FILE *out, const struct view *v) {
    char since[64];
    char last[64];

    time_text(since, sizeof since, v->since_ms);
    time_text(last, sizeof last, v->health->last_success_ms);
    fprintf(out, "<div class=\"state %s\" role=\"status\">\n<h1>", overall_name(v->state));
    esc(out, headline(v));
    fputs("</h1>\n<p>", out);
    esc(out, v->conf->host);
    fprintf(
        out,
        " is <strong>%s</strong> since %s. Last delivery through the smarthost: %s.</p>\n</div>\n",
        overall_name(v->state), since, last);
}

static void put_fact(FILE *out, const char *name, const char *text) {
    if (text == NULL || text[0] == '\0')
        return;
    fprintf(out, "<dt>%s</dt><dd>", name);
    esc(out, text);
    fputs("</dd>\n", out);
}

static void put_quiet(FILE *out, const struct alert *a) {
    char until[64];
    char text[320];

    if (a->silenced_until_ms == 0)
        return;
    time_text(until, sizeof until, a->silenced_until_ms);
    text_format(text, sizeof text, "nobody is called until %s (%s: %s)", until, a->silenced_who,
                a->silenced_why);
    put_fact(out, "Quiet", text);
}

static void put_alert(FILE *out, const struct view *v, const struct alert *a) {
    const struct diagnosis_entry *d = diagnosis_entry(a->diagnosis);
    char since[64];
    char lasted[32];

    time_text(since, sizeof since, a->since_ms);
    text_age(lasted, sizeof lasted,
             ((a->ended_ms != 0 ? a->ended_ms : v->now_ms) - a->since_ms) / 1000);
    fprintf(out, "<section class=\"alert %s\">\n<h2>",
            a->ended_ms == 0 ? severity_name(a->severity) : "ended");
    fputs(a->ended_ms == 0 ? "" : "Over: ", out);
    esc(out, a->summary);
    fputs("</h2>\n<dl>\n", out);
    fprintf(out, "<dt>Since</dt><dd>%s (%s %s)</dd>\n", since, a->ended_ms == 0 ? "for" : "lasted",
            lasted);
    if (a->ended_ms == 0) {
        put_quiet(out, a);
        put_fact(out, "Mail", a->impact);
        put_fact(out, "Who", d->who);
        put_fact(out, "Why", d->why);
        if (a->fix[0][0] != '\0') {
            fputs("<dt>What to do</dt><dd>", out);
            for (int i = 0; i < DIAGNOSIS_FIXES && a->fix[i][0] != '\0'; i++) {
                fputs("<pre>", out);
                esc(out, a->fix[i]);
                fputs("</pre>", out);
            }
            fputs("</dd>\n", out);
        }
        put_fact(out, "Seen", a->evidence);
        fprintf(out, "<dt>Diagnosis</dt><dd>%s %s</dd>\n", d->id, d->name);
    }
    fputs("</dl>\n</section>\n", out);
}

static void put_flow(FILE *out, const struct view *v) {
    bool reached = view_reachable(v);
    bool fine = reached && !health_is_broken(v->health, AREA_LOGIN, v->now_ms) &&
                !health_is_broken(v->health, AREA_TLS, v->now_ms);
    char oldest[32];

    text_age(oldest, sizeof oldest, view_oldest_s(v));
    fputs("<ul class=\"flow\" aria-label=\"The way of the mail\">\n", out);
    fprintf(out,
            "<li><span>In</span><b>%.0f</b><span class=\"faint\">messages a minute, %llu in "
            "all</span></li>\n",
            rates_per_minute(v->rates, COUNTER_ACCEPTED, v->counters, v->mono_ms, 60 * 1000),
            (unsigned long long)v->counters->value[COUNTER_ACCEPTED]);
    if (v->queue == NULL || v->queue_stale)
        fputs("<li><span>Queue</span><b>?</b><span class=\"faint\">not counted</span></li>\n", out);
    else
        fprintf(out,
                "<li><span>Queue</span><b>%llu</b><span class=\"faint\">oldest %s, %+.0f a "
                "minute</span></li>\n",
                (unsigned long long)view_queue_messages(v), oldest, v->queue_growth);
    fprintf(out, "<li%s><span>Smarthost</span><b>%s</b><span class=\"faint\">",
            fine ? "" : " class=\"bad\"",
            !reached                                             ? "unreachable"
            : health_is_broken(v->health, AREA_TLS, v->now_ms)   ? "TLS fails"
            : health_is_broken(v->health, AREA_LOGIN, v->now_ms) ? "refuses login"
                                                                 : "reachable");
    if (v->facts != NULL) {
        esc(out, v->facts->relay_host);
        fprintf(out, ":%u", v->facts->relay_port);
    }
    fprintf(out, " TLS %s, login %s</span></li>\n", view_tls_word(v), view_auth_word(v));
    fprintf(out,
            "<li><span>Delivered</span><b>%.0f</b><span class=\"faint\">recipients a minute, %llu "
            "in all</span></li>\n</ul>\n",
            rates_per_minute(v->rates, COUNTER_SENT, v->counters, v->mono_ms, 60 * 1000),
            (unsigned long long)v->counters->value[COUNTER_SENT]);
}

static void open_card(FILE *out, const char *title) {
    fprintf(out, "<section class=\"card\"><h2>%s</h2><table>\n", title);
}

static void close_card(FILE *out) {
    fputs("</table></section>\n", out);
}

static void put_destinations(FILE *out, const struct view *v) {
    enum { SHOWN = 8 };
    const struct destination *place[DESTINATIONS];
    size_t count = v->destinations != NULL ? destinations_list(v->destinations, place) : 0;

    if (count == 0)
        return;
    open_card(out, "Where the mail goes");
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        const uint64_t *n = place[i]->figure;

        row(out, place[i]->name, "%llu sent, %llu put off, %llu bounced", (unsigned long long)n[0],
            (unsigned long long)n[1], (unsigned long long)n[2]);
    }
    close_card(out);
}

/* What the catalogue does not know: a person may. */
static void put_fresh(FILE *out, const struct view *v) {
    char since[64];

    if (v->fresh_count == 0)
        return;
    fputs("<section class=\"alert info\">\n<h2>Seen for the first time</h2>\n<dl>\n", out);
    for (size_t i = 0; i < v->fresh_count; i++) {
        const struct shape *shape = v->fresh[i];

        time_text(since, sizeof since, shape->first_ms);
        fprintf(out, "<dt>%s</dt><dd>", shape_class_name(shape->class));
        esc(out, shape->daemon);
        fputs(": ", out);
        esc(out, shape->text);
        fprintf(out, " <span class=\"faint\">%llu since %s</span></dd>\n",
                (unsigned long long)shape->count, since);
    }
    fputs("</dl>\n</section>\n", out);
}

static void put_cards(FILE *out, const struct view *v) {
    char text[64];

    fputs("<div class=\"cards\">\n", out);
    open_card(out, "Messages");
    row(out, "came in", "%llu", (unsigned long long)v->ledger_sum.accepted);
    row(out, "delivered", "%llu", (unsigned long long)v->ledger_sum.sent);
    row(out, "returned to the sender", "%llu", (unsigned long long)v->ledger_sum.bounced);
    row(out, "waited too long, returned", "%llu", (unsigned long long)v->ledger_sum.expired);
    row(out, "still under way", "%llu", (unsigned long long)v->ledger_sum.queued);
    row(out, "left without a trace", "%llu", (unsigned long long)v->ledger_sum.unknown);
    close_card(out);

    open_card(out, "Troubles counted");
    row(out, "login refused", "%llu",
        (unsigned long long)v->counters->value[COUNTER_AUTH_FAILURES]);
    row(out, "TLS failures", "%llu", (unsigned long long)v->counters->value[COUNTER_TLS_ERRORS]);
    row(out, "time-outs", "%llu", (unsigned long long)v->counters->value[COUNTER_TIMEOUTS]);
    row(out, "connections refused", "%llu",
        (unsigned long long)v->counters->value[COUNTER_REFUSED]);
    row(out, "names not found", "%llu", (unsigned long long)v->counters->value[COUNTER_DNS_ERRORS]);
    row(out, "limits reached", "%llu", (unsigned long long)v->counters->value[COUNTER_LIMIT_HITS]);
    row(out, "deliveries put off", "%llu",
        (unsigned long long)v->counters->value[COUNTER_DEFERRED]);
    row(out, "refused at the door", "%llu",
        (unsigned long long)v->counters->value[COUNTER_REJECTED]);
    close_card(out);

    put_destinations(out, v);

    open_card(out, "Login and certificate");
    row(out, "login", "%s", v->login->user[0] != '\0' ? v->login->user : "-");
    row(out, "state", "%s", login_state_name(v->login->state));
    if (v->login->detail[0] != '\0')
        row(out, "because", "%s", v->login->detail);
    time_text(text, sizeof text, v->login->verified_ms);
    row(out, "last proved", "%s", text);
    time_text(text, sizeof text, v->login->changed_ms);
    row(out, "last changed", "%s", text);
    time_text(text, sizeof text, v->login->certificate_expires_ms);
    row(out, "certificate until", "%s", text);
    row(out, "last TLS", "%s", v->health->last_tls[0] != '\0' ? v->health->last_tls : "-");
    close_card(out);

    open_card(out, "relaywatch itself");
    if (v->sources == 0)
        row(out, "log", "%s: starting", v->conf->mail_log);
    for (size_t i = 0; i < v->sources; i++)
        row(out, "log", "%s: %s", v->source[i].spec->name,
            sources_state_word(v->source[i].figures.state));
    row(out, "log lines, not understood", "%llu, %llu",
        (unsigned long long)v->counters->value[COUNTER_LINES],
        (unsigned long long)v->counters->value[COUNTER_UNPARSED]);
    row(out, "milter", "%s, %llu messages", v->milter_alive ? "running" : "gone",
        (unsigned long long)v->milter[MLTPAGE_ACCEPTED]);
    row(out, "Redis", "%s", store_state_word(v->store));
    row(out, "alert delivery", "%s", v->notify_connected ? "running" : "not connected");
    time_text(text, sizeof text, v->started_ms);
    row(out, "started", "%s", text);
    close_card(out);
    fputs("</div>\n", out);
}

static void put_main(FILE *out, const struct view *v) {
    fputs("<main>\n", out);
    put_state(out, v);
    for (int i = 0; i < v->alerts->count; i++) {
        if (v->alerts->alert[i].ended_ms == 0)
            put_alert(out, v, &v->alerts->alert[i]);
    }
    put_flow(out, v);
    for (int i = 0; i < v->alerts->count; i++) {
        if (v->alerts->alert[i].ended_ms != 0)
            put_alert(out, v, &v->alerts->alert[i]);
    }
    put_fresh(out, v);
    put_cards(out, v);
    fprintf(out,
            "<footer>relaywatch %s. For programs: <a href=\"/metrics\">/metrics</a>, "
            "<a href=\"/api/v1/status\">/api/v1/status</a></footer>\n</main>\n",
            RELAYWATCH_VERSION);
}

char *page_print(const struct view *v) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        die(EX_OSERR, "page: out of memory");
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta http-equiv=\"refresh\" content=\"10\">\n<title>",
          out);
    fprintf(out, "%s - ", overall_name(v->state));
    esc(out, v->conf->host);
    fputs(" - relaywatch</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n"
          "<script src=\"/page.js\" defer></script>\n</head>\n<body>\n",
          out);
    put_main(out, v);
    fputs("</body>\n</html>\n", out);
    if (fclose(out) != 0)
        die(EX_OSERR, "page: out of memory");
    return text;
}
