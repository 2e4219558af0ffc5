/* See lookup.h. The request belongs to the C library until it is answered: it is never freed
 * before. */
#include "lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "text.h"
#include "xmem.h"

enum { POLL_MS = 10 };

struct request {
    struct gaicb block;
    struct addrinfo hints;
    char host[256];
};

struct lookup {
    struct loop_timer *poll;
    void (*on_news)(void *arg);
    void *arg;
    struct request *request; /* NULL: nothing was asked */
};

static void request_free(struct request *request) {
    if (request->block.ar_result != NULL)
        freeaddrinfo(request->block.ar_result);
    free(request);
}

static void on_poll(void *arg) {
    struct lookup *lookup = arg;

    if (gai_error(&lookup->request->block) == EAI_INPROGRESS)
        loop_timer_set(lookup->poll, POLL_MS);
    else
        lookup->on_news(lookup->arg);
}

struct lookup *lookup_new(struct loop *loop, void (*on_news)(void *arg), void *arg) {
    struct lookup *lookup = xcalloc(1, sizeof *lookup);

    lookup->on_news = on_news;
    lookup->arg = arg;
    lookup->poll = loop_timer_new(loop, on_poll, lookup);
    return lookup;
}

void lookup_free(struct lookup **lookup_at) {
    struct lookup *lookup = *lookup_at;

    if (lookup == NULL)
        return;
    *lookup_at = NULL;
    loop_timer_free(&lookup->poll);
    if (lookup->request != NULL && (gai_cancel(&lookup->request->block) != EAI_NOTCANCELED))
        request_free(lookup->request);
    free(lookup);
}

bool lookup_is_address(const char *host) {
    unsigned char bytes[16];

    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static int begin(struct lookup *lookup, const char *host, struct fault *why) {
    struct request *request = xcalloc(1, sizeof *request);
    struct gaicb *list[] = {&request->block};
    int error;

    text_copy(request->host, sizeof request->host, host);
    request->hints = (struct addrinfo){.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    request->block.ar_name = request->host;
    request->block.ar_request = &request->hints;
    error = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
    if (error != 0) {
        free(request);
        return fault_set(why, "look up %s: %s", host, gai_strerror(error));
    }
    lookup->request = request;
    loop_timer_set(lookup->poll, POLL_MS);
    return 0;
}

/* The address number `which` of those of one family, and how many there are. */
static unsigned find(const struct addrinfo *list, int family, unsigned which,
                     char out[LOOKUP_ADDRESS]) {
    unsigned count = 0;

    for (; list != NULL; list = list->ai_next) {
        if (list->ai_family == family && count++ == which)
            getnameinfo(list->ai_addr, list->ai_addrlen, out, LOOKUP_ADDRESS, NULL, 0,
                        NI_NUMERICHOST);
    }
    return count;
}

static int choose(const struct addrinfo *list, unsigned which, char out[LOOKUP_ADDRESS]) {
    unsigned of_4 = find(list, AF_INET, 0, out);
    unsigned of_6 = find(list, AF_INET6, 0, out);

    if (of_4 + of_6 == 0)
        return -1;
    which %= of_4 + of_6;
    out[0] = '\0';
    if (which < of_4)
        find(list, AF_INET, which, out);
    else
        find(list, AF_INET6, which - of_4, out);
    return out[0] != '\0' ? 0 : -1;
}

int lookup_ask(struct lookup *lookup, const char *host, unsigned which, char out[LOOKUP_ADDRESS],
               struct fault *why) {
    struct request *request = lookup->request;
    int error;

    if (request == NULL)
        return begin(lookup, host, why);
    error = gai_error(&request->block);
    if (error == EAI_INPROGRESS)
        return 0;
    lookup->request = NULL;
    loop_timer_cancel(lookup->poll);
    if (strcmp(request->host, host) != 0) { /* asked for another one before */
        request_free(request);
        return begin(lookup, host, why);
    }
    if (error == 0 && choose(request->block.ar_result, which, out) == -1)
        error = EAI_NONAME;
    request_free(request);
    return error == 0 ? 1 : fault_set(why, "look up %s: %s", host, gai_strerror(error));
}
