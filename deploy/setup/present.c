/* See present.h. */
#include "present.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "text.h"
#include "xmem.h"
#include "cred.h"
#include "mapfile.h"
#include "settings.h"

enum { SIZE = 1024 * 1024 };

char *present_file(const char *path, struct fault *why) {
    char *text;
    ssize_t n;

    why->text[0] = '\0';
    if (access(path, F_OK) == -1 && errno == ENOENT)
        return NULL;
    text = xcalloc(1, SIZE);
    n = file_read(path, text, SIZE, why);
    if (n >= 0 && strlen(text) == (size_t)n)
        return text;
    if (n >= 0)
        fault_set(why, "%s: has a zero byte in it", path);
    wipe(text, SIZE);
    free(text);
    return NULL;
}

const char *present_suffix(const char *map_type) {
    if (strcmp(map_type, "hash") == 0 || strcmp(map_type, "btree") == 0)
        return ".db";
    return strcmp(map_type, "lmdb") == 0 ? ".lmdb" : strcmp(map_type, "cdb") == 0 ? ".cdb" : "";
}

static bool is_loose(const char *path) {
    struct stat st;

    return stat(path, &st) == 0 && ((st.st_mode & 077) != 0 || st.st_uid != 0);
}

/* Does the index answer every key as the text says, and no other? */
static bool index_is_current(const char *config_dir, const char *type, const char *path) {
    struct facts facts = {.nexthop = ""};
    struct hands hands = hands_direct(config_dir, "");
    struct mapfile map = {.hands = NULL};
    struct cred_file *file = xcalloc(1, sizeof *file);
    bool *differs = xcalloc(CRED_MAX, sizeof *differs);
    uint32_t changed = 1;
    bool current = false;

    text_copy(facts.map_type, sizeof facts.map_type, type);
    if (text_copy(facts.map_path, sizeof facts.map_path, path) &&
        mapfile_open(&map, &hands, &facts, NULL) == 0 && mapfile_read(&map, NULL) == 0 &&
        cred_parse((struct span){map.text, map.text_n}, file) &&
        mapfile_compare(&map, file, differs, &changed, NULL) == 0)
        current = changed == 0;
    mapfile_close(&map);
    hands_end(&hands);
    free(differs);
    free(file);
    return current;
}

static int look_at_login(const struct machine *m, const char *config_dir, const char *main_cf,
                         const char *path, struct present *out, struct fault *why) {
    char type[16], index[600];
    struct stat st;

    if (lstat(path, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_nlink != 1))
        return fault_set(why, "%s: not a regular file with one name: relaywatch would not touch it",
                         path);
    settings_map(m, main_cf, config_dir, type, sizeof type, index, sizeof index);
    text_format(index, sizeof index, "%s%s", path, present_suffix(type));
    out->index_exists = access(index, F_OK) == 0;
    out->loose = is_loose(path) || is_loose(index);
    out->index_current = main_cf != NULL && out->text[PLAN_SASL] != NULL && !out->loose &&
                         index_is_current(config_dir, type, path);
    return 0;
}

int present_read(const struct machine *m, const char *config_dir, const char *conf_path,
                 const char *receivers_path, struct present *out, struct fault *why) {
    char path[PLAN_FILES][512];

    memset(out, 0, sizeof *out);
    text_format(path[PLAN_MAIN], sizeof path[0], "%s/main.cf", config_dir);
    text_format(path[PLAN_MASTER], sizeof path[0], "%s/master.cf", config_dir);
    text_format(path[PLAN_GUARD], sizeof path[0], "%s/relay_dsn_filter", config_dir);
    text_copy(path[PLAN_LOGROTATE], sizeof path[0], "/etc/logrotate.d/relaywatch-postfix");
    text_copy(path[PLAN_CONF], sizeof path[0], conf_path);
    text_copy(path[PLAN_RECEIVERS], sizeof path[0], receivers_path);
    for (int i = PLAN_FILES - 1; i >= 0;
         i--) { /* main.cf first: it says where the password file is */
        if (i == PLAN_SASL)
            plan_sasl_path(m, config_dir, out->text[PLAN_MAIN], path[i], sizeof path[0]);
        out->text[i] = present_file(path[i], why);
        if (out->text[i] == NULL && why->text[0] != '\0')
            return -1;
    }
    return look_at_login(m, config_dir, out->text[PLAN_MAIN], path[PLAN_SASL], out, why);
}

void present_free(struct present *present) {
    for (int i = 0; i < PLAN_FILES; i++) {
        if (present->text[i] != NULL)
            wipe(present->text[i], strlen(present->text[i]));
        free(present->text[i]);
        present->text[i] = NULL;
    }
}
