/* See pagecards.h. */
#include "pagecards.h"

#include "html.h"
#include "pagepast.h"

enum { DESTINATIONS_SHOWN = 8 };

/* `class` "texts": of values that may be long, else "counts". */
static void open_card(FILE *out, const char *title, const char *class) {
    fprintf(out, "<section class=\"card\"><h2>%s</h2><table class=\"%s\">\n", title, class);
}

static void close_card(FILE *out) {
    fputs("</table></section>\n", out);
}

static void put_messages(FILE *out, const struct view *v) {
    const struct ledger_sum *sum = &v->ledger_sum;

    open_card(out, "Messages", "counts");
    html_row_count(out, "came in", sum->accepted);
    html_row_count(out, "delivered", sum->sent);
    html_row_count(out, "returned to the sender", sum->bounced);
    html_row_count(out, "waited too long, returned", sum->expired);
    html_row_count(out, "still under way", sum->queued);
    html_row_count(out, "left without a trace", sum->unknown);
    html_row_count(out, "refused at the door", v->counters->value[COUNTER_REJECTED]);
    close_card(out);
}

static void put_destinations(FILE *out, const struct view *v) {
    const struct busiest_place *place[BUSIEST_PLACES];
    size_t count =
        v->destinations != NULL ? busiest_list(v->destinations, &destinations_kind, place) : 0;

    if (count == 0)
        return;
    fputs("<section class=\"card\"><h2>Where the mail goes</h2>\n<table><thead><tr><th "
          "scope=\"col\">domain</th><th scope=\"col\">sent</th><th scope=\"col\">put off</th><th "
          "scope=\"col\">bounced</th></tr></thead><tbody>\n",
          out);
    for (size_t i = 0; i < count && i < DESTINATIONS_SHOWN; i++) {
        fputs("<tr><th scope=\"row\">", out);
        html_text(out, place[i]->name);
        fputs("</th>", out);
        for (size_t f = 0; f < destinations_kind.figures; f++) {
            fputs("<td>", out);
            html_count(out, place[i]->figure[f]);
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></section>\n", out);
}

/* How near the one that sends to the most is to the smarthost's limit. */
static void put_senders(FILE *out, const struct view *v) {
    const struct quota_top *top = v->senders;
    unsigned long long limit = (unsigned long long)v->conf->recipients_limit;

    if (top == NULL || top->sender == NULL)
        return;
    open_card(out, "Busiest sender, 24 hours", "texts");
    html_row(out, "sender", "%s", top->sender);
    html_row_count(out, "recipients", top->recipients);
    if (limit > 0)
        html_row(out, "of the limit", "%llu %% of %llu",
                 (unsigned long long)top->recipients * 100 / limit, limit);
    html_row(out, "counted by", "the %s", quota_by_name(top->by));
    close_card(out);
}

static void put_login(FILE *out, const struct view *v) {
    const struct login *login = v->login;

    open_card(out, "Login and certificate", "texts");
    html_row(out, "login", "%s", login->user[0] != '\0' ? login->user : "none");
    html_row(out, "state", "%s", login_state_name(login->state));
    if (login->detail[0] != '\0')
        html_row(out, "because", "%s", login->detail);
    html_row_time(out, "last proved", login->verified_ms);
    html_row_time(out, "last changed", login->changed_ms);
    if (v->rotation->state != ROTATION_IDLE)
        html_row(out, "a change is", "%s", rotation_state_name(v->rotation->state));
    if (rotation_revocable_ms(v->rotation) != 0)
        html_row_time(out, "old one revocable since", rotation_revocable_ms(v->rotation));
    html_row_time(out, "certificate until", login->certificate_expires_ms);
    html_row(out, "last TLS", "%s",
             v->health->last_tls[0] != '\0' ? v->health->last_tls : "not seen");
    close_card(out);
}

static void put_sources(FILE *out, const struct view *v) {
    open_card(out, "What is watched", "texts");
    if (v->sources == 0)
        html_row(out, "log", "%s: starting", v->conf->mail_log);
    for (size_t i = 0; i < v->sources; i++) {
        const struct view_source *source = &v->source[i];
        char lag[32];

        text_age(lag, sizeof lag, (int64_t)source->lag_s);
        html_row(out, "log", "%s: %s%s%s%s%s", source->spec->name,
                 sources_state_word(source->figures.state), source->lag_s >= 1 ? ", behind " : "",
                 source->lag_s >= 1 ? lag : "", source->figures.detail[0] != '\0' ? ": " : "",
                 source->figures.detail);
    }
    html_row_count(out, "lines read", v->counters->value[COUNTER_LINES]);
    html_row_count(out, "not understood", v->counters->value[COUNTER_UNPARSED]);
    html_row(out, "queue", "%s",
             v->queue == NULL ? "not counted yet"
             : v->queue_stale ? "the last count is old"
                              : "counted");
    close_card(out);
}

/* Who is told of alerts. */
static void put_receivers(FILE *out, const struct view *v) {
    html_row(out, "alert delivery", "%s", v->notify_connected ? "running" : "not connected");
    if (v->receivers != NULL && v->receivers->count == 0)
        html_row(out, "receivers", "none: nobody is told");
    if (v->receivers != NULL && v->receivers->refused[0] != '\0')
        html_row(out, "receivers.conf", "not in force: %s", v->receivers->refused);
    for (int i = 0; v->receivers != NULL && i < v->receivers->count; i++) {
        const struct receiver_state *state = &v->receivers->receiver[i];

        html_row(out, "receiver", "%s (%s): %s%s%s", state->name, state->kind,
                 receiverstate_name(state->condition), state->last_error[0] != '\0' ? ": " : "",
                 state->last_error);
    }
}

static void put_canary(FILE *out, const struct view *v) {
    const struct mailcanary *c = v->canary;

    if (c == NULL)
        return;
    html_row(out, "canary message", "%s%s%s", view_canary_word(v),
             c->trouble[0] != '\0' ? ": " : "", c->trouble);
    html_row_time(out, "delivered last", c->delivered_ms);
    if (c->delivered_ms != 0)
        html_row(out, "it took", "%.1f s", (double)c->delay_ms / 1000);
}

static void put_parts(FILE *out, const struct view *v) {
    open_card(out, "relaywatch itself", "texts");
    html_row(out, "milter", "%s", v->milter_alive ? "running" : "gone");
    html_row_count(out, "messages seen", v->milter[MLTPAGE_ACCEPTED]);
    html_row(out, "Redis", "%s%s%s", store_state_word(v->store),
             v->store_detail[0] != '\0' ? ": " : "", v->store_detail);
    if (v->store_advice[0] != '\0')
        html_row(out, "advice", "%s", v->store_advice);
    put_canary(out, v);
    put_receivers(out, v);
    html_row_time(out, "started", v->started_ms);
    html_row(out, "version", "%s", RELAYWATCH_VERSION);
    close_card(out);
}

void pagecards_print(FILE *out, const struct view *v) {
    fputs("<div class=\"cards\">\n", out);
    pagepast_print_causes(out, v);
    put_destinations(out, v);
    put_messages(out, v);
    put_senders(out, v);
    put_login(out, v);
    put_sources(out, v);
    put_parts(out, v);
    fputs("</div>\n", out);
}
