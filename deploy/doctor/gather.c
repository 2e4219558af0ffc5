/* See gather.h. */
#include "gather.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "logsources.h"
#include "spawn.h"
#include "xmem.h"
#include "cred.h"
#include "checks.h"
#include "mastercf.h"
#include "outside.h"
#include "queuedir.h"
#include "recall.h"
#include "ruleset.h"

enum { PARAMETERS = 256 * 1024, CONFIG_FILE = 256 * 1024, SOON_MS = 5000, ANSWER = 1024 };

static void look(const char *path, struct condition_file *out) {
    struct stat st;

    out->there = stat(path, &st) == 0 ? SEEN_YES : SEEN_NO;
    if (out->there == SEEN_YES) {
        out->owner = st.st_uid;
        out->mode = st.st_mode;
        out->mtime_s = st.st_mtim.tv_sec;
    }
}

static char *text_of(const char *folder, const char *name, struct fault *why) {
    char path[PATH_MAX];
    char *text = xcalloc(1, CONFIG_FILE);

    text_format(path, sizeof path, "%s/%s", folder, name);
    if (file_read(path, text, CONFIG_FILE, why) != -1)
        return text;
    free(text);
    return NULL;
}

static void read_config(struct condition *c) {
    const char *folder = c->conf.postfix_config_dir;
    const char *const argv[] = {"/usr/sbin/postconf", "-c", folder, "-x", NULL};
    char *text = xcalloc(1, PARAMETERS);
    char errors[1024] = "";
    struct spawn job = {.argv = argv,
                        .output = text,
                        .output_size = PARAMETERS,
                        .errors = errors,
                        .errors_size = sizeof errors,
                        .timeout_ms = SOON_MS};
    struct fault why = {""};

    c->main_cf = text_of(folder, "main.cf", &why);
    if (c->main_cf != NULL)
        c->master_cf = text_of(folder, "master.cf", &why);
    if (c->main_cf != NULL && spawn_run(&job, &why) == 0) {
        if (job.status != 0)
            text_copy_printable(why.text, sizeof why.text, span_of(errors));
        else if (facts_parse((struct span){text, job.output_length}, &c->relay, &why) == 0)
            c->parameters = text;
    }
    if (c->parameters == NULL)
        free(text);
    text_copy(c->config_error, sizeof c->config_error, why.text);
}

/* What the live map answers for the key; wiped by the caller. */
static bool ask_map(const struct condition *c, const char *key, char *out, size_t size) {
    char map[300];
    const char *const argv[] = {
        "/usr/sbin/postmap", "-c", c->conf.postfix_config_dir, "-q", key, map, NULL};
    char errors[256];
    struct spawn job = {.argv = argv,
                        .output = out,
                        .output_size = size,
                        .errors = errors,
                        .errors_size = sizeof errors,
                        .timeout_ms = SOON_MS};
    struct fault why;

    text_format(map, sizeof map, "%s:%s", c->relay.map_type, c->relay.map_path);
    if (spawn_run(&job, &why) == -1 || job.status != 0)
        return false;
    out[strcspn(out, "\n")] = '\0';
    return out[0] != '\0';
}

static void index_of(const struct condition *c, struct condition_file *out) {
    static const char *const endings[] = {"db", "lmdb", "cdb", "dir"};
    char path[PATH_MAX];

    for (size_t i = 0; i < sizeof endings / sizeof endings[0] && out->there != SEEN_YES; i++) {
        text_format(path, sizeof path, "%s.%s", c->relay.map_path, endings[i]);
        look(path, out);
    }
}

/* `live` is filled with the map's answer. */
static void read_passwords(struct condition *c, char *live, size_t size) {
    struct condition_password *p = &c->password;
    struct cred_file *file = xcalloc(1, sizeof *file);
    char *text = xcalloc(1, CRED_FILE_MAX + 1);
    const struct cred *entry;
    struct fault why;
    ssize_t n;

    look(c->relay.map_path, &p->text);
    if (c->conf.credential_source[0] != '\0')
        look(c->conf.credential_source, &c->new_login);
    index_of(c, &p->index);
    p->map_knows = ask_map(c, c->relay.host, live, size) ||
                           (c->relay.nexthop[0] != '\0' && ask_map(c, c->relay.nexthop, live, size))
                       ? SEEN_YES
                       : SEEN_NO;
    n = file_read(c->relay.map_path, text, CRED_FILE_MAX + 1, &why);
    if (n != -1) {
        cred_parse((struct span){text, (size_t)n}, file);
        p->problems = file->problem_count;
        p->line = file->problems[0].line;
        text_copy(p->what, sizeof p->what, file->problem_count > 0 ? file->problems[0].what : "");
        entry = cred_lookup(file, c->relay.host, c->relay.nexthop);
        p->in_text = entry != NULL ? SEEN_YES : SEEN_NO;
        p->map_same = entry != NULL && p->map_knows == SEEN_YES && span_is(entry->value, live)
                          ? SEEN_YES
                          : SEEN_NO;
    }
    wipe(text, CRED_FILE_MAX + 1);
    wipe(file, sizeof *file);
    free(text);
    free(file);
}

static void read_queue(struct condition *c) {
    struct statvfs fs;
    struct fault why;

    if (c->relay.queue_directory[0] == '\0' || !c->root)
        return;
    if (queuedir_read(c->relay.queue_directory, &c->queue, &why) == 0)
        c->queue_counted = SEEN_YES;
    c->running = c->queue.postfix_running != 0 ? SEEN_YES : SEEN_NO;
    if (statvfs(c->relay.queue_directory, &fs) == 0) {
        c->bytes_total = (uint64_t)fs.f_blocks * fs.f_frsize;
        c->inodes_total = fs.f_files;
    }
}

/* libsasl2 itself is asked, as Postfix's smtp(8) asks it: before it goes into its chroot, with the
 * library's own folder of plugins. */
static void read_plugins(struct condition *c, const char *programs) {
    char program[PATH_MAX];
    const char *const argv[] = {program, "--mechanisms", NULL};
    struct spawn job = {.argv = argv,
                        .output = c->mechanisms,
                        .output_size = sizeof c->mechanisms,
                        .timeout_ms = SOON_MS,
                        .user = c->root ? c->conf.probe_user : NULL};

    text_format(program, sizeof program, "%s/relaywatch-probe", programs);
    c->sasl_asked = spawn_run(&job, NULL) == 0 && job.status == 0 ? SEEN_YES : SEEN_NO;
    c->mechanisms[strcspn(c->mechanisms, "\n")] = '\0';
}

/* Has the relay refused the live login before? Then it is not sent again (lock-out). What the
 * keeper noted of the live login holds for the map of then: somebody may have run postmap(1) since.
 */
static void read_memory(struct condition *c, const char *live) {
    struct recall *recall = xcalloc(1, sizeof *recall);
    const struct condition_file *map = &c->password.index;
    struct hands hands = hands_direct(c->conf.postfix_config_dir, c->conf.keeper_state_dir);
    const struct recall_refused *known;
    struct fault why;

    map = map->there == SEEN_YES ? map : &c->password.text;
    if (live[0] != '\0' && recall_load(&hands, recall, &why) == 0) {
        known = recall_find(recall, recall_login(recall, c->relay.host, span_of(live)));
        if (known != NULL)
            c->login_refused_ms = known->at_ms;
        else if (recall->live_refused_ms / 1000 > map->mtime_s)
            c->login_refused_ms = recall->live_refused_ms;
    }
    wipe(recall, sizeof *recall);
    free(recall);
}

/* May relaywatchd's user read it? Asked as that user. */
static bool readable_for(const char *user, const char *path) {
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (geteuid() == 0 && spawn_become(user) == -1)
            _exit(2);
        _exit(access(path, R_OK) == 0 ? 0 : 1);
    }
    return child != -1 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static void read_log(struct condition *c) {
    struct logsources sources;
    struct condition_file file = {0};
    struct fault why;

    if (logsources_parse(c->conf.mail_log, &sources, &why) == -1) {
        c->log_readable = SEEN_NO;
        return;
    }
    for (size_t i = 0; i < sources.count; i++) {
        const char *path = logsource_path(&sources.item[i]);

        if (sources.item[i].is_journal || c->log_readable == SEEN_NO)
            continue;
        c->log_readable = readable_for(c->conf.user, path) ? SEEN_YES : SEEN_NO;
        look(path, &file);
        if (file.mtime_s > c->log_mtime_s)
            c->log_mtime_s = file.mtime_s;
    }
}

static void read_firewall(struct condition *c) {
    static const struct {
        const char *argv[4];
        bool (*filters)(const char *text);
        const char *name;
    } rows[] = {
        {{"/usr/sbin/nft", "list", "ruleset", NULL}, ruleset_nft_filters, "nftables filters"},
        {{"/usr/sbin/iptables-save", NULL}, ruleset_iptables_filters, "iptables filters"},
        {{"/usr/sbin/ip6tables-save", NULL}, ruleset_iptables_filters, "ip6tables filters"},
    };
    char text[512] = "";

    if (file_read("/etc/ufw/ufw.conf", text, sizeof text, NULL) != -1 &&
        strstr(text, "\nENABLED=yes") != NULL)
        text_copy(c->firewall_name, sizeof c->firewall_name, "ufw is enabled");
    else if (access("/run/firewalld", F_OK) == 0)
        text_copy(c->firewall_name, sizeof c->firewall_name, "firewalld runs");
    for (size_t i = 0; c->root && c->firewall_name[0] == '\0' && i < 3; i++) {
        char *said = xcalloc(1, CONFIG_FILE), errors[256];
        struct spawn job = {.argv = rows[i].argv,
                            .output = said,
                            .output_size = CONFIG_FILE,
                            .errors = errors,
                            .errors_size = sizeof errors,
                            .timeout_ms = SOON_MS};

        if (access(rows[i].argv[0], X_OK) == 0 && spawn_run(&job, NULL) == 0 && job.status == 0 &&
            rows[i].filters(said))
            text_format(c->firewall_name, sizeof c->firewall_name, "%s what comes in",
                        rows[i].name);
        free(said);
    }
    c->firewall = c->firewall_name[0] != '\0' ? SEEN_YES : SEEN_NO;
}

/* postlogd(8)'s socket is a datagram socket: who writes to a full one waits. */
static void read_log_queue(struct condition *c) {
    char text[32] = "";
    uint64_t lines;

    if (file_read("/proc/sys/net/unix/max_dgram_qlen", text, sizeof text, NULL) != -1 &&
        text_u64(span_trim(span_of(text)), 0, UINT32_MAX, &lines))
        c->log_queue = (uint32_t)lines;
}

static void read_clock(struct condition *c) {
    struct timex t = {.modes = 0};

    c->now_s = time(NULL);
    c->clock_synced = adjtimex(&t) != TIME_ERROR ? SEEN_YES : SEEN_NO;
}

static void read_master(struct condition *c) {
    char path[PATH_MAX];

    if (c->relay.ca_file[0] != '\0')
        c->ca_there = access(c->relay.ca_file, R_OK) == 0 ? SEEN_YES : SEEN_NO;
    if (c->master_cf == NULL)
        return;
    c->chrooted_smtp = mastercf_is_chrooted(c->master_cf, "smtp", "unix") ? SEEN_YES : SEEN_NO;
    c->chrooted_smtpd =
        mastercf_is_chrooted(c->master_cf, c->conf.submit, "inet") ? SEEN_YES : SEEN_NO;
    if (c->chrooted_smtp == SEEN_YES && c->ca_there == SEEN_YES) {
        text_format(path, sizeof path, "%s%s", c->relay.queue_directory, c->relay.ca_file);
        c->ca_in_chroot = access(path, R_OK) == 0 ? SEEN_YES : SEEN_NO;
    }
}

void gather(const struct conf *conf, const char *programs, const char *only,
            void (*on_wait)(const char *waiting), struct condition *out) {
    char live[ANSWER] = "";

    memset(out, 0, sizeof *out);
    out->root = geteuid() == 0;
    out->conf = *conf;
    out->outside =
        mmap(NULL, sizeof *out->outside, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (out->outside == MAP_FAILED)
        abort();
    read_log_queue(out);
    read_clock(out);
    read_config(out);
    if (out->parameters != NULL && out->relay.sasl && out->relay.map_path[0] != '\0' && out->root)
        read_passwords(out, live, sizeof live);
    read_memory(out, live);
    read_queue(out);
    if (out->relay.sasl)
        read_plugins(out, programs);
    read_log(out);
    read_firewall(out);
    read_master(out);
    checks_milter_path(out, out->milter_path, sizeof out->milter_path);
    outside_ask(out, programs, live[0] != '\0' && out->login_refused_ms == 0 ? live : NULL, only,
                on_wait);
    wipe(live, sizeof live);
}

void gather_free(struct condition *seen) {
    free(seen->parameters);
    free(seen->main_cf);
    free(seen->master_cf);
    munmap(seen->outside, sizeof *seen->outside);
    memset(seen, 0, sizeof *seen);
}
