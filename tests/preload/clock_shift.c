/* Loaded before all else (ld.so.preload in a mount namespace of the test's own), so that all
 * programs there see a wall clock that is off by the seconds that stand in SHIFT_FILE, from the
 * moment when they are written there. The monotonic clock goes on. For tests of a clock that jumps
 * on a machine whose real one may not be touched. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SHIFT_BYTES = 20 };

static const volatile char *shift_text;

__attribute__((constructor)) static void open_shift(void) {
    int fd = open(SHIFT_FILE, O_RDONLY | O_CLOEXEC);
    void *at = fd != -1 ? mmap(NULL, SHIFT_BYTES, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

    if (fd != -1)
        close(fd);
    shift_text = at != MAP_FAILED ? at : NULL;
}

static long shift_s(void) {
    bool back = shift_text != NULL && shift_text[0] == '-';
    long seconds = 0;

    for (int i = back;
         shift_text != NULL && i < SHIFT_BYTES && shift_text[i] >= '0' && shift_text[i] <= '9'; i++)
        seconds = seconds * 10 + (shift_text[i] - '0');
    return back ? -seconds : seconds;
}

int clock_gettime(clockid_t id, struct timespec *out) {
    int status = (int)syscall(SYS_clock_gettime, id, out);

    if (status == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        out->tv_sec += shift_s();
    return status;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

/* AddressSanitizer minds that it is not the first library. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "verify_asan_link_order=0";
}
