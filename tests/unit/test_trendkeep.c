/* trendkeep.c: what was saved is there in the next life; a file that is not ours is begun anew. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "text.h"
#include "trendkeep.h"

#define NOW INT64_C(1790000000000)

static struct conf conf;
static char folder[] = "/tmp/test_trendkeep.XXXXXX";

static void begin(void) {
    cr_assert_not_null(mkdtemp(folder));
    text_copy(conf.state_dir, sizeof conf.state_dir, folder);
}

static void finish(void) {
    char path[64];

    text_format(path, sizeof path, "%s/trend", folder);
    unlink(path);
    rmdir(path);
    rmdir(folder);
}

Test(trendkeep, comes_back, .init = begin, .fini = finish) {
    struct trendkeep *keep = calloc(1, sizeof *keep);
    struct stat status;

    trendkeep_save(keep); /* before it began: nothing */
    trendkeep_begin(keep, &conf);
    trend_queue(&keep->trend, 12, 3, NOW);
    trendkeep_save(keep);
    memset(&keep->trend, 0, sizeof keep->trend); /* kill -9: not ended */
    close(keep->file);
    trendkeep_begin(keep, &conf);
    cr_assert_not_null(trend_minute(&keep->trend, NOW / 60000));
    cr_expect_eq(trend_minute(&keep->trend, NOW / 60000)->queue_most, 12);
    trend_queue(&keep->trend, 13, 3, NOW);
    trendkeep_end(keep);
    trendkeep_end(keep);
    trendkeep_begin(keep, &conf);
    cr_expect_eq(trend_hour(&keep->trend, NOW / 3600000)->queue_most, 13);
    cr_expect_eq(stat(keep->path, &status), 0);
    cr_expect_eq((size_t)status.st_size, (size_t)TREND_IMAGE);
    cr_expect_eq(status.st_mode & 0777, 0600u);
    trendkeep_end(keep);
    free(keep);
}

Test(trendkeep, another_file, .init = begin, .fini = finish) {
    struct trendkeep *keep = calloc(1, sizeof *keep);
    char *old = calloc(1, TREND_IMAGE);
    char path[64];
    struct fault why;

    memset(old, 'x', TREND_IMAGE);
    text_format(path, sizeof path, "%s/trend", folder);
    cr_assert_eq(file_replace(path, old, TREND_IMAGE, 0600, &why), 0);
    trendkeep_begin(keep, &conf);
    cr_expect_null(trend_minute(&keep->trend, NOW / 60000));
    trend_queue(&keep->trend, 1, 1, NOW);
    trendkeep_end(keep);
    trendkeep_begin(keep, &conf);
    cr_expect_not_null(trend_minute(&keep->trend, NOW / 60000));
    trendkeep_end(keep);
    free(old);
    free(keep);
}

/* No place for the file: the figures are kept all the same, for this life. */
Test(trendkeep, no_file, .init = begin, .fini = finish) {
    struct trendkeep *keep = calloc(1, sizeof *keep);
    char path[64];

    text_format(path, sizeof path, "%s/trend", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    trendkeep_begin(keep, &conf);
    trend_queue(&keep->trend, 1, 1, NOW);
    trendkeep_save(keep);
    cr_expect_not_null(trend_minute(&keep->trend, NOW / 60000));
    trendkeep_end(keep);
    free(keep);
}
