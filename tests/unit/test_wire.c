/* wire.c: a part without privileges that behaves, and others that do not. Must run as root, who
 * alone can give privileges up. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "errand.h"
#include "file.h"
#include "sock.h"
#include "wire.h"

struct seen {
    uid_t uid, euid;
    int groups, back, shadow, forked, descriptors, state;
    char status[2048]; /* of /proc */
    char text[64];
};

static char folder[64];

static struct hands make_hands(void) {
    struct hands hands;

    strcpy(folder, "/tmp/relaywatch-wire.XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    hands = hands_direct("/nonexistent", folder);
    hands.probe_user = "nobody";
    hands.silence_ms = 300;
    return hands;
}

/* A large file for those that read one. */
static void make_previous(void) {
    char path[128];
    int fd;

    snprintf(path, sizeof path, "%s/previous", folder);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    cr_assert_eq(ftruncate(fd, 60000), 0);
    close(fd);
}

static void clean(void) {
    static const char *const names[] = {"recall", "previous", "lock", "keep"};
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    cr_expect_eq(rmdir(folder), 0, "%s is not empty", folder);
}

static void look(struct hands *hands, void *arg, void *answer) {
    struct seen *seen = answer;
    struct errand save = {.hand = HAND_SAVE, .which = FILE_RECALL, .text = arg, .n = strlen(arg)};
    struct errand load = {
        .hand = HAND_READ, .which = FILE_RECALL, .out = seen->text, .room = sizeof seen->text};

    seen->uid = getuid();
    seen->euid = geteuid();
    seen->groups = getgroups(0, NULL);
    seen->back = setuid(0);
    seen->shadow = open("/etc/shadow", O_RDONLY | O_CLOEXEC);
    for (int fd = 0; fd < 100; fd++)
        seen->descriptors += fcntl(fd, F_GETFD) != -1;
    (void)!file_read("/proc/self/status", seen->status, sizeof seen->status, NULL);
    seen->forked = fork();
    if (seen->forked == 0)
        _exit(0);
    (void)errand_for(hands, HAND_LOCK, 0, NULL, NULL);
    seen->state = errand_run(hands, &save);
    (void)errand_run(hands, &load);
}

Test(wire, the_child_has_no_rights_and_root_does_its_deeds) {
    struct hands hands = make_hands();
    struct seen *seen = calloc(1, sizeof *seen);
    char path[128], text[64];
    struct fault why = {""};
    struct stat st;
    int inherited = open("/etc/passwd", O_RDONLY);

    cr_assert_eq(wire_serve(&hands, look, "written by root", -1, seen, sizeof *seen, &why), 0, "%s",
                 why.text);
    cr_expect_neq(seen->uid, 0);
    cr_expect_neq(seen->euid, 0);
    cr_expect_eq(seen->back, -1, "it cannot go back");
    cr_expect_eq(seen->shadow, -1, "it cannot read what is root's");
    cr_expect_eq(seen->descriptors, 2, "the wire and stderr, and not %d", seen->descriptors);
    cr_expect_eq(seen->forked, -1, "it starts nothing");
    cr_expect_not_null(strstr(seen->status, "CapEff:\t0000000000000000"));
    cr_expect_not_null(strstr(seen->status, "CapPrm:\t0000000000000000"));
    cr_expect_not_null(strstr(seen->status, "NoNewPrivs:\t1"));
    cr_expect_eq(seen->state, 0);
    cr_expect_str_eq(seen->text, "written by root");
    snprintf(path, sizeof path, "%s/recall", folder);
    cr_expect_eq(file_read(path, text, sizeof text, &why), 15, "%s", why.text);
    cr_expect(stat(path, &st) == 0 && st.st_uid == 0 && (st.st_mode & 0777) == 0600);
    close(inherited);
    free(seen);
    clean();
}

static void keep_one(struct hands *hands, void *arg, void *answer) {
    (void)hands;
    *(int *)answer = (int)read(*(int *)arg, answer, 1) == 1 ? 1 : 0;
}

Test(wire, one_descriptor_can_be_kept) {
    struct hands hands = make_hands();
    struct fault why = {""};
    int answer = 0;
    int fd = open("/etc/passwd", O_RDONLY);

    cr_assert_eq(wire_serve(&hands, keep_one, &fd, fd, &answer, sizeof answer, &why), 0, "%s",
                 why.text);
    cr_expect_eq(answer, 1);
    close(fd);
    clean();
}

/* Asks with less room than there is to tell; what comes after is still in step. */
static void is_narrow(struct hands *hands, void *arg, void *answer) {
    char little[16];
    struct errand narrow = {
        .hand = HAND_READ, .which = FILE_PREVIOUS, .out = little, .room = sizeof little};

    (void)arg;
    if (errand_run(hands, &narrow) == -1 && narrow.got == 0 &&
        strstr(narrow.answer.why.text, "larger than 15 bytes") != NULL &&
        errand_for(hands, HAND_READ, FILE_PREVIOUS, NULL, NULL) == 0)
        *(int *)answer = 1;
}

Test(wire, no_more_comes_back_than_there_is_room_for) {
    struct hands hands = make_hands();
    struct fault why = {""};
    int answer = 0;

    make_previous();
    cr_expect_eq(wire_serve(&hands, is_narrow, NULL, -1, &answer, sizeof answer, &why), 0, "%s",
                 why.text);
    cr_expect_eq(answer, 1);
    clean();
}

static void dies(struct hands *hands, void *arg, void *answer) {
    (void)hands, (void)arg, (void)answer;
    raise(SIGKILL);
}

static void hangs(struct hands *hands, void *arg, void *answer) {
    (void)hands, (void)arg, (void)answer;
    pause();
}

static void talks(struct hands *hands, void *arg, void *answer) {
    static char noise[4096];

    (void)arg, (void)answer;
    memset(noise, 0xa5, sizeof noise);
    for (;;) {
        if (send(hands->wire, noise, sizeof noise, MSG_NOSIGNAL) == -1)
            _exit(0);
    }
}

static void promises(struct hands *hands, void *arg, void *answer) {
    struct hand_call call = {.hand = HAND_ANSWER};

    (void)arg, (void)answer;
    send(hands->wire, &call, sizeof call, MSG_NOSIGNAL);
    pause();
}

/* An answer that is no file: reading it would wait for ever. */
static void answers_by_pipe(struct hands *hands, void *arg, void *answer) {
    struct hand_call call = {.hand = HAND_ANSWER};
    int ends[2];

    (void)arg, (void)answer;
    if (pipe(ends) == 0)
        (void)!sock_send_fd(hands->wire, &call, sizeof call, ends[0], NULL);
    pause();
}

/* Text that is no file, or too long, or not wanted: refused, and the wire goes on. */
static void brings_rubbish(struct hands *hands, void *arg, void *answer) {
    static char much[MAPSTORE_TEXT_MAX + 1];
    struct hand_call call = {.hand = HAND_SAVE, .which = FILE_PREVIOUS};
    struct errand large = {
        .hand = HAND_SAVE, .which = FILE_PREVIOUS, .text = much, .n = sizeof much};
    struct errand unasked = {.hand = HAND_READ, .which = FILE_PREVIOUS, .text = "x", .n = 1};
    struct hand_answer one;
    int ends[2], refused = 0, back;

    (void)arg;
    (void)errand_for(hands, HAND_LOCK, 0, NULL, NULL);
    if (pipe(ends) == 0 && sock_send_fd(hands->wire, &call, sizeof call, ends[0], NULL) == 0 &&
        sock_receive_fd(hands->wire, &one, sizeof one, &back, -1, NULL) == sizeof one)
        refused += one.result == -1;
    refused += errand_run(hands, &large) == -1;
    refused += errand_run(hands, &unasked) == -1;
    refused += errand_for(hands, HAND_SAVE, FILE_PREVIOUS, NULL, NULL) == -1; /* nothing came */
    *(int *)answer = refused;
}

Test(wire, text_that_is_refused) {
    struct hands hands = make_hands();
    struct fault why = {""};
    char path[128];
    int answer = 0;

    cr_expect_eq(wire_serve(&hands, brings_rubbish, NULL, -1, &answer, sizeof answer, &why), 0,
                 "%s", why.text);
    cr_expect_eq(answer, 4);
    snprintf(path, sizeof path, "%s/previous", folder);
    cr_expect_eq(access(path, F_OK), -1);
    clean();
}

/* Asks and asks, and never reads. */
static void is_deaf(struct hands *hands, void *arg, void *answer) {
    struct hand_call call = {.hand = HAND_READ, .which = FILE_PREVIOUS};

    (void)arg, (void)answer;
    for (;;) {
        if (send(hands->wire, &call, sizeof call, MSG_NOSIGNAL) == -1)
            _exit(0);
    }
}

Test(wire, a_part_that_fails_ends_the_request_and_nothing_else) {
    static const struct {
        const char *name;
        wire_head_fn *head;
    } rows[] = {{"dies", dies},
                {"hangs", hangs},
                {"talks nonsense", talks},
                {"promises an answer and has none", promises},
                {"answers by a pipe", answers_by_pipe},
                {"does not read", is_deaf}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hands hands = make_hands();
        struct fault why = {""};
        int answer = 7;

        make_previous();
        cr_expect_eq(wire_serve(&hands, rows[i].head, NULL, -1, &answer, sizeof answer, &why), -1,
                     "%s", rows[i].name);
        cr_expect(why.text[0] != '\0', "%s", rows[i].name);
        cr_expect_eq(hands.lock, -1);
        clean();
    }
}

/* What a part that was taken over could ask for. */
static void tries(struct hands *hands, void *arg, void *answer) {
    static const struct {
        enum hand hand;
        uint32_t which;
        const char *name;
    } rows[] = {
        {HAND_MAP_COMMIT, 1, ""},
        {HAND_MAP_UNSTAGE, 0, ""},
        {HAND_MAP_THERE, 0, ""},          /* postconf has named no map */
        {HAND_READ, FILE_MAP_TEXT, ""},   /* likewise */
        {HAND_REMOVE, FILE_PREVIOUS, ""}, /* without the lock */
        {HAND_RELOAD, 0, ""},             /* likewise */
        {HAND_DEFER, 0, "smtp"},          /* likewise */
        {HAND_ASIDE, FILE_DROPPED, "f"},  /* likewise */
        {HAND_READ, FILE_MAP_TEXT + 1, ""},
        {HAND_READ, 0x7fffffff, ""},
        {HAND_COUNT, 0, ""},
        {0, 0, ""},
        {0x7fffffff, 0, ""},
        {HAND_CANARY, 0, "0123456789abcde\n"},
        {HAND_CANARY, 0, "0123456789abcdef0"},
        {HAND_SHARE_LOG, 0, ""},
        {HAND_LOCK, 0, ""}, /* works; with the lock: */
        {HAND_READ, FILE_DROPPED, "../../etc/shadow"},
        {HAND_READ, FILE_DROPPED, "/etc/shadow"},
        {HAND_READ, FILE_DROPPED, ".hidden"},
        {HAND_REMOVE, FILE_DROPPED, ".."},
        {HAND_REMOVE, FILE_DROPPED, ""},
        {HAND_REMOVE, FILE_DROP, ""},
        {HAND_REMOVE, FILE_MAP_TEXT, ""},
        {HAND_ASIDE, FILE_DROPPED, "a/../../b"},
        {HAND_ASIDE, FILE_PREVIOUS, ""},
        {HAND_DEFER, 0, "smtp\nmyorigin=evil"},
        {HAND_DEFER, 0, "smtp;reboot"},
        {HAND_MAP_COMMIT, 1, ""},
        {HAND_READ, FILE_SOURCE, ""},
    };
    unsigned *done = answer;

    (void)arg;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (errand_for(hands, rows[i].hand, rows[i].which, rows[i].name, NULL) != -1)
            done[0] |= 1u << i;
    }
}

Test(wire, what_it_may_not_ask_for) {
    struct hands hands = make_hands();
    struct fault why = {""};
    unsigned done = 0;

    hands.drop = folder;
    hands.reader = "nobody";
    cr_assert_eq(wire_serve(&hands, tries, NULL, -1, &done, sizeof done, &why), 0, "%s", why.text);
    cr_expect_eq(done, 1u << 16, "%#x: the lock alone", done);
    clean();
}
