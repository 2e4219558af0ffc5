/* relaywatchd: watches a Postfix relay. This file: options, configuration, not as root. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "logsources.h"
#include "xmem.h"
#include "sdjournal.h"
#include "daemon.h"

static const char help[] =
    "usage: relaywatchd [-c FILE] [-t]\n"
    "Follows Postfix's log, counts, tells of trouble, serves page and metrics. Runs\n"
    "as an ordinary user; `relaywatch run` or systemd starts it.\n"
    "  -c FILE    configuration, default " CONF_DEFAULT_PATH "\n"
    "  -t         check the configuration and end\n"
    "  --version  print the version\n";

static void on_conf_error(const char *text, void *arg) {
    (void)arg;
    log_error("conf", "%s", text);
}

static void check_journal(const char *path, const struct conf *conf) {
    struct logsources logs;
    struct fault why;

    if (logsources_parse(conf->mail_log, &logs, &why) == -1)
        die(EX_CONFIG, "%s: mail_log: %s", path, why.text);
    for (size_t i = 0; i < logs.count; i++) {
        if (logs.item[i].is_journal && !sdjournal_supported())
            die(EX_CONFIG, "%s: mail_log: %s: %s", path, logs.item[i].name, SDJOURNAL_UNSUPPORTED);
    }
}

int main(int argc, char **argv) {
    const char *path = CONF_DEFAULT_PATH;
    struct conf conf;
    struct fault why;
    int check_only = 0;

    xmem_give_back();
    log_open("relaywatchd", LOG_LEVEL_INFO);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc) {
            path = argv[++i];
        } else if (strcmp(argv[i], "-t") == 0) {
            check_only = 1;
        } else if (strcmp(argv[i], "--version") == 0) {
            puts("relaywatchd " RELAYWATCH_VERSION);
            return 0;
        } else {
            fputs(help, strcmp(argv[i], "--help") == 0 ? stdout : stderr);
            return strcmp(argv[i], "--help") == 0 ? 0 : EX_USAGE;
        }
    }
    if (conf_load(path, &conf, on_conf_error, NULL, &why) == -1)
        die(EX_CONFIG, "%s", why.text);
    check_journal(path, &conf);
    if (check_only)
        return 0;
    if (getuid() == 0 || geteuid() == 0)
        die(EX_NOPERM,
            "will not run as root: it reads what strangers write. Start it by "
            "`relaywatch run` or systemd, which give it user %s",
            conf.user);
    return daemon_run(&conf, path);
}
