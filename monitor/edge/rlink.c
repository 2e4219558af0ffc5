/* See rlink.h. From below: the guard around hiredis' reply parser, the five hooks between hiredis
 * and the loop, the connection with its time limits, its greeting. `link->redis` is the only
 * pointer to hiredis' context, and is NULL as soon as hiredis has freed it or will: a callback that
 * finds another there is late and does nothing. Longer than 500 lines: all that knows hiredis is
 * here. */
#include "rlink.h"

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <hiredis/sds.h>

#include "clock.h"
#include "file.h"
#include "log.h"
#include "xmem.h"

#include "lookup.h"
#include "rtls.h"
#include "sentinels.h"

enum {
    CONNECT_LIMIT_MS = 1000,
    COMMAND_LIMIT_MS = 2000,
    REPLY_BYTES = 4 << 20,
    REPLY_ELEMENTS = 8192 /* a hash of 3,072 fields and their values */
};

enum rlink_state {
    RLINK_DOWN,
    RLINK_LOOKING,
    RLINK_CONNECTING,
    RLINK_CONNECTED,
    RLINK_GREETING,
    RLINK_UP
};

struct rlink {
    struct loop *loop;
    struct loop_timer *limit;
    struct loop_watch *watch;
    struct lookup *lookup;
    struct rlink_calls calls;
    redisAsyncContext *redis;
    redisReplyObjectFunctions plain; /* hiredis' own */
    redisReplyObjectFunctions guard;
    size_t pending;     /* commands without an answer */
    size_t reply_bytes; /* of the reply that is being read */
    int want;           /* what the watch watches */
    enum rlink_state state;
    bool doomed; /* to be dropped in the next turn */
    bool told;   /* the trouble is in the log */
    bool tried;
    unsigned failures; /* in a row */
    int64_t not_before_ms;
    enum storeerr_class trouble;
    char detail[200];   /* "": none */
    struct rtls *tls;   /* NULL: none is spoken */
    char tls_name[256]; /* that the server must prove: what we were told, not what was looked up */
    char address[256];  /* of the server, or with sentinels the master's name */
    struct sentinels sentinels;
    bool asks;        /* this connection is to a sentinel */
    char master[256]; /* where it said that the master is; "": to be asked */
    char where[300];  /* to which the connection is, for people */
    struct rlink_login {
        char user[64];
        char password_file[256]; /* "": none is needed */
    } login, sentinel_login;
};

/* A command whose answer is awaited: what hiredis keeps for us. */
struct rlink_command {
    void (*on_reply)(const struct rlink_reply *reply, void *arg);
    void *arg;
};

/* ---- guard: a reply that nobody asked for, or a huge one, ends the connection, not the process
 * ---- */

/* hiredis makes each part of a reply through these. One without a parent begins a reply: without a
 * command that waits, hiredis would end in an assertion. NULL makes it close the connection. */
static bool guard_part(const redisReadTask *task, size_t bytes, size_t elements) {
    struct rlink *link = task->privdata;

    if (task->parent == NULL) {
        link->reply_bytes = 0;
        if (link->pending == 0)
            return false;
    }
    link->reply_bytes += bytes;
    return link->reply_bytes <= REPLY_BYTES && elements <= REPLY_ELEMENTS;
}

static void *guard_string(const redisReadTask *task, char *text, size_t n) {
    const struct rlink *link = task->privdata;

    return guard_part(task, n, 0) ? link->plain.createString(task, text, n) : NULL;
}

#if HIREDIS_MAJOR >= 1
static void *guard_array(const redisReadTask *task, size_t n) {
#else
static void *guard_array(const redisReadTask *task, int n) {
#endif
    const struct rlink *link = task->privdata;

    /* A negative n, of 0.14, is a huge one here. */
    return guard_part(task, 0, (size_t)n) ? link->plain.createArray(task, n) : NULL;
}

static void *guard_integer(const redisReadTask *task, long long n) {
    const struct rlink *link = task->privdata;

    return guard_part(task, sizeof n, 0) ? link->plain.createInteger(task, n) : NULL;
}

static void *guard_nil(const redisReadTask *task) {
    const struct rlink *link = task->privdata;

    return guard_part(task, 0, 0) ? link->plain.createNil(task) : NULL;
}

#if HIREDIS_MAJOR >= 1
static void *guard_double(const redisReadTask *task, double n, char *text, size_t size) {
    (void)task, (void)n, (void)text, (void)size;
    return NULL; /* of RESP3, which we do not speak */
}

static void *guard_bool(const redisReadTask *task, int n) {
    (void)task, (void)n;
    return NULL;
}
#endif

static void guard_set(struct rlink *link, redisReader *reader) {
    link->plain = *reader->fn;
    link->guard = link->plain;
    link->guard.createString = guard_string;
    link->guard.createArray = guard_array;
    link->guard.createInteger = guard_integer;
    link->guard.createNil = guard_nil;
#if HIREDIS_MAJOR >= 1
    link->guard.createDouble = guard_double;
    link->guard.createBool = guard_bool;
#endif
    reader->fn = &link->guard;
    reader->privdata = link;
}

/* ---- the connection ---- */

static uint32_t random_number(void) {
    uint32_t number = 0;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number)
        number = (uint32_t)clock_mono_ms();
    return number;
}

/* The context is freed, or hiredis does it after this. */
static void link_gone(struct rlink *link) {
    int64_t wait_ms = STOREERR_OPERATOR_MS;

    link->redis = NULL;
    link->doomed = false;
    link->tried = true;
    link->state = RLINK_DOWN;
    link->pending = 0;
    link->failures++;
    if (link->trouble != STOREERR_OPERATOR)
        wait_ms = storeerr_wait_ms(link->failures, STOREERR_CONNECT_MS, random_number());
    link->not_before_ms = clock_mono_ms() + wait_ms;
    if (!link->asks)
        link->master[0] = '\0'; /* it may be another one now */
    else if (link->master[0] != '\0')
        link->not_before_ms = 0; /* it was asked, and has answered */
    link->asks = false;
    loop_timer_cancel(link->limit);
    link->calls.on_gone(link->calls.arg);
    link->calls.ask_turn(link->calls.arg);
}

static void note_trouble(struct rlink *link, enum storeerr_class trouble, const char *text) {
    bool is_new;

    if (link->tls != NULL && rtls_reason(link->tls)[0] != '\0') {
        text = rtls_reason(link->tls);
        trouble = STOREERR_OPERATOR;
    }
    is_new = (!link->told || link->trouble != trouble) && !link->calls.quiet;
    link->trouble = trouble;
    text_copy_printable(link->detail, sizeof link->detail, storeerr_words(text));
    link->told = true;
    if (is_new && trouble == STOREERR_OPERATOR)
        log_error("store", "redis %s: %s", link->where, link->detail);
    else if (is_new)
        log_warn("store", "redis %s: %s", link->where, link->detail);
}

/* The connection is of no use: dropped in the next turn. */
void rlink_fail(struct rlink *link, enum storeerr_class trouble, const char *text) {
    if (link->doomed)
        return;
    note_trouble(link, trouble, text);
    link->doomed = true;
    link->calls.ask_turn(link->calls.arg);
}

static void link_drop(struct rlink *link) {
    redisAsyncContext *redis = link->redis;

    link_gone(link); /* first: so the callbacks that redisAsyncFree makes know that they are late */
    if (redis != NULL)
        redisAsyncFree(redis);
}

static void on_limit(void *arg) {
    struct rlink *link = arg;

    rlink_fail(link, STOREERR_TRANSIENT,
               link->state == RLINK_LOOKING      ? "its name is not found within 1 s"
               : link->state == RLINK_CONNECTING ? "no connection within 1 s"
                                                 : "no answer within 2 s");
}

static void on_connect(const redisAsyncContext *redis, int status) {
    struct rlink *link = redis->data;

    if (redis != link->redis)
        return;
    loop_timer_cancel(link->limit);
    if (status == REDIS_OK) {
        link->state = RLINK_CONNECTED;
        link->calls.ask_turn(link->calls.arg);
        return;
    }
    note_trouble(link, STOREERR_TRANSIENT, redis->errstr);
    link_gone(link);
}

static void on_disconnect(const redisAsyncContext *redis, int status) {
    struct rlink *link = redis->data;

    if (redis != link->redis)
        return;
    if (!link->doomed)
        note_trouble(link, storeerr_class_of(status == REDIS_OK ? "" : redis->errstr),
                     status == REDIS_OK ? "disconnected" : redis->errstr);
    link_gone(link);
}

static void on_ready(int what, void *arg) {
    struct rlink *link = arg;
    redisAsyncContext *redis = link->redis;

    if (redis == NULL)
        return;
    if (what == LOOP_WRITE) {
        redisAsyncHandleWrite(redis);
        return;
    }
    redisAsyncHandleRead(redis);
    if (link->redis == redis && redis->c.reader->len - redis->c.reader->pos > REPLY_BYTES)
        rlink_fail(link, STOREERR_TRANSIENT, "a reply is too long");
}

static void want(struct rlink *link, int what) {
    link->want = what;
    if (link->watch != NULL)
        loop_watch_want(link->watch, what);
}

static void hook_add_read(void *arg) {
    want(arg, ((struct rlink *)arg)->want | LOOP_READ);
}

static void hook_del_read(void *arg) {
    want(arg, ((struct rlink *)arg)->want & ~LOOP_READ);
}

static void hook_add_write(void *arg) {
    want(arg, ((struct rlink *)arg)->want | LOOP_WRITE);
}

static void hook_del_write(void *arg) {
    want(arg, ((struct rlink *)arg)->want & ~LOOP_WRITE);
}

static void hook_cleanup(void *arg) {
    struct rlink *link = arg;

    loop_watch_free(&link->watch);
    link->want = 0;
}

static bool split_address(const char *text, char host[256], uint64_t *port_out) {
    const char *colon = strrchr(text, ':');
    struct span name = {text, colon != NULL ? (size_t)(colon - text) : strlen(text)};

    *port_out = 6379;
    if (colon != NULL && !text_u64(span_of(colon + 1), 1, UINT16_MAX, port_out))
        return false;
    if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']')
        name = (struct span){name.p + 1, name.n - 2};
    return text_copy_span(host, 256, name) && name.n > 0;
}

/* The address of the host: a name is looked up. 1: it is there; 0: not yet; -1: there is none. */
static int find_host(struct rlink *link, const char *host, char out[LOOKUP_ADDRESS]) {
    struct fault why;
    int found = 1;

    if (lookup_is_address(host))
        text_copy(out, LOOKUP_ADDRESS, host);
    else
        found = lookup_ask(link->lookup, host, link->failures, out, &why);
    if (found == -1)
        note_trouble(link, STOREERR_TRANSIENT, why.text);
    return found;
}

/* Where to connect now: of the sentinels to another one after each failure. */
static const char *next_address(struct rlink *link) {
    const char *address = link->address;
    int sentinels = link->sentinels.count;

    link->asks = sentinels > 0 && link->master[0] == '\0';
    if (link->asks)
        address = link->sentinels.address[link->failures % (unsigned)sentinels];
    else if (sentinels > 0)
        address = link->master;
    text_format(link->where, sizeof link->where, "%s%s", link->asks ? "sentinel " : "", address);
    return address;
}

/* A context that is connecting or has `err` set; NULL: not yet, or not at all. */
static redisAsyncContext *open_context(struct rlink *link) {
    const char *text = next_address(link);
    char host[256];
    char address[LOOKUP_ADDRESS];
    uint64_t port;
    int found;

    if (span_starts(span_of(text), "unix:"))
        return redisAsyncConnectUnix(text + 5);
    if (!split_address(text, host, &port)) {
        note_trouble(link, STOREERR_OPERATOR, "not an address: want unix:/path or host:port");
        link_gone(link);
        return NULL;
    }
    text_copy(link->tls_name, sizeof link->tls_name, host);
    found = find_host(link, host, address);
    if (found == 1)
        return redisAsyncConnect(address, (int)port);
    if (found == -1)
        link_gone(link);
    else if (link->state != RLINK_LOOKING)
        loop_timer_set(link->limit, CONNECT_LIMIT_MS);
    if (found == 0)
        link->state = RLINK_LOOKING;
    return NULL;
}

static void link_open(struct rlink *link) {
    redisAsyncContext *redis = open_context(link);
    struct fault why;

    if (redis == NULL)
        return;
    if (redis->err != 0) {
        note_trouble(link, STOREERR_TRANSIENT, redis->errstr);
        link_gone(link);
        redisAsyncFree(redis);
        return;
    }
    fcntl(redis->c.fd, F_SETFD, FD_CLOEXEC);
    link->redis = redis;
    link->state = RLINK_CONNECTING;
    link->watch = loop_watch_new(link->loop, redis->c.fd, on_ready, link);
    redis->data = link;
    redis->ev.data = link;
    redis->ev.addRead = hook_add_read;
    redis->ev.delRead = hook_del_read;
    redis->ev.addWrite = hook_add_write;
    redis->ev.delWrite = hook_del_write;
    redis->ev.cleanup = hook_cleanup;
    guard_set(link, redis->c.reader);
    if (link->tls != NULL && rtls_begin(link->tls, &redis->c, link->tls_name, &why) == -1) {
        rlink_fail(link, STOREERR_TRANSIENT, why.text);
        return;
    }
    loop_timer_set(link->limit, CONNECT_LIMIT_MS);
    redisAsyncSetConnectCallback(redis, on_connect); /* begins to watch for it */
    redisAsyncSetDisconnectCallback(redis, on_disconnect);
}

/* Called with NULL when the connection ends. */
static void on_raw_reply(redisAsyncContext *redis, void *raw, void *arg) {
    struct rlink *link = redis->data;
    struct rlink_command command = *(struct rlink_command *)arg;

    free(arg);
    if (redis != link->redis || raw == NULL)
        return;
    if (--link->pending == 0)
        loop_timer_cancel(link->limit);
    else
        loop_timer_set(link->limit, COMMAND_LIMIT_MS);
    if (command.on_reply != NULL)
        command.on_reply(raw, command.arg);
}

static struct rlink_command *
new_command(void (*on_reply)(const struct rlink_reply *reply, void *arg), void *arg) {
    struct rlink_command *command = xcalloc(1, sizeof *command);

    *command = (struct rlink_command){on_reply, arg};
    return command;
}

static void count_command(struct rlink *link, struct rlink_command *command, int status) {
    if (status != REDIS_OK) {
        free(command);
        rlink_fail(link, STOREERR_TRANSIENT, "command not taken by the connection");
        return;
    }
    if (link->pending++ == 0)
        loop_timer_set(link->limit, COMMAND_LIMIT_MS);
}

void rlink_send(struct rlink *link, size_t count, const char **words,
                void (*on_reply)(const struct rlink_reply *reply, void *arg), void *arg) {
    struct rlink_command *command = new_command(on_reply, arg);

    count_command(
        link, command,
        redisAsyncCommandArgv(link->redis, on_raw_reply, command, (int)count, words, NULL));
}

/* ---- replies ---- */

static const redisReply *raw_of(const struct rlink_reply *reply) {
    return (const redisReply *)(const void *)reply;
}

bool rlink_is_error(const struct rlink_reply *reply) {
    return raw_of(reply)->type == REDIS_REPLY_ERROR;
}

bool rlink_is_text(const struct rlink_reply *reply) {
    return raw_of(reply)->type == REDIS_REPLY_STRING || raw_of(reply)->type == REDIS_REPLY_STATUS;
}

bool rlink_is_list(const struct rlink_reply *reply) {
    return raw_of(reply)->type == REDIS_REPLY_ARRAY;
}

const char *rlink_text(const struct rlink_reply *reply) {
    return rlink_is_text(reply) || rlink_is_error(reply) ? raw_of(reply)->str : "";
}

struct span rlink_span(const struct rlink_reply *reply) {
    if (!rlink_is_text(reply) && !rlink_is_error(reply))
        return (struct span){"", 0};
    return (struct span){raw_of(reply)->str, (size_t)raw_of(reply)->len};
}

size_t rlink_count(const struct rlink_reply *reply) {
    return rlink_is_list(reply) ? (size_t)raw_of(reply)->elements : 0;
}

const struct rlink_reply *rlink_part(const struct rlink_reply *reply, size_t i) {
    return (const struct rlink_reply *)(const void *)raw_of(reply)->element[i];
}

/* ---- the greeting: AUTH, ROLE ---- */

static bool is_master(struct rlink *link, const struct rlink_reply *reply) {
    if (rlink_is_error(reply))
        rlink_fail(link, storeerr_class_of(rlink_text(reply)), rlink_text(reply));
    else if (rlink_count(reply) == 0 || !span_is(rlink_span(rlink_part(reply, 0)), "master"))
        rlink_fail(link, STOREERR_TOPOLOGY, "is a replica, not the master");
    else
        return true;
    return false;
}

static void on_role_again(const struct rlink_reply *reply, void *arg) {
    is_master(arg, reply);
}

void rlink_check_role(struct rlink *link) {
    rlink_send(link, 1, (const char *[]){"ROLE"}, on_role_again, link);
}

static void on_role(const struct rlink_reply *reply, void *arg) {
    struct rlink *link = arg;

    if (!is_master(link, reply))
        return;
    link->state = RLINK_UP;
    link->calls.on_up(link->calls.arg);
    link->calls.ask_turn(link->calls.arg);
}

static void ask_role(struct rlink *link) {
    const char *words[] = {"ROLE"};

    rlink_send(link, 1, words, on_role, link);
}

/* A sentinel's answer: address and port. It is believed as far as that somebody listens there who
 * says that he is the master. */
static void on_master(const struct rlink_reply *reply, void *arg) {
    struct rlink *link = arg;
    uint64_t port;

    if (rlink_is_error(reply)) {
        rlink_fail(link, storeerr_class_of(rlink_text(reply)), rlink_text(reply));
    } else if (rlink_count(reply) != 2 || rlink_span(rlink_part(reply, 0)).n == 0 ||
               !text_u64(rlink_span(rlink_part(reply, 1)), 1, UINT16_MAX, &port)) {
        rlink_fail(link, STOREERR_TRANSIENT, "it knows no master of this name");
    } else {
        const char *host = rlink_text(rlink_part(reply, 0));
        bool v6 = strchr(host, ':') != NULL;

        text_format(link->master, sizeof link->master, "%s%.200s%s:%u", v6 ? "[" : "", host,
                    v6 ? "]" : "", (unsigned)port);
        link->doomed = true; /* all is said */
        link->calls.ask_turn(link->calls.arg);
    }
}

static void ask_sentinel(struct rlink *link) {
    rlink_send(link, 3, (const char *[]){"SENTINEL", "get-master-addr-by-name", link->address},
               on_master, link);
}

/* We are let in, or nobody asked who we are. */
static void greeted(struct rlink *link) {
    if (link->asks)
        ask_sentinel(link);
    else
        ask_role(link);
}

static void on_auth(const struct rlink_reply *reply, void *arg) {
    struct rlink *link = arg;

    if (rlink_is_error(reply))
        rlink_fail(link, storeerr_class_of(rlink_text(reply)), rlink_text(reply));
    else
        greeted(link);
}

/* Written by ourselves and wiped: hiredis frees its buffers as they are. The socket is new and
 * empty, so all of it fits. */
static void send_auth(struct rlink *link, const char *user, const char *password) {
    redisAsyncContext *redis = link->redis;
    struct rlink_command *waiting;
    char command[1024];
    size_t n;

    if (user[0] != '\0')
        text_format(command, sizeof command, "*3\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n",
                    strlen(user), user, strlen(password), password);
    else
        text_format(command, sizeof command, "*2\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n", strlen(password),
                    password);
    n = strlen(command);
    waiting = new_command(on_auth, link);
    count_command(link, waiting,
                  redisAsyncFormattedCommand(redis, on_raw_reply, waiting, command, n));
    wipe(command, sizeof command);
    if (link->tls != NULL)
        return; /* goes out behind the handshake; what hiredis frees is wiped */
    n = sdslen(redis->c.obuf);
    if (write(redis->c.fd, redis->c.obuf, n) != (ssize_t)n)
        rlink_fail(link, STOREERR_TRANSIENT, "cannot write to the connection");
    wipe(redis->c.obuf, n);
    sdsclear(redis->c.obuf);
}

static void link_greet(struct rlink *link) {
    const struct rlink_login *login = link->asks ? &link->sentinel_login : &link->login;
    char password[512];
    struct fault why;
    ssize_t n;

    link->state = RLINK_GREETING;
    if (login->password_file[0] == '\0') {
        greeted(link);
        return;
    }
    n = file_read(login->password_file, password, sizeof password, &why);
    if (n == -1) {
        rlink_fail(link, STOREERR_OPERATOR, why.text);
    } else {
        password[strcspn(password, "\r\n")] = '\0';
        send_auth(link, login->user, password);
    }
    wipe(password, sizeof password);
}

/* ---- the outside ---- */

void rlink_turn(struct rlink *link, int64_t now_ms) {
    if (link->doomed)
        link_drop(link);
    if (link->state == RLINK_LOOKING ||
        (link->state == RLINK_DOWN && now_ms >= link->not_before_ms))
        link_open(link);
    if (link->state == RLINK_CONNECTED)
        link_greet(link);
}

int64_t rlink_due_ms(const struct rlink *link) {
    return link->state == RLINK_DOWN ? link->not_before_ms : INT64_MAX;
}

bool rlink_is_up(const struct rlink *link) {
    return link->state == RLINK_UP && !link->doomed;
}

bool rlink_was_tried(const struct rlink *link) {
    return link->tried;
}

void rlink_well(struct rlink *link) {
    link->failures = 0;
    link->told = false;
    link->detail[0] = '\0';
}

const char *rlink_detail(const struct rlink *link, enum storeerr_class *trouble_out) {
    *trouble_out = link->trouble;
    return link->detail;
}

#if HIREDIS_MAJOR >= 1
static void free_wiped(void *p) {
    if (p != NULL)
        wipe(p, malloc_usable_size(p));
    free(p);
}

static void *resize_wiped(void *p, size_t size) {
    size_t before = p != NULL ? malloc_usable_size(p) : 0;
    void *other = malloc(size);

    if (other != NULL && before > 0)
        memcpy(other, p, before < size ? before : size);
    if (other != NULL)
        free_wiped(p);
    return other;
}
#endif

/* A password stands in hiredis' buffers until the handshake is over. */
static void wipe_what_is_freed(void) {
#if HIREDIS_MAJOR >= 1
    hiredisAllocFuncs funcs = {malloc, calloc, resize_wiped, strdup, free_wiped};

    hiredisSetAllocators(&funcs);
#endif
}

static void do_nothing(void *arg) {
    (void)arg;
}

struct rlink *rlink_new(struct loop *loop, const struct conf *conf,
                        const struct rlink_calls *calls) {
    struct rlink *link = xcalloc(1, sizeof *link);
    struct fault why;

    signal(SIGPIPE, SIG_IGN); /* hiredis writes to a connection that may be gone */
    link->loop = loop;
    link->calls = *calls;
    link->limit = loop_timer_new(loop, on_limit, link);
    link->lookup = lookup_new(loop, calls->ask_turn, calls->arg);
    text_copy(link->address, sizeof link->address, conf->redis);
    if (sentinels_parse(conf->redis_sentinel, &link->sentinels, &why) == -1)
        log_error("store", "redis_sentinel: %s", why.text); /* conf.c has checked it */
    if (strcmp(conf->redis_tls, "yes") == 0) {
        wipe_what_is_freed();
        link->tls = rtls_new(conf->redis_ca_file, &why);
        if (link->tls == NULL)
            die(EX_CONFIG, "redis_tls: %s", why.text);
    }
    text_copy(link->login.user, sizeof link->login.user, conf->redis_user);
    text_copy(link->login.password_file, sizeof link->login.password_file,
              conf->redis_password_file);
    text_copy(link->sentinel_login.user, sizeof link->sentinel_login.user,
              conf->redis_sentinel_user);
    text_copy(link->sentinel_login.password_file, sizeof link->sentinel_login.password_file,
              conf->redis_sentinel_password_file);
    return link;
}

void rlink_free(struct rlink **link_at) {
    struct rlink *link = *link_at;

    if (link == NULL)
        return;
    *link_at = NULL;
    link->calls = (struct rlink_calls){do_nothing, do_nothing, do_nothing, NULL, false};
    link_drop(link);
    rtls_free(&link->tls);
    lookup_free(&link->lookup);
    loop_timer_free(&link->limit);
    free(link);
}
