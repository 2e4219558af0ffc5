/* See answer.h. */
#include "answer.h"

#include <string.h>

#include "clock.h"
#include "xmem.h"
#include "fleetkeep.h"
#include "httpaccept.h"
#include "historydoc.h"
#include "messagedoc.h"
#include "metrics.h"
#include "page.h"
#include "statusdoc.h"

static double lag_s(const struct daemon *d, const struct view_source *source,
                    const struct view *v) {
    int64_t last_ms = source->figures.last_line_mono_ms;

    if (source->figures.lag_bytes == 0)
        return 0;
    if (source->spec->is_journal)
        return (double)(v->now_ms - (int64_t)(source->figures.offset / 1000)) / 1000.0;
    return (double)(v->mono_ms - (last_ms != 0 ? last_ms : d->started_mono_ms)) / 1000.0;
}

static void fill_sources(const struct daemon *d, struct view *v) {
    v->sources = sources_count(d->sources);
    for (size_t i = 0; i < v->sources; i++) {
        struct view_source *source = &v->source[i];

        source->spec = sources_get(d->sources, i);
        sources_figures(d->sources, i, &source->figures);
        source->lag_s = lag_s(d, source, v);
    }
}

static void fill_view(struct daemon *d, struct view *v) {
    int64_t mono_ms = clock_mono_ms();

    memset(v, 0, sizeof *v);
    v->conf = &d->conf;
    v->now_ms = clock_wall_ms();
    v->mono_ms = mono_ms;
    v->started_ms = d->started_ms;
    v->state = d->state;
    v->since_ms = d->since_ms;
    v->facts = d->facts_known ? &d->facts : NULL;
    v->queue = d->queue_counted_ms != 0 ? &d->queue : NULL;
    v->queue_stale = d->queue_counted_ms == 0 || mono_ms - d->queue_counted_ms >= QUEUE_STALE_MS;
    v->queue_growth = d->queue_growth;
    v->counters = &d->counters;
    v->rates = &d->rates;
    v->health = &d->health;
    v->login = &d->login;
    v->rotation = &d->change.rotation;
    v->alerts = &d->shown;
    v->fresh_count = shapes_fresh(&d->shapes, v->now_ms, v->fresh, VIEW_SHAPES);
    v->unknown = d->shapes.of_class;
    v->store = store_state(d->store, &v->store_detail);
    v->store_advice = store_advice(d->store);
    fleetkeep_fill(d, v);
    v->poison_lines = d->poison_lines;
    v->senders = d->lookout.top;
    if (d->mailway.submission != NULL) {
        v->canary = &d->mailway.canary;
        v->canary_overdue = mailway_proof(d, v->now_ms).overdue;
    }
    v->milter_alive =
        d->milter.alive_mono_ms != 0 &&
        mono_ms - d->milter.alive_mono_ms < (int64_t)d->conf.milter_gone_after_s * 1000;
    memcpy(v->milter, d->milter.value, sizeof v->milter);
    v->notify_connected = notifyc_connected(d->notify);
    v->receivers = notifyc_report(d->notify);
    v->http = http_figures(d->http);
    v->delays = &d->messages.delays;
    v->exporter = &d->exporter;
    v->incidents = &d->chronicle.incidents;
    if (d->sources == NULL)
        return;
    fill_sources(d, v);
    v->ledger = ledger_totals(d->messages.ledger);
    v->ledger_sum = ledger_sum(d->messages.ledger);
    v->destinations = &d->destinations;
    v->relayhosts = &d->relayhosts;
    v->rings = &d->rings;
    v->trend = &d->trendkeep.trend;
}

static void answer_text(struct http_reply *reply, const char *type, char *text) {
    reply->status = 200;
    reply->type = type;
    reply->body = text;
    reply->size = strlen(text);
}

void answer_get(const struct http_request *request, struct http_reply *reply, void *arg) {
    static const struct ledger_totals no_ledger;
    const char *path = request->path;
    const char *query = request->query;
    struct daemon *d = arg;
    struct view v;

    if (strcmp(path, "/healthz") == 0) {
        answer_text(reply, "text/plain; charset=utf-8", xstrdup("ok\n"));
        return;
    }
    if (strcmp(path, "/api/v1/message") == 0) {
        int status;
        char *text = messagedoc_print(&d->messages, query, &status);

        answer_text(reply, "application/json", text);
        reply->status = status;
        return;
    }
    fill_view(d, &v);
    if (v.ledger == NULL)
        v.ledger = &no_ledger;
    if (strcmp(path, "/") == 0 || strcmp(path, "/now") == 0) {
        answer_text(reply, "text/html; charset=utf-8", page_print(&v, path[1] == '\0'));
    } else if (strcmp(path, "/fleet") == 0) {
        answer_text(reply, "text/html; charset=utf-8", page_print_fleet(&v));
    } else if (strcmp(path, "/metrics") == 0) {
        enum httpaccept form = httpaccept_metrics(request->accept);

        if (d->sources == NULL || !d->milter_kept.begun) { /* zeros would be a reset of counters */
            answer_text(reply, "text/plain; charset=utf-8", xstrdup("totals not known yet\n"));
            reply->status = 503;
            return;
        }
        answer_text(reply, httpaccept_type(form), metrics_print(&v, form != HTTPACCEPT_TEXT));
    } else if (strcmp(path, "/api/v1/status") == 0) {
        answer_text(reply, "application/json", statusdoc_print(&v));
    } else if (strcmp(path, "/api/v1/history") == 0) {
        int status;
        char *text = historydoc_print(&v, query, &status);

        answer_text(reply, "application/json", text);
        reply->status = status;
    } else if (strcmp(path, "/api/v1/fleet") == 0) {
        answer_text(reply, "application/json", fleetkeep_document(&v));
    } else if (strcmp(path, "/style.css") == 0) {
        answer_text(reply, "text/css; charset=utf-8", xstrdup(page_style()));
    } else if (strcmp(path, "/page.js") == 0) {
        answer_text(reply, "text/javascript; charset=utf-8", xstrdup(page_script()));
    } else if (strcmp(path, "/readyz") == 0) {
        bool ready = view_sources_state(&v) == TAIL_OK && v.store <= STORE_OK;

        answer_text(reply, "text/plain; charset=utf-8", xstrdup(ready ? "ready\n" : "not ready\n"));
        reply->status = ready ? 200 : 503;
    } else {
        answer_text(
            reply, "text/plain; charset=utf-8",
            xstrdup("not here: / /fleet /metrics /api/v1/status /api/v1/history /api/v1/message "
                    "/api/v1/fleet /healthz /readyz\n"));
        reply->status = 404;
    }
}
