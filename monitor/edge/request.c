/* See request.h. The deadlines are ours and not libcurl's: when libcurl gives up a name look-up it
 * waits for the thread that does it (lib/asyn-thread.c, Curl_resolver_kill), which would stop our
 * loop for as long as the name server is silent. So a request whose time is over during the look-up
 * is made mute instead of removed. Each request has its own connection: that no socket was opened
 * means that it is still at the look-up. */
#include "request.h"

/* The API of 7.74 (Debian 11) is used; later headers call a part of it old. */
#define CURL_DISABLE_DEPRECATION
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"
#include "xmem.h"

#include "retryafter.h"

#include "loop.h"

/* Mute requests at most: more mean that names are not being looked up at all. */
enum { MUTE_MOST = 32 };

struct request_pool {
    struct loop *loop;
    struct loop_timer *timer; /* libcurl's */
    CURLM *multi;
    struct request *first;
    char agent[64];
    int mute;
};

struct request {
    struct request_pool *pool;
    struct request *next;
    struct request *before;
    CURL *easy; /* NULL: could not be started */
    struct curl_slist *headers;
    struct loop_timer *deadline;
    char *body;
    size_t body_size;
    char retry_after[64]; /* these headers of the reply, as they came */
    char date[64];
    char *reply;
    size_t reply_size;
    size_t reply_most;
    bool cut;    /* the reply is larger than that */
    bool opened; /* past the look-up of the name */
    bool mute;
    int64_t started_ms;
    int connect_ms;
    int total_ms;
    void (*on_reply)(const struct request_reply *reply, void *arg);
    void *arg;
    char error[CURL_ERROR_SIZE];
};

/* One of libcurl's sockets. */
struct watched {
    struct request_pool *pool;
    struct loop_watch *watch;
    curl_socket_t fd;
};

static void free_request(struct request **request) {
    struct request *r = *request;

    if (r->easy != NULL) {
        curl_multi_remove_handle(r->pool->multi, r->easy);
        curl_easy_cleanup(r->easy);
    }
    for (struct curl_slist *h = r->headers; h != NULL; h = h->next)
        wipe(h->data, strlen(h->data)); /* a token may be among them */
    curl_slist_free_all(r->headers);
    loop_timer_free(&r->deadline);
    if (r->before != NULL)
        r->before->next = r->next;
    else
        r->pool->first = r->next;
    if (r->next != NULL)
        r->next->before = r->before;
    if (r->mute)
        r->pool->mute--;
    if (r->body != NULL)
        wipe(r->body, r->body_size); /* a token may be in it, too */
    free(r->body);
    free(r->reply);
    free(r);
    *request = NULL;
}

static void end_or_mute(struct request *r) {
    if (r->easy == NULL || r->opened) {
        free_request(&r);
        return;
    }
    r->mute = true;
    r->pool->mute++;
    loop_timer_cancel(r->deadline);
}

/* Tells the owner; the request is gone, or mute, afterwards. */
static void answer(struct request *r, const char *error, bool at_end) {
    struct request_reply reply = {.body = r->reply, .body_size = r->reply_size, .error = error};
    void (*on_reply)(const struct request_reply *, void *) = r->on_reply;
    void *arg = r->arg;

    if (r->easy != NULL) {
        long status = 0;

        curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
        reply.status = status >= 200 && status <= 999 ? (int)status : 0;
        reply.retry_after_s =
            retryafter_seconds(span_of(r->retry_after), span_of(r->date), clock_wall_ms() / 1000);
    }
    r->on_reply = NULL;
    on_reply(&reply, arg);
    if (at_end)
        free_request(&r);
    else
        end_or_mute(r);
}

static void on_end(struct request *r, CURLcode code) {
    char error[CURL_ERROR_SIZE] = "";

    if (r->mute || r->on_reply == NULL) {
        free_request(&r);
        return;
    }
    if (r->cut)
        text_format(error, sizeof error, "the reply is larger than %zu bytes", r->reply_most);
    else if (code != CURLE_OK)
        text_copy_printable(error, sizeof error,
                            span_of(r->error[0] != '\0' ? r->error : curl_easy_strerror(code)));
    answer(r, error, true);
}

static void collect(struct request_pool *pool) {
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(pool->multi, &left)) != NULL) {
        CURLcode code = message->data.result;
        char *private;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        on_end((struct request *)(void *)private, code);
    }
}

static void on_curl_time(void *arg) {
    struct request_pool *pool = arg;
    int running;

    curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(pool);
}

static void on_ready(int what, void *arg) {
    struct watched *w = arg;
    struct request_pool *pool = w->pool; /* w may be gone after the call */
    int running;

    curl_multi_socket_action(pool->multi, w->fd,
                             what == LOOP_WRITE ? CURL_CSELECT_OUT : CURL_CSELECT_IN, &running);
    collect(pool);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg) {
    struct request_pool *pool = arg;
    struct watched *w = socket_arg;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (w != NULL) {
            curl_multi_assign(pool->multi, fd, NULL);
            loop_watch_free(&w->watch);
            free(w);
        }
        return 0;
    }
    if (w == NULL) {
        w = xcalloc(1, sizeof *w);
        w->pool = pool;
        w->fd = fd;
        w->watch = loop_watch_new(pool->loop, fd, on_ready, w);
        curl_multi_assign(pool->multi, fd, w);
    }
    loop_watch_want(w->watch, ((what & CURL_POLL_IN) != 0 ? LOOP_READ : 0) |
                                  ((what & CURL_POLL_OUT) != 0 ? LOOP_WRITE : 0));
    return 0;
}

static int on_curl_timer(CURLM *multi, long timeout_ms, void *arg) {
    struct request_pool *pool = arg;

    (void)multi;
    if (timeout_ms < 0)
        loop_timer_cancel(pool->timer);
    else
        loop_timer_set(pool->timer, timeout_ms);
    return 0;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
    struct request *r = arg;

    (void)purpose;
    if (r->mute)
        return CURL_SOCKET_BAD;
    r->opened = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t on_data(char *data, size_t one, size_t size, void *arg) {
    struct request *r = arg;

    (void)one;
    if (size > r->reply_most - r->reply_size) {
        r->cut = true;
        return 0;
    }
    r->reply = xrealloc(r->reply, r->reply_size + size + 1);
    memcpy(r->reply + r->reply_size, data, size);
    r->reply_size += size;
    r->reply[r->reply_size] = '\0';
    return size;
}

/* Keeps the value if the line has this header. One that is too long to make sense is none. */
static void keep_header(struct span line, const char *name, char *out, size_t size) {
    size_t n = strlen(name);
    struct span value;

    if (line.n <= n || strncasecmp(line.p, name, n) != 0 || line.p[n] != ':')
        return;
    value = span_trim((struct span){line.p + n + 1, line.n - n - 1});
    if (value.n < size)
        text_copy_printable(out, size, value);
}

static size_t on_header(char *data, size_t one, size_t size, void *arg) {
    struct request *r = arg;
    struct span line = {data, size};

    (void)one;
    if (span_starts(line, "HTTP/")) { /* an interim reply was before this one */
        r->retry_after[0] = '\0';
        r->date[0] = '\0';
    }
    keep_header(line, "Retry-After", r->retry_after, sizeof r->retry_after);
    keep_header(line, "Date", r->date, sizeof r->date);
    return size;
}

/* The time for the connection, then the time for the whole, is over; or the start had failed. */
static void on_deadline(void *arg) {
    struct request *r = arg;
    char error[128];
    curl_off_t connected = 0;
    int64_t spent_ms = clock_mono_ms() - r->started_ms;

    if (r->easy == NULL) {
        answer(r, r->error, true);
        return;
    }
    curl_easy_getinfo(r->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
    if (connected > 0 && spent_ms < r->total_ms) {
        loop_timer_set(r->deadline, r->total_ms - spent_ms);
        return;
    }
    if (!r->opened)
        text_format(error, sizeof error, "name not resolved within %lld ms", (long long)spent_ms);
    else if (connected == 0)
        text_format(error, sizeof error, "not connected within %lld ms", (long long)spent_ms);
    else
        text_format(error, sizeof error, "no whole answer within %lld ms", (long long)spent_ms);
    answer(r, error, false);
}

struct request_pool *request_pool_new(struct loop *loop, const char *agent, struct fault *why) {
    struct request_pool *pool = xcalloc(1, sizeof *pool);

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        (pool->multi = curl_multi_init()) == NULL) {
        fault_set(why, "libcurl: cannot be initialised");
        free(pool);
        return NULL;
    }
    pool->loop = loop;
    pool->timer = loop_timer_new(loop, on_curl_time, pool);
    text_copy(pool->agent, sizeof pool->agent, agent);
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
    return pool;
}

void request_pool_free(struct request_pool **pool) {
    struct request_pool *p = *pool;

    if (p == NULL)
        return;
    if (p->mute > 0) {
        /* To end these would wait for the name server. The process is ending: leave them to it. */
        *pool = NULL;
        return;
    }
    while (p->first != NULL) {
        struct request *r = p->first;

        free_request(&r);
    }
    curl_multi_cleanup(p->multi);
    loop_timer_free(&p->timer);
    free(p);
    curl_global_cleanup();
    *pool = NULL;
}

/* What is asked, and of whom. */
static CURLcode describe(struct request *r, const struct request_job *job) {
    CURL *easy = r->easy;
    CURLcode failed = curl_easy_setopt(easy, CURLOPT_URL, job->url);

    if (job->body != NULL && failed == CURLE_OK) {
        r->body = xcalloc(1, job->body_size + 1);
        memcpy(r->body, job->body, job->body_size);
        r->body_size = job->body_size;
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->body_size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->body);
    }
    r->headers = curl_slist_append(NULL, "Expect:"); /* send the body at once */
    for (size_t i = 0; job->headers != NULL && job->headers[i] != NULL; i++)
        r->headers = curl_slist_append(r->headers, job->headers[i]);
    if (job->ca_file != NULL && job->ca_file[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_CAINFO, job->ca_file);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, r->pool->agent);
    return failed;
}

/* What every request has. */
static CURLcode restrain(struct request *r) {
    CURL *easy = r->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, r);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 86400L); /* ours: on_deadline */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, r);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
}

struct request *request_start(struct request_pool *pool, const struct request_job *job) {
    struct request *r = xcalloc(1, sizeof *r);

    r->pool = pool;
    r->next = pool->first;
    if (r->next != NULL)
        r->next->before = r;
    pool->first = r;
    r->on_reply = job->on_reply;
    r->arg = job->arg;
    r->reply_most = job->reply_most_bytes;
    r->connect_ms = job->connect_ms;
    r->total_ms = job->total_ms;
    r->started_ms = clock_mono_ms();
    r->deadline = loop_timer_new(pool->loop, on_deadline, r);
    if (pool->mute < MUTE_MOST)
        r->easy = curl_easy_init();
    if (r->easy == NULL) {
        text_copy(r->error, sizeof r->error, "names are not being resolved");
        loop_timer_set(r->deadline, 0);
        return r;
    }
    if (restrain(r) != CURLE_OK || describe(r, job) != CURLE_OK ||
        curl_multi_add_handle(pool->multi, r->easy) != CURLM_OK) {
        curl_easy_cleanup(r->easy);
        r->easy = NULL;
        text_copy(r->error, sizeof r->error, "libcurl does not take the request");
        loop_timer_set(r->deadline, 0);
        return r;
    }
    loop_timer_set(r->deadline, r->connect_ms < r->total_ms ? r->connect_ms : r->total_ms);
    return r;
}

void request_cancel(struct request **request) {
    if (*request == NULL)
        return;
    (*request)->on_reply = NULL;
    end_or_mute(*request);
    *request = NULL;
}

struct waiting {
    struct loop *loop;
    struct fault *why;
    char *body;
    int status;
};

static void on_waited(const struct request_reply *reply, void *arg) {
    struct waiting *w = arg;

    if (reply->status == 0 || reply->error[0] != '\0') {
        w->status = fault_set(w->why, "%s", reply->error);
    } else {
        w->status = reply->status;
        w->body = xstrdup(reply->body != NULL ? reply->body : "");
    }
    loop_stop(w->loop);
}

int request_get(const char *url, int timeout_ms, size_t most_bytes, char **body_out,
                struct fault *why) {
    struct waiting w = {.loop = loop_new(why), .why = why};
    struct request_job job = {.url = url,
                              .connect_ms = timeout_ms,
                              .total_ms = timeout_ms,
                              .reply_most_bytes = most_bytes,
                              .on_reply = on_waited,
                              .arg = &w};
    struct request_pool *pool;

    if (w.loop == NULL)
        return -1;
    pool = request_pool_new(w.loop, "relaywatch/" RELAYWATCH_VERSION, why);
    if (pool == NULL) {
        loop_free(&w.loop);
        return -1;
    }
    request_start(pool, &job);
    loop_run(w.loop);
    request_pool_free(&pool);
    loop_free(&w.loop);
    *body_out = w.body;
    return w.status;
}
