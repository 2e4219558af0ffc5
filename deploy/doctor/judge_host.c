/* Judgements of the host: Postfix at work, its queue, its disk, the ways in, our own programs. See
 * checks.h. */
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "checks.h"

enum {
    LOG_QUEUE_LEAST = 64,
    YEAR_2024_S = 1704067200,
    YEAR_S = 31557600,
    SKEW_WARNING_S = 60,
    SKEW_CRITICAL_S = 600
};
enum { SLOW_MS = 1000 };

static void running(const struct condition *c, struct finding *f) {
    finding_say(f, RESULT_OK, "master holds its lock");
    if (c->running == SEEN_YES)
        return;
    if (c->running == SEEN_NOT) {
        finding_say(f, RESULT_UNKNOWN, "only root can look: sudo relaywatch doctor");
        return;
    }
    finding_say(f, RESULT_CRITICAL, "Postfix does not run, whatever its unit says");
    finding_fix(f, "sudo postfix -c %s start", c->conf.postfix_config_dir);
    f->mend = MEND_START;
}

static bool uncounted(const struct condition *c, struct finding *f) {
    if (c->queue_counted != SEEN_YES)
        finding_say(f, RESULT_UNKNOWN,
                    c->root ? "the queue could not be read"
                            : "only root can look: sudo relaywatch doctor");
    return c->queue_counted != SEEN_YES;
}

static void queue(const struct condition *c, struct finding *f) {
    const struct keeper_queue *q = &c->queue;
    uint64_t n = q->active + q->deferred + q->incoming + q->maildrop;

    if (uncounted(c, f))
        return;
    finding_say(f,
                n >= c->conf.queue_critical  ? RESULT_CRITICAL
                : n >= c->conf.queue_warning ? RESULT_WARNING
                                             : RESULT_OK,
                "%llu wait: %llu deferred, %llu active, %llu on hold", (unsigned long long)n,
                (unsigned long long)q->deferred, (unsigned long long)q->active,
                (unsigned long long)q->hold);
    if (f->result != RESULT_OK)
        finding_fix(f, "relaywatch status; postqueue -p | tail");
}

static void corrupt(const struct condition *c, struct finding *f) {
    if (uncounted(c, f))
        return;
    finding_say(f, c->queue.corrupt > 0 ? RESULT_WARNING : RESULT_OK, "%llu",
                (unsigned long long)c->queue.corrupt);
    if (c->queue.corrupt > 0)
        finding_fix(f, "sudo ls -l %.200s/corrupt", c->relay.queue_directory);
}

static void oldest(const struct condition *c, struct finding *f) {
    int64_t age = c->queue.oldest_s > 0 ? c->now_s - c->queue.oldest_s : 0;
    char text[32];

    if (uncounted(c, f))
        return;
    text_age(text, sizeof text, age);
    finding_say(f,
                age >= (int64_t)c->conf.oldest_critical_s  ? RESULT_CRITICAL
                : age >= (int64_t)c->conf.oldest_warning_s ? RESULT_WARNING
                                                           : RESULT_OK,
                c->queue.oldest_s > 0 ? "the oldest waits for %s" : "nothing waits", text);
    if (f->result != RESULT_OK)
        finding_fix(f, "relaywatch status   # why; then: sudo postqueue -f");
}

static void space(struct finding *f, uint64_t left, uint64_t total, const char *what,
                  const char *folder) {
    uint64_t percent = total > 0 ? left * 100 / total : 100;

    finding_say(f,
                percent < 5    ? RESULT_CRITICAL
                : percent < 20 ? RESULT_WARNING
                               : RESULT_OK,
                "%llu %% of the %s are free", (unsigned long long)percent, what);
    if (f->result != RESULT_OK)
        finding_fix(f, "df -h %.100s; df -i %.100s", folder, folder);
}

static void disk(const struct condition *c, struct finding *f) {
    if (!uncounted(c, f))
        space(f, c->queue.bytes_free, c->bytes_total, "bytes", c->relay.queue_directory);
}

static void inodes(const struct condition *c, struct finding *f) {
    if (!uncounted(c, f))
        space(f, c->queue.inodes_free, c->inodes_total, "inodes", c->relay.queue_directory);
}

/* What the relay says tells more than the kernel's flag, which a container may not see and some
 * time servers' programs never set. */
static void clock_is(const struct condition *c, struct finding *f) {
    const struct condition_outside *o = c->outside;
    int64_t skew = o->greeted_s != 0 ? o->greeted_at_s - o->greeted_s : 0;
    int64_t off = skew < 0 ? -skew : skew;
    bool early = o->verdict.result == PROBE_TLS &&
                 memmem(o->verdict.text, sizeof o->verdict.text, "not yet valid", 13) != NULL;
    char by[32];

    text_age(by, sizeof by, off);
    if (o->greeted_s != 0)
        finding_say(f, RESULT_OK, "within %s of the relay's", by);
    else
        finding_say(f, RESULT_OK, "%s",
                    c->clock_synced == SEEN_YES
                        ? "kept by a time server"
                        : "no sign that it is wrong (the kernel knows of no time server)");
    if (c->now_s < YEAR_2024_S || c->now_s > YEAR_2024_S + 40LL * YEAR_S)
        finding_say(f, RESULT_CRITICAL, "the clock is years off");
    else if (off >= SKEW_WARNING_S)
        finding_say(f, off >= SKEW_CRITICAL_S ? RESULT_CRITICAL : RESULT_WARNING,
                    "the clock is %s %s that of %.80s", by, skew < 0 ? "behind" : "ahead of",
                    c->relay.host);
    else if (early)
        finding_say(f, RESULT_CRITICAL,
                    "the relay's certificate begins in the future: the clock is behind");
    if (f->result != RESULT_OK)
        finding_fix(f, "date; sudo timedatectl set-ntp true");
}

static void log_there(const struct condition *c, struct finding *f) {
    finding_say(f, RESULT_OK, "%.200s", c->conf.mail_log);
    if (c->log_readable == SEEN_YES)
        return;
    if (c->log_readable == SEEN_NOT) {
        finding_say(f, RESULT_NONE, "the journal is followed");
        return;
    }
    if (!c->root) {
        finding_say(f, RESULT_UNKNOWN, "only root can look: sudo relaywatch doctor");
        return;
    }
    finding_say(f, RESULT_CRITICAL, "%s cannot read %.160s", c->conf.user, c->conf.mail_log);
    finding_fix(f, "ls -l %.200s   # mail_log in relaywatch.conf; group adm", c->conf.mail_log);
}

static void log_flows(const struct condition *c, struct finding *f) {
    const struct condition_outside *o = c->outside;
    int64_t age = c->now_s - c->log_mtime_s;
    char text[32];

    if (o->log_mark == SEEN_YES) {
        finding_say(f, RESULT_OK, "a line that was written arrived within %lld ms",
                    (long long)o->log_mark_ms + 1);
        return;
    }
    if (o->log_mark == SEEN_NO) {
        finding_say(f, RESULT_CRITICAL, "a line written by postlog(1) did not come to %.140s",
                    c->conf.mail_log);
        finding_fix(f,
                    "sudo postconf -c %.100s maillog_file; ls -l %.100s   # mail_log in "
                    "relaywatch.conf must name the same",
                    c->conf.postfix_config_dir, c->conf.mail_log);
        return;
    }
    if (c->log_readable != SEEN_YES) {
        finding_say(f, RESULT_UNKNOWN, "no log file to look at");
        return;
    }
    text_age(text, sizeof text, age);
    finding_say(f, RESULT_OK, "last written %s ago", text);
    /* One without mail is silent for a while; a day without any line is another matter. */
    if (age > 86400 && c->running == SEEN_YES) {
        finding_say(f, RESULT_WARNING, "nothing was written for %s", text);
        finding_fix(f, "sudo postlog test; tail -n 3 %.200s", c->conf.mail_log);
    }
}

/* master(8) itself waits there when nobody reads, as at a reload: then Postfix stands still. It is
 * rare, and the kernel's own value is 10: no alarm, a remark. */
static void log_queue(const struct condition *c, struct finding *f) {
    if (c->relay.maillog_file[0] == '\0' || c->log_queue == 0) {
        finding_say(f, RESULT_NONE, "Postfix does not write its log by postlogd(8)");
        return;
    }
    finding_say(f, RESULT_OK, "the kernel keeps %u lines for postlogd(8)%s", c->log_queue,
                c->log_queue < LOG_QUEUE_LEAST
                    ? "; 512 is safer at a reload: sysctl -w net.unix.max_dgram_qlen=512"
                    : "");
}

static void milter_socket(const struct condition *c, struct finding *f) {
    finding_say(f, RESULT_OK, "smtpd reaches it");
    if (c->outside->milter_answers == SEEN_YES)
        return;
    if (c->outside->milter_answers == SEEN_NOT) {
        finding_say(f, RESULT_UNKNOWN, "%s",
                    c->root ? "no answer in time" : "only root can look: sudo relaywatch doctor");
        return;
    }
    finding_say(f, RESULT_WARNING, "smtpd cannot reach it: %s", c->outside->milter_error);
    finding_fix(f, "sudo systemctl restart relaywatch-milter");
}

/* The way of whoever logs in: libsasl2 looks the host's own name up each time. */
static void own_name(const struct condition *c, struct finding *f) {
    const struct condition_outside *o = c->outside;

    if (o->own_name[0] == '\0') {
        finding_say(f, RESULT_UNKNOWN, "it was not looked up");
        return;
    }
    finding_say(f, RESULT_OK, "%s: found in %lld ms", o->own_name, (long long)o->own_ms);
    if (o->own_resolves == SEEN_YES && o->own_ms < SLOW_MS)
        return;
    if (o->own_resolves == SEEN_YES)
        finding_say(f, RESULT_WARNING, "%.100s: found after %lld ms alone", o->own_name,
                    (long long)o->own_ms);
    else
        finding_say(f, RESULT_WARNING, "%.100s %s%s", o->own_name,
                    o->own_resolves == SEEN_NO ? "has no address" : "was not answered within 10 s",
                    c->chrooted_smtp == SEEN_YES ? " in smtp's chroot" : "");
    if (c->chrooted_smtp == SEEN_YES)
        finding_fix(f,
                    "echo 127.0.1.1 %.60s | sudo tee -a /etc/hosts && sudo cp /etc/hosts "
                    "%.120s/etc/",
                    o->own_name, c->relay.queue_directory);
    else
        finding_fix(f, "echo 127.0.1.1 %.100s | sudo tee -a /etc/hosts", o->own_name);
}

static const struct condition_door *entered_door(const struct condition *c) {
    const struct condition_door *door = c->outside->door;

    return door[0].entered == SEEN_YES || door[1].entered != SEEN_YES ? &door[0] : &door[1];
}

static void outside(const struct condition *c, struct finding *f) {
    const struct condition_door *door = c->outside->door, *open = entered_door(c);
    bool host = door[0].address[0] != '\0' || door[1].address[0] != '\0';
    bool guarded = c->firewall == SEEN_YES;

    if (open->entered == SEEN_YES) {
        finding_say(f, RESULT_WARNING, "port %u answers at %s%s%s", open->port, open->address,
                    guarded ? "; from other machines perhaps not: " : "",
                    guarded ? c->firewall_name : "");
        if (guarded)
            finding_fix(f, "nc -vz %s %u   # from another machine; it should not get in",
                        open->address, open->port);
        else
            finding_fix(f, "sudo postconf -e inet_interfaces=loopback-only && sudo postfix stop && "
                           "sudo postfix start");
    } else if ((door[0].address[0] != '\0' && door[0].entered == SEEN_NOT) ||
               (door[1].address[0] != '\0' && door[1].entered == SEEN_NOT)) {
        finding_say(f, RESULT_UNKNOWN, "no answer in time");
    } else if (!host) {
        finding_say(f, RESULT_NONE, "this host has no address but the loopback");
    } else {
        finding_say(f, RESULT_OK, "not from outside");
    }
}

static void judge_door(const struct condition *c, const struct condition_door *door,
                       struct finding *f) {
    char networks[1024];

    condition_parameter(c, "mynetworks", networks, sizeof networks);
    if (door->relays == SEEN_NOT) {
        finding_say(f, RESULT_UNKNOWN, "no answer to RCPT in time at %s", door->address);
    } else if (door->relays == SEEN_NO) {
        finding_say(f, RESULT_OK, "a stranger's mail is refused");
    } else if (checks_in_networks(networks, door->address)) {
        finding_say(f, RESULT_OK, "%s may send: it is in mynetworks", door->address);
    } else {
        finding_say(f, RESULT_CRITICAL, "port %u at %s takes mail from strangers", door->port,
                    door->address);
        finding_fix(f, "sudo postconf -e 'smtpd_relay_restrictions = permit_mynetworks, reject' "
                       "&& sudo postfix reload");
    }
}

static void open_relay(const struct condition *c, struct finding *f) {
    finding_say(f, RESULT_OK, "cannot be reached from outside");
    for (size_t i = 0; i < 2; i++) {
        const struct condition_door *door = &c->outside->door[i];
        struct finding one = {RESULT_OK, MEND_NOTHING, "", ""};

        if (door->entered == SEEN_YES)
            judge_door(c, door, &one);
        else if (door->entered == SEEN_NOT && door->address[0] != '\0')
            finding_say(&one, RESULT_UNKNOWN, "no answer in time");
        else
            continue;
        if (one.result > f->result || f->result == RESULT_OK)
            *f = one;
    }
}

static void firewall(const struct condition *c, struct finding *f) {
    if (c->firewall == SEEN_YES)
        finding_say(f, RESULT_OK, "%s", c->firewall_name);
    else if (entered_door(c)->entered == SEEN_YES) {
        finding_say(f, RESULT_WARNING, "none is active, and the relay answers from outside");
        finding_fix(f, "sudo relaywatch firewall --apply   # or listen on the loopback alone: see "
                       "outside");
    } else
        finding_say(f, RESULT_NONE, "none is active, and none is needed for a local relay");
}

static void postal(const struct condition *c, struct finding *f) {
    const struct condition_outside *o = c->outside;
    const char *port = strrchr(c->conf.submit, ':');

    if (o->postal == SEEN_NOT) {
        finding_say(f, RESULT_UNKNOWN, "no answer from DNS in time");
    } else if (o->postal == SEEN_NO) {
        finding_say(f, RESULT_NONE, "Postal is not here");
    } else if (o->postal_error[0] != '\0') {
        finding_say(f, RESULT_WARNING, "%.60s: %.170s", o->postal_file, o->postal_error);
        finding_fix(f, "sudoedit %s", o->postal_file);
    } else if (o->postal_ours == 0) {
        finding_say(f, RESULT_WARNING, "%s: of %u in smtp_relays none has this relay's port %s",
                    o->postal_file, o->postal_relays, port != NULL ? port + 1 : "");
        finding_fix(f, "sudo relaywatch postal add-relay && sudo postal restart");
    } else if (o->postal_problem[0] != '\0') {
        finding_say(f, RESULT_WARNING, "%s", o->postal_problem);
        finding_fix(f, "sudo relaywatch postal");
    } else {
        finding_say(f, RESULT_OK, "%s names this relay", o->postal_file);
    }
}

static void alive(struct finding *f, enum seen seen, const char *unit, enum result without) {
    finding_say(f, seen == SEEN_YES ? RESULT_OK : without,
                seen == SEEN_YES ? "answers" : "does not answer");
    if (seen != SEEN_YES)
        finding_fix(f, "sudo systemctl restart %s   # where there is no systemd: relaywatch run",
                    unit);
}

static void redis(const struct condition *c, struct finding *f) {
    if (c->conf.redis[0] == '\0')
        finding_say(f, RESULT_NONE, "no Redis is configured");
    else
        alive(f, c->outside->redis, "redis-server", RESULT_WARNING);
}

static void daemon_alive(const struct condition *c, struct finding *f) {
    alive(f, c->outside->daemon, "relaywatchd", RESULT_CRITICAL);
    if (c->outside->daemon == SEEN_NO && c->outside->daemon_error[0] != '\0')
        finding_say(f, RESULT_CRITICAL, "%s: %s", c->conf.http_listen, c->outside->daemon_error);
}

static void keeper(const struct condition *c, struct finding *f) {
    if (c->root)
        alive(f, c->outside->keeper, "relaywatch-keeper.socket", RESULT_CRITICAL);
    else
        finding_say(f, RESULT_UNKNOWN, "only root can look: sudo relaywatch doctor");
}

static void notify(const struct condition *c, struct finding *f) {
    if (c->root)
        alive(f, c->outside->notify, "relaywatch-notify", RESULT_CRITICAL);
    else
        finding_say(f, RESULT_UNKNOWN, "only root can look: sudo relaywatch doctor");
}

const struct check host_checks[] = {
    {"postfix-running", "Postfix runs", "no mail is taken or sent while it does not", running},
    {"queue", "queue", "a growing queue is mail that is late", queue},
    {"queue-oldest", "oldest message", "mail bounces after maximal_queue_lifetime", oldest},
    {"queue-corrupt", "damaged messages", "Postfix put them aside and sends them never", corrupt},
    {"disk", "disk of the queue", "Postfix refuses mail when it is full", disk},
    {"inodes", "inodes of the queue", "each message takes one", inodes},
    {"clock", "clock", "TLS refuses certificates when it is wrong", clock_is},
    {"own-name", "this host's own name", "libsasl2 looks it up at each login, which waits for it",
     own_name},
    {"log-source", "mail log", "relaywatch learns from it what became of mail", log_there},
    {"log-queue", "room for the log", "Postfix stands still when it cannot write a line",
     log_queue},
    {"log-flowing", "lines in the log", "without them relaywatch is blind", log_flows},
    {"milter-socket", "milter's socket", "arrivals are not counted without it", milter_socket},
    {"outside", "reachable from outside", "a relay is for this host's applications", outside},
    {"open-relay", "open relay", "spammers find one within hours, and Google blocks you",
     open_relay},
    {"firewall", "firewall", "a second lock on the door", firewall},
    {"postal", "Postal's configuration", "Postal must send here, by a name that DNS knows", postal},
    {"redis", "Redis", "figures of the fleet are kept there", redis},
    {"relaywatchd", "relaywatchd", "nobody watches while it is down", daemon_alive},
    {"keeper", "relaywatch-keeper", "logins cannot be changed without it", keeper},
    {"notify", "relaywatch-notify", "nobody is told without it", notify},
};
const size_t host_check_count = sizeof host_checks / sizeof host_checks[0];
