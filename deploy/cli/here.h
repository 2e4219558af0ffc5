/* This host's own names, for the commands that are shown: what fixtext puts in place of the usual
 * ones. Blocks for one run of postconf. */
#ifndef CLI_HERE_H
#define CLI_HERE_H

#include "conf.h"
#include "facts.h"
#include "fixtext.h"
#include "logsources.h"

struct here {
    struct facts facts;         /* all empty where postconf cannot be asked */
    struct fixtext_place place; /* points into this struct, and into what here_find was given */
};

void here_find(struct here *out, const struct conf *conf, const char *conf_path,
               const struct logsources *logs);

#endif
