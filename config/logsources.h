/* What the parameter `mail_log` names: up to LOGSOURCES_MOST sources of Postfix's log, parted by
 * blanks or commas: files by their absolute paths, and at most one journal, `journal` (this
 * machine's) or `journal:/folder` (the journal files in a folder). No line may come from two of
 * them, as it would count twice: so no file is named twice, not by another name either, and the
 * journal stands beside files only if the operator says that they hold different lines. */
#ifndef CONFIG_LOGSOURCES_H
#define CONFIG_LOGSOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

enum { LOGSOURCES_MOST = 8, LOGSOURCE_NAME = 256 };

struct logsource {
    bool is_journal;
    char name[LOGSOURCE_NAME]; /* as configured; of a journal's folder without a '/' at its end */
};

struct logsources {
    size_t count;
    struct logsource item[LOGSOURCES_MOST];
};

/* Reads the list. -1 with `why` when it is empty, too long or not understood, or when two of it are
 * the same; for that looks where symbolic links lead, which blocks for the disk's own time. */
MUSTCHECK int logsources_parse(const char *text, struct logsources *out, struct fault *why);

/* Is this word a journal and not a file? */
bool logsource_is_journal(const char *name);

/* Of a file its path, of a journal its folder, "" for this machine's. */
const char *logsource_path(const struct logsource *source);

/* Are there a journal and a file? */
bool logsources_mixed(const struct logsources *sources);

/* The one to look into by hand: the first file, or the journal's name. */
const char *logsources_first(const struct logsources *sources);

#endif
