/* See trendkeep.h. */
#include "trendkeep.h"

#include <string.h>
#include <unistd.h>

#include "log.h"
#include "text.h"
#include "imagefile.h"

void trendkeep_begin(struct trendkeep *keep, const struct conf *conf) {
    unsigned char *image = (unsigned char *)&keep->trend;
    struct fault why;

    text_format(keep->path, sizeof keep->path, "%s/trend", conf->state_dir);
    memset(&keep->trend, 0, sizeof keep->trend);
    if (!imagefile_read(keep->path, image, TREND_IMAGE))
        trend_adopt(&keep->trend);
    else if (!trend_adopt(&keep->trend))
        log_warn("trend", "%s: is not of this version: begun anew", keep->path);
    keep->file = imagefile_open(keep->path, TREND_IMAGE, &why);
    if (keep->file == -1)
        log_warn("trend", "%s: delays and queue of the last days are not kept over a restart",
                 why.text);
}

void trendkeep_save(struct trendkeep *keep) {
    const unsigned char *image = (const unsigned char *)&keep->trend;
    struct fault why;
    size_t offset, size;

    while (keep->file > 0 && trend_take_changed(&keep->trend, &offset, &size)) {
        bool failed = imagefile_write(keep->file, image, offset, size, &why) == -1;

        if (failed && !keep->told) /* what was not written comes with its next change */
            log_warn("trend", "%s: %s", keep->path, why.text);
        keep->told = failed;
        if (failed)
            return;
    }
}

void trendkeep_end(struct trendkeep *keep) {
    if (keep->file <= 0)
        return;
    trendkeep_save(keep);
    close(keep->file);
    keep->file = -1;
}
