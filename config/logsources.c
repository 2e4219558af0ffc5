/* See logsources.h. */
#include "logsources.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

enum { LINKS_MOST = 16 };

static const char separators[] = " \t,";

/* ---- two names for one file ---- */

/* The real path; also of a file that is not there, as long as its folder is. */
static void resolve(const char *path, char out[PATH_MAX]) {
    char at[PATH_MAX], target[PATH_MAX], folder[PATH_MAX];
    char *base;

    text_copy(at, sizeof at, path);
    for (int links = 0; links < LINKS_MOST && realpath(at, out) == NULL; links++) {
        ssize_t n = errno == ENOENT ? readlink(at, target, sizeof target - 1) : -1;

        base = strrchr(at, '/');
        if (n == -1 && base != NULL) {
            *base = '\0';
            if (realpath(at[0] != '\0' ? at : "/", folder) == NULL ||
                !text_format(out, PATH_MAX, "%s/%s", folder, base + 1))
                text_copy(out, PATH_MAX, path);
            return;
        }
        target[n > 0 ? n : 0] = '\0';
        if (target[0] == '/' || base == NULL)
            text_copy(at, sizeof at, target);
        else
            text_copy(base + 1, sizeof at - (size_t)(base + 1 - at), target);
    }
}

static bool are_one(const char *a, const char *b) {
    char real_a[PATH_MAX] = "", real_b[PATH_MAX] = "";
    struct stat stat_a, stat_b;

    resolve(a, real_a);
    resolve(b, real_b);
    if (strcmp(real_a, real_b) == 0)
        return true;
    return stat(a, &stat_a) == 0 && stat(b, &stat_b) == 0 && stat_a.st_dev == stat_b.st_dev &&
           stat_a.st_ino == stat_b.st_ino;
}

static int check_twins(const struct logsources *sources, struct fault *why) {
    const struct logsource *added = &sources->item[sources->count - 1];

    for (size_t i = 0; i + 1 < sources->count; i++) {
        const struct logsource *other = &sources->item[i];

        if (strcmp(other->name, added->name) == 0)
            return fault_set(why, "%s is named twice", added->name);
        if (added->is_journal && other->is_journal)
            return fault_set(why, "%s and %s: at most one journal", other->name, added->name);
        if (!added->is_journal && !other->is_journal && are_one(other->name, added->name))
            return fault_set(why, "%s and %s are the same file: its lines would count twice",
                             other->name, added->name);
    }
    return 0;
}

/* ---- the list ---- */

static int add(struct logsources *out, struct span word, struct fault *why) {
    struct logsource *source = &out->item[out->count];

    if (out->count == LOGSOURCES_MOST)
        return fault_set(why, "more than %d", LOGSOURCES_MOST);
    if (!text_copy_span(source->name, sizeof source->name, word))
        return fault_set(why, "longer than %d characters: %.60s...", LOGSOURCE_NAME - 1,
                         source->name);
    source->is_journal = logsource_is_journal(source->name);
    for (size_t n = word.n; source->is_journal && n > 9 && source->name[n - 1] == '/'; n--)
        source->name[n - 1] = '\0';
    if (logsource_path(source)[0] != '/' && strcmp(source->name, "journal") != 0)
        return fault_set(why, "%s is no absolute path", source->name);
    out->count++;
    return check_twins(out, why);
}

int logsources_parse(const char *text, struct logsources *out, struct fault *why) {
    out->count = 0;
    for (const char *at = text + strspn(text, separators); *at != '\0';
         at += strspn(at, separators)) {
        size_t n = strcspn(at, separators);

        if (add(out, (struct span){at, n}, why) == -1)
            return -1;
        at += n;
    }
    return out->count > 0 ? 0 : fault_set(why, "nothing is named");
}

bool logsource_is_journal(const char *name) {
    return strcmp(name, "journal") == 0 || strncmp(name, "journal:", 8) == 0;
}

const char *logsource_path(const struct logsource *source) {
    if (!source->is_journal)
        return source->name;
    return source->name[7] == ':' ? source->name + 8 : "";
}

bool logsources_mixed(const struct logsources *sources) {
    size_t journals = 0;

    for (size_t i = 0; i < sources->count; i++)
        journals += sources->item[i].is_journal;
    return journals > 0 && journals < sources->count;
}

const char *logsources_first(const struct logsources *sources) {
    for (size_t i = 0; i < sources->count; i++) {
        if (!sources->item[i].is_journal)
            return sources->item[i].name;
    }
    return sources->item[0].name;
}
