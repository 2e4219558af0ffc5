#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sock.h"
#include "text.h"

static char path[64];

static void make_path(void) {
    text_format(path, sizeof path, "/tmp/rw-test-sock-%ld", (long)getpid());
}

static void remove_path(void) {
    unlink(path);
}

Test(sock, packets_and_peer, .init = make_path, .fini = remove_path) {
    struct fault why;
    struct stat st;
    char buffer[16];
    uid_t uid = (uid_t)-1;
    int listening = sock_listen(path, 0660, (gid_t)-1, &why);
    int near;
    int far;

    cr_assert_neq(listening, -1, "%s", why.text);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0660u);
    near = sock_connect(path, &why);
    cr_assert_neq(near, -1, "%s", why.text);
    cr_expect(fcntl(near, F_GETFD) & FD_CLOEXEC);
    far = accept(listening, NULL, NULL);
    cr_assert_neq(far, -1);
    cr_expect_eq(sock_receive(far, buffer, sizeof buffer, 20, &why), -1);
    cr_expect_not_null(strstr(why.text, "no answer within 20 ms"));
    cr_assert_eq(send(near, "one", 3, 0), 3);
    cr_assert_eq(send(near, "four", 4, 0), 4);
    cr_expect_eq(sock_receive(far, buffer, sizeof buffer, 1000, &why), 3);
    cr_expect_eq(sock_receive(far, buffer, sizeof buffer, 1000, &why), 4);
    cr_expect_eq(sock_peer_uid(far, &uid, &why), 0);
    cr_expect_eq(uid, geteuid());
    close(near);
    cr_expect_eq(sock_receive(far, buffer, sizeof buffer, 1000, &why), 0);
    close(far);
    close(listening);
}

Test(sock, a_stale_socket_is_replaced_and_nobody_there_is_told, .init = make_path,
     .fini = remove_path) {
    struct fault why;
    int first = sock_listen(path, 0600, (gid_t)-1, &why);

    cr_assert_neq(first, -1);
    close(first);
    cr_expect_eq(sock_connect(path, &why), -1);
    cr_expect_not_null(strstr(why.text, path), "%s", why.text);
    first = sock_listen(path, 0600, (gid_t)-1, &why);
    cr_expect_neq(first, -1, "%s", why.text);
    close(first);
}

Test(sock, too_long_a_path_is_told) {
    char big[300];
    struct fault why;

    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    cr_expect_eq(sock_connect(big, &why), -1);
    cr_expect_not_null(strstr(why.text, "longer than"), "%s", why.text);
}

/* In a child: descriptor 3 is Criterion's own here. Returns which step was wrong, 0: none. */
static int try_inherited(void) {
    char pid[32];

    unsetenv("LISTEN_FDS");
    if (sock_inherited() != -1)
        return 1;
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_PID", "1", 1);
    if (sock_inherited() != -1)
        return 2;
    text_format(pid, sizeof pid, "%ld", (long)getpid());
    setenv("LISTEN_PID", pid, 1);
    if (dup2(0, 3) != 3 || sock_inherited() != 3)
        return 3;
    return getenv("LISTEN_FDS") != NULL ? 4 : 0;
}

Test(sock, inherited_only_when_meant_for_us) {
    pid_t child = fork();
    int status;

    if (child == 0)
        _exit(try_inherited());
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect_eq(WEXITSTATUS(status), 0, "step %d", WEXITSTATUS(status));
}

Test(sock, a_descriptor_comes_along) {
    char buffer[8] = "";
    struct fault why;
    int pair[2], pipes[2], got;

    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    cr_assert_eq(pipe(pipes), 0);
    cr_assert_eq(sock_send_fd(pair[0], "S", 1, pipes[1], &why), 0, "%s", why.text);
    cr_expect_eq(sock_receive_fd(pair[1], buffer, sizeof buffer, &got, 1000, &why), 1);
    cr_expect_eq(buffer[0], 'S');
    cr_assert_neq(got, -1);
    cr_expect_eq(write(got, "x", 1), 1);
    cr_expect_eq(read(pipes[0], buffer, sizeof buffer), 1);
    cr_expect_eq(sock_send_fd(pair[0], "Q", 1, -1, &why), 0);
    cr_expect_eq(sock_receive_fd(pair[1], buffer, sizeof buffer, &got, 1000, &why), 1);
    cr_expect_eq(got, -1, "none came");
    cr_expect_eq(sock_receive_fd(pair[1], buffer, sizeof buffer, &got, 10, &why), -1, "time-out");
}
