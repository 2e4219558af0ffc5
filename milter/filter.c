/* See filter.h.
 *
 * What is negotiated: end-of-message alone is answered. CONNECT, MAIL and RCPT are sent without an
 * answer (NR), all the rest is not sent at all. smtpd then writes the three into its buffer, and
 * the only thing that a message waits for is one round trip at its end.
 *
 * Postfix sends the macros of a stage even when the stage itself is not (milter8.c, milter8_event),
 * so every stage gets a short list. */
#include "filter.h"

#include <errno.h>
#include <libmilter/mfapi.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "session.h"
#include "text.h"

enum { BACKLOG = 512 };

static char filter_name[] = "relaywatch-milter";

/* libmilter's callbacks have no argument of ours. Set once, before there are threads. */
static struct mltpage *shared;
static char socket_path[sizeof((struct sockaddr_un *)NULL)->sun_path]; /* "" for inet */

static void count(session_counts counts) {
    while (counts != 0) {
        atomic_fetch_add_explicit(&shared->counter[__builtin_ctz(counts)], 1, memory_order_relaxed);
        counts &= counts - 1;
    }
}

static bool macro_is_set(SMFICTX *ctx, const char *name) {
    char symbol[32];
    const char *value;

    text_copy(symbol, sizeof symbol, name); /* smfi_getsymval wants it writable */
    value = smfi_getsymval(ctx, symbol);
    return value != NULL && value[0] != '\0';
}

/* {tls_version} stands where nothing is needed: it has no value on most relays, and an empty list
 * cannot be asked for. */
static const struct {
    int stage;
    const char *macros;
} wanted[] = {
    {SMFIM_CONNECT, "{client_connections}"},
    {SMFIM_HELO, "{tls_version}"},
    {SMFIM_ENVFROM, "{auth_authen} {tls_version}"},
    {SMFIM_ENVRCPT, "{tls_version}"},
    {SMFIM_DATA, "{tls_version}"},
    {SMFIM_EOH, "{tls_version}"},
    {SMFIM_EOM, "i"},
};

/* The session of this connection, made where there is none yet (negotiation; a second CONNECT after
 * the MTA's "quit, new connection"). NULL without memory: this session is not counted. */
static struct session *session_of(SMFICTX *ctx) {
    struct session *session = smfi_getpriv(ctx);

    if (session != NULL)
        return session;
    session = calloc(1, sizeof *session);
    if (session != NULL && smfi_setpriv(ctx, session) != MI_SUCCESS) {
        free(session);
        session = NULL;
    }
    return session;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2,
                             unsigned long f3, unsigned long *pf0, unsigned long *pf1,
                             unsigned long *pf2, unsigned long *pf3) {
    const unsigned long not_sent =
        SMFIP_NOHELO | SMFIP_NODATA | SMFIP_NOHDRS | SMFIP_NOEOH | SMFIP_NOUNKNOWN;
    const unsigned long no_reply = SMFIP_NR_CONN | SMFIP_NR_MAIL | SMFIP_NR_RCPT | SMFIP_NR_BODY;

    (void)f2;
    (void)f3;
    *pf0 = 0;
    *pf1 = (not_sent | no_reply) & f1;
    *pf2 = 0;
    *pf3 = 0;
    if (f0 & SMFIF_SETSYMLIST) {
        *pf0 = SMFIF_SETSYMLIST;
        for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
            char macros[64];

            text_copy(macros, sizeof macros, wanted[i].macros);
            if (smfi_setsymlist(ctx, wanted[i].stage, macros) != MI_SUCCESS)
                log_debug("filter", "no macro list for stage %d", wanted[i].stage);
        }
    }
    /* An MTA that wants an answer to each event (Postfix does not): close this connection alone,
     * default_action=accept passes its mail. */
    if ((f1 & no_reply) != no_reply)
        return SMFIS_REJECT;
    session_of(ctx);
    return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *address) {
    struct session *session = session_of(ctx);

    (void)host;
    (void)address;
    /* cleanup(8) does not know this macro (cleanup_milter.c), smtpd(8) always sets it */
    if (session != NULL)
        count(session_connect(session, macro_is_set(ctx, "{client_connections}")));
    return SMFIS_NOREPLY;
}

static sfsistat on_mail(SMFICTX *ctx, char **args) {
    struct session *session = smfi_getpriv(ctx);

    if (session != NULL)
        count(session_mail(session, args[0] != NULL ? args[0] : "",
                           macro_is_set(ctx, "{tls_version}"), macro_is_set(ctx, "{auth_authen}")));
    return SMFIS_NOREPLY;
}

static sfsistat on_rcpt(SMFICTX *ctx, char **args) {
    struct session *session = smfi_getpriv(ctx);

    (void)args;
    if (session != NULL)
        session_rcpt(session);
    return SMFIS_NOREPLY;
}

/* Most clients give no SIZE=, so the bytes are counted as they come; nothing in them is looked at.
 */
static sfsistat on_body(SMFICTX *ctx, unsigned char *chunk, size_t size) {
    struct session *session = smfi_getpriv(ctx);

    (void)chunk;
    if (session != NULL)
        session_body(session, size);
    return SMFIS_NOREPLY;
}

static sfsistat on_eom(SMFICTX *ctx) {
    struct session *session = smfi_getpriv(ctx);
    struct session_message message;

    if (session != NULL && session_eom(session, &message)) {
        char symbol[] = "i";
        const char *queue_id = smfi_getsymval(ctx, symbol);

        int64_t now_ms = clock_wall_ms();

        mltpage_accept(shared, now_ms, queue_id != NULL ? queue_id : "", message.recipients,
                       message.bytes, message.flags);
        mltsenders_add(&shared->senders, shared->lineage, message.sender, message.recipients,
                       now_ms);
    }
    return SMFIS_CONTINUE;
}

static sfsistat on_abort(SMFICTX *ctx) {
    struct session *session = smfi_getpriv(ctx);

    if (session != NULL)
        count(session_abort(session));
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx) {
    struct session *session = smfi_getpriv(ctx);

    if (session != NULL)
        count(session_close(session));
    free(session);
    smfi_setpriv(ctx, NULL);
    return SMFIS_CONTINUE;
}

/* The path of a unix socket, or NULL. */
static const char *unix_path(const char *socket) {
    struct span s = span_of(socket);

    if (span_starts(s, "unix:"))
        return socket + strlen("unix:");
    if (span_starts(s, "local:"))
        return socket + strlen("local:");
    return NULL;
}

int filter_check_socket(const char *socket, struct fault *why) {
    const char *path = unix_path(socket);
    struct sockaddr_un address;
    const char *colon = strchr(socket, ':');
    const char *at = strchr(socket, '@');
    uint64_t number;

    if (path != NULL) {
        if (path[0] != '/')
            return fault_set(why, "%s: the path must be absolute, as in unix:/path", socket);
        if (strlen(path) >= sizeof address.sun_path)
            return fault_set(why, "%s: the path is longer than %zu bytes", socket,
                             sizeof address.sun_path - 1);
        return 0;
    }
    if (colon == NULL ||
        (!span_starts(span_of(socket), "inet:") && !span_starts(span_of(socket), "inet6:")))
        return fault_set(why, "'%s': right would be unix:/path or inet:port@host", socket);
    if (at == NULL || at < colon || at[1] == '\0' ||
        !text_u64((struct span){colon + 1, (size_t)(at - colon - 1)}, 1, 65535, &number))
        return fault_set(why, "%s: right would be inet:port@host, as in inet:8891@127.0.0.1",
                         socket);
    return 0;
}

/* Does anybody listen on the socket file? 1 yes, 0 no, -1 with errno. Never waits. */
static int is_listened_on(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int connected;
    int error;

    if (fd == -1)
        return -1;
    text_copy(address.sun_path, sizeof address.sun_path, path);
    connected = connect(fd, (const struct sockaddr *)&address, sizeof address);
    error = errno;
    close(fd);
    if (connected == 0 || error == EAGAIN)
        return 1; /* EAGAIN: it listens, with a full queue */
    if (error == ECONNREFUSED)
        return 0;
    errno = error;
    return -1;
}

static int remove_stale(const char *path, struct fault *why) {
    struct stat st;
    int listened;

    if (lstat(path, &st) == -1) {
        if (errno == ENOENT)
            return 0;
        return fault_errno(why, "%s", path);
    }
    if (!S_ISSOCK(st.st_mode))
        return fault_set(why, "%s: is in the way, and it is no socket", path);
    listened = is_listened_on(path);
    if (listened == -1)
        return fault_errno(why, "%s: cannot tell whether it is in use", path);
    if (listened)
        return fault_set(why, "%s: another program listens on it already", path);
    if (unlink(path) == -1)
        return fault_errno(why, "remove %s", path);
    return 0;
}

/* Postfix gets in by the folder's group: say so where that cannot work, the mail would pass
 * uncounted. */
static void check_folder(const char *path) {
    char folder[PATH_MAX];
    char *slash;
    struct stat st;

    text_copy(folder, sizeof folder, path);
    slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder)
        return;
    *slash = '\0';
    if (stat(folder, &st) == 0 && !(st.st_mode & S_ISGID))
        log_warn("filter",
                 "%s is not setgid: the socket gets our own group, and Postfix may not connect "
                 "(right would be mode 2750, group postfix)",
                 folder);
}

/* The order of the members is libmilter's; callbacks that are NULL are never called. */
static int register_filter(void) {
    struct smfiDesc description = {
        .xxfi_name = filter_name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_SETSYMLIST,
        .xxfi_connect = on_connect,
        .xxfi_envfrom = on_mail,
        .xxfi_envrcpt = on_rcpt,
        .xxfi_body = on_body,
        .xxfi_eom = on_eom,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
        .xxfi_negotiate = on_negotiate,
    };

    return smfi_register(description);
}

int filter_open(const char *socket, struct mltpage *page, struct fault *why) {
    const char *path = unix_path(socket);
    char place[PATH_MAX];

    shared = page;
    openlog(filter_name, LOG_PID, LOG_DAEMON); /* libmilter's own complaints */
    if (!text_copy(place, sizeof place, socket))
        return fault_set(why, "%s: too long", socket);
    if (path != NULL) {
        if (remove_stale(path, why) == -1)
            return -1;
        check_folder(path);
    }
    if (register_filter() != MI_SUCCESS)
        return fault_set(why, "libmilter does not take the filter");
    if (smfi_setconn(place) != MI_SUCCESS || smfi_setbacklog(BACKLOG) != MI_SUCCESS)
        return fault_set(why, "libmilter does not take %s", socket);
    umask(0117);
    errno = 0;
    if (smfi_opensocket(0) != MI_SUCCESS)
        return fault_errno(why, "cannot listen on %s", socket);
    umask(0077);
    if (path != NULL)
        text_copy(socket_path, sizeof socket_path, path);
    return 0;
}

int filter_run(struct fault *why) {
    if (smfi_main() != MI_SUCCESS)
        return fault_set(why, "libmilter gave up (its reason is in syslog, facility daemon)");
    return 0;
}

void filter_leave(void) {
    if (socket_path[0] != '\0')
        unlink(socket_path);
}
