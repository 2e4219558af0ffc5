/* See lognote.h. The beginnings are those of all msg_info() calls of Postfix 2.6 to 3.12 that no
 * other module of the parser knows; the frequent ones come first. */
#include "lognote.h"

#include <string.h>

#include "logfield.h"

static const char *const beginnings[] = {
    "uid=",
    "relaywatch canary ", /* our own: keeperq.h */
    "relaywatch doctor: ",
    "statistics: ",
    "table ",
    "addr ",
    "cache ",
    "CONNECT ",
    "DISCONNECT ",
    "discarding EHLO keywords: ",
    "enabling PIX workarounds",
    "breaking line > ",
    "replacing server reply ",
    "replacing command ",
    "reply filter ",
    "passing <",
    "skipped, still being delivered",
    "mapping DSN status ",
    "Sender requested REQUIRETLS",
    "using backwards-compatible default setting ",
    "using using backwards-compatible default setting ",
    "Postfix is running with backwards-compatible default settings",
    "Postfix is using backwards-compatible default settings",
    "See http",
    "To disable backwards compatibility ",
    "COMPATIBILITY: ",
    "ignoring status update from child ",
    "ignoring DNS RR: ",
    "redirecting ",
    "target file '",
    "successfully ",
    "database ",
    "close database ",
    "import_",
    "myhostname=",
    "export ",
    "running: ",
    "Relaying allowed for ",
    "PREGREET ",
    "PENALTY ",
    "host ",
    "MX name ",
    "entering STRESS mode ",
    "leaving STRESS mode ",
    "allowlisting ",
    "whitelisting ",
    "exiting to reopen ",
    "cannot read from entropy device ",
    "cannot read from EGD server ",
    "cannot write to EGD server ",
    "EGD server ",
    "lost connection to EGD server ",
    "idle timeout -- exiting",
    "master disconnect -- ",
    "time to retire -- ",
    "process generation",
    "using config files in ",
    "proxymap stream disconnect",
    "skipping SRV lookup ",
    "skipping address family ",
    "instead, send to (port submission/587) with STARTTLS",
    "instead, send to (port 587) with STARTTLS",
    "CLIENT wrappermode ",

    /* TLS */
    "setting up TLS connection ",
    "initializing the ",
    "Host offered STARTTLS",
    "TLSRPT: ",
    "TLS SNI ",
    "TLS protocol trace ",
    "TLS support is not compiled in",
    "configured TLS ",
    "skipping TLS trace output",
    "save session ",
    "remove session ",
    "reloaded session ",
    "looking for session ",
    "write smtp TLS cache entry ",
    "write smtpd TLS cache entry ",
    "write lmtp TLS cache entry ",
    "read smtp TLS cache entry ",
    "read smtpd TLS cache entry ",
    "read lmtp TLS cache entry ",
    "open smtp TLS cache ",
    "open smtpd TLS cache ",
    "open lmtp TLS cache ",
    "close smtp TLS cache ",
    "close smtpd TLS cache ",
    "close lmtp TLS cache ",
    "lookup smtp session id=",
    "lookup smtpd session id=",
    "put smtp session id=",
    "put smtpd session id=",
    "delete smtp session id=",
    "delete smtpd session id=",
    "SSL3 alert ",
    "SSL_connect:", /* steps of the handshake; what failed logline.c knows */
    "SSL_accept:",
    "verify return:",
    "Verified: subject_CN=",
    "Unverified: subject_CN=",
    "Trusted: subject_CN=",
    "certificate verification depth=",
    "subject_CN=",
    "subject=",
    "issuer=",
    "OpenSSL <= ",
    "read from ",
    "write to ",
    "Read ",
    "Write ",

    /* traces without an underscore in their name */
    "SASL authentication ",
    "connection established",
    "connection closed",
    "rewrite ",
    "server features: ",
    "Using ESMTP ",
    "Using LMTP ",
    "starting new SASL client",
    "disposing SASL state",
    "send attr ",
    "input attribute ",
    "xsasl ",
    "report ",
    "skipping ",
    "reply: SMFI",
    "event: ",
    "abort all milters",
    "disconnect event to all milters",
    "free all milters",
    "free milter ",
    "query milter ",
    "inspect content by all milters",
    "override ",
    "connecting to ",
    "connect to subsystem ",
    "trying... [",
    "maps_find: ",
    "lookup ",
    "Compiled against Berkeley DB",
    "Run-time linked against Berkeley DB",
    "spawn command ",
};

/* Traces of `smtpd -v`: "function_name: ...", "function_name(...", "name_of=...", and the dialogue
 * itself. */
static bool is_trace(struct span s) {
    size_t n = 0;
    bool underscore = false;

    if (s.n > 1 && (s.p[0] == '<' || s.p[0] == '>'))
        return s.p[1] == ' ' || s.p[1] == '>';
    while (n < s.n && ((s.p[n] >= 'a' && s.p[n] <= 'z') || (s.p[n] >= '0' && s.p[n] <= '9') ||
                       s.p[n] == '_')) {
        underscore = underscore || s.p[n] == '_';
        n++;
    }
    return underscore && (n == s.n || s.p[n] == ':' || s.p[n] == '(' || s.p[n] == '=' ||
                          (s.p[n] == ' ' && memchr(s.p + n, '=', s.n - n) != NULL));
}

/* "0000 16 03 01 02": a dump of TLS records. */
static bool is_dump(struct span s) {
    size_t n = 0;

    while (n < s.n && n < 5 &&
           ((s.p[n] >= '0' && s.p[n] <= '9') || (s.p[n] >= 'a' && s.p[n] <= 'f')))
        n++;
    return n == 4 && s.n > 7 && s.p[4] == ' ' && (s.p[5] == '-' || s.p[7] == ' ' || s.p[7] == '-');
}

/* "name[ip]:port: Matched subjectAltName", "name[ip]: subject_CN=...": what TLS logs at level 1
 * and 2; "name[ip]: replacing command". */
static bool is_of_peer(struct span s) {
    struct logfield_peer peer = logfield_peer(s);

    if (peer.length == 0)
        return false;
    s = logfield_from(s, peer.length);
    return STARTS(s, ": ") || span_find(s, "CommonName ") != NULL ||
           span_find(s, " fingerprint ") != NULL;
}

/* "/etc/postfix/master.cf: line 12: using backwards-compatible default setting chroot=y",
 * "hash:/etc/aliases lookup: "root" = "x"" of debug: maps. */
static bool has_middle(struct span s) {
    static const char *const middles[] = {
        ": using backwards-compatible default setting ",
        " lookup: \"",
        " update: \"",
        " delete: \"",
        " sequence: \"",
        " sequence: found EOF",
        " cache cleanup will start after ",
        ": worked around spurious NFS error",
        " asciified to ",
        " wanted attribute: ",
        " feedback type ",
        " map lookup problem -- message not accepted",
        " lookup error -- deferring delivery",
    };

    for (size_t i = 0; i < sizeof middles / sizeof middles[0]; i++) {
        if (span_find(s, middles[i]) != NULL)
            return true;
    }
    return false;
}

bool lognote_is(struct span s) {
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (s.p[0] == beginnings[i][0] && span_starts(s, beginnings[i]))
            return true;
    }
    return is_trace(s) || is_of_peer(s) || is_dump(s) || has_middle(s);
}
