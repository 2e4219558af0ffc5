/* jobs.c: questions side by side. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "jobs.h"

struct shared {
    volatile int answers;
    volatile pid_t grandchild;
};

static struct shared *shared;
static int told;
static char last[300];

static void answer(const void *arg) {
    cr_assert_eq(arg, shared);
    shared->answers = 1;
}

static void hang(const void *arg) {
    pid_t child = fork();

    (void)arg;
    if (child > 0)
        shared->grandchild = child;
    for (;;)
        pause();
}

static void on_wait(const char *waiting) {
    told++;
    strncpy(last, waiting, sizeof last - 1);
}

static void make_shared(void) {
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(shared, MAP_FAILED);
}

Test(jobs, ends_when_all_are_done, .init = make_shared) {
    const struct job jobs[] = {{"one", true, answer}, {"not asked", false, hang}};
    int64_t begun_ms = clock_mono_ms();

    jobs_run(jobs, 2, shared, 60000, on_wait);
    cr_expect_eq(shared->answers, 1);
    cr_expect_lt(clock_mono_ms() - begun_ms, 30000);
}

Test(jobs, who_hangs_is_killed_with_its_children, .init = make_shared) {
    const struct job jobs[] = {{"one", true, answer}, {"two", true, hang}, {"three", true, hang}};

    jobs_run(jobs, 3, shared, 900, on_wait);
    cr_expect_eq(shared->answers, 1);
    cr_expect_geq(told, 1);
    cr_expect_str_eq(last, "two, three");
    cr_assert_gt(shared->grandchild, 0);
    for (int i = 0; i < 1000 && kill(shared->grandchild, 0) == 0; i++)
        usleep(10000); /* until init has reaped it */
    cr_expect_neq(kill(shared->grandchild, 0), 0);
}
