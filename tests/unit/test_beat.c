/* beat.c: what is sent arrives, from where it may come; nobody who listens is no trouble. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "beat.h"
#include "text.h"

static char folder[] = "/tmp/rw-beat-XXXXXX";
static char path[64];
static struct fault why;

static void set_up(void) {
    cr_assert(mkdtemp(folder) != NULL && chmod(folder, 0755) == 0);
    text_format(path, sizeof path, "%s/beat", folder);
}

static void tear_down(void) {
    unlink(path);
    rmdir(folder);
}

TestSuite(beat, .init = set_up, .fini = tear_down);

Test(beat, comes_and_is_taken) {
    struct stat status;
    int fd = beat_listen(path, getuid(), &why);

    cr_assert(fd != -1, "%s", why.text);
    cr_assert_eq(stat(path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0600);
    cr_expect_not(beat_take(fd));
    setenv("NOTIFY_SOCKET", path, 1);
    beat_send(BEAT_READY);
    cr_expect(beat_take(fd));
    cr_expect_not(beat_take(fd), "taken");
    beat_send("STATUS=fine");
    cr_expect_not(beat_take(fd), "no sign of life");
    for (int i = 0; i < 100000; i++)
        beat_send(BEAT_ALIVE); /* a supervisor that does not look: no trouble */
    cr_expect(beat_take(fd));
    cr_expect_not(beat_take(fd));
    close(fd);
    fd = beat_listen(path, getuid(), &why);
    cr_assert(fd != -1, "replaced: %s", why.text);
    beat_send(BEAT_ALIVE);
    cr_expect(beat_take(fd));
    close(fd);
}

Test(beat, nobody_listens) {
    static const char *const names[] = {"", "relative", "/nowhere/at/all", "@rw-nobody"};
    char longer[300];

    unsetenv("NOTIFY_SOCKET");
    beat_send(BEAT_ALIVE);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        beat_send(BEAT_ALIVE);
    }
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    setenv("NOTIFY_SOCKET", longer, 1);
    beat_send(BEAT_ALIVE);
    cr_expect_eq(beat_listen(longer, getuid(), &why), -1);
    cr_expect_eq(beat_listen("@abstract", getuid(), &why), -1);
    cr_expect_eq(beat_listen("/nowhere/at/all", getuid(), &why), -1);
}

/* systemd's own may be abstract: '@' stands for the NUL. */
Test(beat, abstract) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[64];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    text_format(name, sizeof name, "@rw-beat-%d", getpid());
    memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
    cr_assert_eq(bind(fd, (const struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                 0);
    setenv("NOTIFY_SOCKET", name, 1);
    beat_send(BEAT_ALIVE);
    cr_expect(beat_take(fd));
    close(fd);
}

/* Another user cannot keep a hanging program alive. */
Test(beat, of_strangers) {
    int fd, status;
    pid_t pid;

    if (geteuid() != 0)
        return;
    fd = beat_listen(path, 1, &why);
    cr_assert(fd != -1, "%s", why.text);
    setenv("NOTIFY_SOCKET", path, 1);
    for (uid_t uid = 1; uid <= 2; uid++) {
        pid = fork();
        if (pid == 0) {
            if (setuid(uid) == 0)
                beat_send(BEAT_ALIVE);
            _exit(0);
        }
        waitpid(pid, &status, 0);
        cr_expect_eq(beat_take(fd), uid == 1, "user %u", (unsigned)uid);
    }
    close(fd);
}
