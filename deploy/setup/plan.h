/* From facts and wishes to what is to be done: which packages and users are missing, what each file
 * will say, what happens to Postfix. Pure: the files' present texts are given. A plan is made anew
 * at each run; one whose plan_is_empty is true has nothing left to do. Files are in the order in
 * which they are written: what main.cf points to first, main.cf last, so that whenever a run is cut
 * off Postfix has its old or its new configuration. */
#ifndef SETUP_PLAN_H
#define SETUP_PLAN_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "fault.h"
#include "machine.h"
#include "wants.h"

enum plan_which {
    PLAN_SASL,
    PLAN_GUARD,
    PLAN_LOGROTATE,
    PLAN_CONF,
    PLAN_RECEIVERS,
    PLAN_MASTER,
    PLAN_MAIN,
    PLAN_FILES
};

struct plan_file {
    char path[512];
    mode_t mode;  /* of a new file */
    bool secret;  /* shown masked */
    char *before; /* NULL: there is none */
    char *after;  /* the same text, or NULL like before: nothing to do */
};

enum plan_postfix { POSTFIX_LEAVE, POSTFIX_START, POSTFIX_RELOAD, POSTFIX_RESTART };

struct plan_input {
    const char *config_dir;
    const char *conf_path;      /* relaywatch.conf */
    const char *receivers_path; /* receivers.conf */
    const char *conf_sample;    /* of both, for a machine that has none */
    const char *receivers_sample;
    const char *milter_socket;    /* of relaywatch.conf, "" when there is none yet */
    const char *text[PLAN_FILES]; /* as they are; NULL: not there. PLAN_SASL: at plan_sasl_path */
    bool index_current;           /* the password map's index answers as its text says */
    bool index_exists;
};

struct plan {
    char packages[256]; /* to be installed */
    bool users;
    struct plan_file file[PLAN_FILES];
    char map_type[16];
    char map_path[512];
    bool index;        /* is to be built */
    bool index_exists; /* there is one now */
    enum plan_postfix postfix;
    char helo[256];
    char ca_file[256];
    char mail_log[256];
    char milter_socket[256]; /* as libmilter writes it */
    char *notes;             /* lines for people */
    bool managed;            /* main.cf says that something else writes it */
};

/* Where the password file stands on this machine. */
void plan_sasl_path(const struct machine *m, const char *config_dir, const char *main_cf, char *out,
                    size_t size);

/* Fills *out; plan_free it also after -1, where `why` says what the operator must do first. */
MUSTCHECK int plan_make(const struct machine *m, const struct wants *w, const struct plan_input *in,
                        struct plan *out, struct fault *why);
void plan_free(struct plan *plan);

bool plan_file_changes(const struct plan_file *file);
bool plan_is_empty(const struct plan *plan);

/* For people, with the difference of each file; no secret in it. */
void plan_print(const struct plan *plan, const struct machine *m, FILE *out);

#endif
