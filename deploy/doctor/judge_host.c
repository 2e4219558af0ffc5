/* Judgements of the host: Postfix at work, its queue, its disk, the ways in, our own programs. See
 * checks.h. */
#include <stdio.h>
#include <string.h>

#include "text.h"
#include "checks.h"

enum { YEAR_2024_S = 1704067200, YEAR_S = 31557600 };

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

static void clock_is(const struct condition *c, struct finding *f) {
    finding_say(f, RESULT_OK, "%s",
                c->clock_synced == SEEN_YES ? "kept by a time server" : "year is plausible");
    if (c->now_s < YEAR_2024_S || c->now_s > YEAR_2024_S + 40LL * YEAR_S) {
        finding_say(f, RESULT_CRITICAL, "the clock is years off");
        finding_fix(f, "sudo timedatectl set-ntp true; date");
    }
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
    int64_t age = c->now_s - c->log_mtime_s;
    char text[32];

    if (c->log_readable != SEEN_YES) {
        finding_say(f, RESULT_UNKNOWN, "no log file to look at");
        return;
    }
    text_age(text, sizeof text, age);
    finding_say(f, RESULT_OK, "last written %s ago", text);
    /* One without mail is silent for a while; a day without any line is another matter. */
    if (age > 86400 && c->running == SEEN_YES) {
        finding_say(f, RESULT_WARNING, "nothing was written for %s", text);
        finding_fix(f, "logger -p mail.info test; tail -n 3 %.200s", c->conf.mail_log);
    }
}

static void milter_socket(const struct condition *c, struct finding *f) {
    finding_say(f, RESULT_OK, "smtpd reaches it");
    if (c->milter_answers == SEEN_YES)
        return;
    if (c->milter_answers == SEEN_NOT) {
        finding_say(f, RESULT_UNKNOWN, "only root can look: sudo relaywatch doctor");
        return;
    }
    finding_say(f, RESULT_WARNING, "smtpd cannot reach it: %s", c->milter_error);
    finding_fix(f, "sudo systemctl restart relaywatch-milter");
}

static void outside(const struct condition *c, struct finding *f) {
    const struct condition_outside *o = c->outside;

    if (o->our_address[0] == '\0')
        finding_say(f, RESULT_NONE, "this host has no address but the loopback");
    else if (o->entered == SEEN_NOT)
        finding_say(f, RESULT_UNKNOWN, "no answer in time");
    else
        finding_say(f, RESULT_OK, "not from outside");
    if (o->entered != SEEN_YES)
        return;
    finding_say(f, RESULT_WARNING, "port %u answers at %s", o->entered_port, o->our_address);
    finding_fix(f, "sudo postconf -e inet_interfaces=loopback-only && sudo postfix stop && sudo "
                   "postfix start");
}

static void open_relay(const struct condition *c, struct finding *f) {
    const struct condition_outside *o = c->outside;
    char networks[1024];

    condition_parameter(c, "mynetworks", networks, sizeof networks);
    if (o->entered != SEEN_YES)
        finding_say(f,
                    o->entered == SEEN_NO || o->our_address[0] == '\0' ? RESULT_OK : RESULT_UNKNOWN,
                    "cannot be reached from outside");
    else if (o->relays == SEEN_NOT)
        finding_say(f, RESULT_UNKNOWN, "no answer to RCPT in time");
    else if (o->relays == SEEN_NO)
        finding_say(f, RESULT_OK, "a stranger's mail is refused");
    else if (checks_in_networks(networks, o->our_address))
        finding_say(f, RESULT_OK, "%s may send: it is in mynetworks", o->our_address);
    else {
        finding_say(f, RESULT_CRITICAL, "%s:%u takes mail from strangers", o->our_address,
                    o->entered_port);
        finding_fix(f, "sudo postconf -e 'smtpd_relay_restrictions = permit_mynetworks, reject' "
                       "&& sudo postfix reload");
    }
}

static void firewall(const struct condition *c, struct finding *f) {
    if (c->firewall == SEEN_YES)
        finding_say(f, RESULT_OK, "%s", c->firewall_name);
    else if (c->outside->entered == SEEN_YES) {
        finding_say(f, RESULT_WARNING, "none is active, and the relay answers from outside");
        finding_fix(f, "sudo postconf -e inet_interfaces=loopback-only   # or enable ufw");
    } else
        finding_say(f, RESULT_NONE, "none is active, and none is needed for a local relay");
}

static void postal(const struct condition *c, struct finding *f) {
    if (c->postal != SEEN_YES) {
        finding_say(f, RESULT_NONE, "Postal is not here");
        return;
    }
    finding_say(f, RESULT_OK, "%s names this relay", c->postal_file);
    if (c->postal_names_us)
        return;
    finding_say(f, RESULT_WARNING, "smtp_relays in %s do not name %s", c->postal_file,
                c->conf.submit);
    finding_fix(f, "sudoedit %s   # smtp_relays: smtp://NAME:%s?ssl_mode=None", c->postal_file,
                strrchr(c->conf.submit, ':') != NULL ? strrchr(c->conf.submit, ':') + 1 : "PORT");
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
    {"log-source", "mail log", "relaywatch learns from it what became of mail", log_there},
    {"log-flowing", "lines in the log", "without them relaywatch is blind", log_flows},
    {"milter-socket", "milter's socket", "arrivals are not counted without it", milter_socket,
     true},
    {"outside", "reachable from outside", "a relay is for this host's applications", outside, true},
    {"open-relay", "open relay", "spammers find one within hours, and Google blocks you",
     open_relay, true},
    {"firewall", "firewall", "a second lock on the door", firewall, true},
    {"postal", "Postal's configuration", "Postal must send here, by a name that DNS knows", postal},
    {"redis", "Redis", "figures of the fleet are kept there", redis, true},
    {"relaywatchd", "relaywatchd", "nobody watches while it is down", daemon_alive, true},
    {"keeper", "relaywatch-keeper", "logins cannot be changed without it", keeper, true},
    {"notify", "relaywatch-notify", "nobody is told without it", notify, true},
};
const size_t host_check_count = sizeof host_checks / sizeof host_checks[0];
