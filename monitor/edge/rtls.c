/* See rtls.h. hiredis' own context would trust any name: so the session is made here. */
#include "rtls.h"

#include <stddef.h>

#ifdef HAVE_REDIS_TLS

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "text.h"
#include "xmem.h"

#include "lookup.h"

struct rtls {
    SSL_CTX *context;
    char reason[160];
};

/* hiredis tells no reason: it asks errno. */
static int on_certificate(int is_good, X509_STORE_CTX *store) {
    SSL *session = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct rtls *tls = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), 0);

    if (!is_good)
        text_format(tls->reason, sizeof tls->reason, "TLS: certificate not taken: %s",
                    X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
    return is_good;
}

static int failed(struct fault *why, const char *what) {
    unsigned long error = ERR_get_error();
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;

    ERR_clear_error();
    return fault_set(why, "%s: %s", what, reason != NULL ? reason : "OpenSSL gives no reason");
}

struct rtls *rtls_new(const char *ca_file, struct fault *why) {
    struct rtls *tls = xcalloc(1, sizeof *tls);
    int loaded;

    tls->context = SSL_CTX_new(TLS_client_method());
    if (tls->context == NULL) {
        failed(why, "TLS");
        rtls_free(&tls);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, on_certificate);
    SSL_CTX_set_ex_data(tls->context, 0, tls);
    loaded = ca_file[0] != '\0' ? SSL_CTX_load_verify_locations(tls->context, ca_file, NULL)
                                : SSL_CTX_set_default_verify_paths(tls->context);
    if (loaded != 1) {
        failed(why, ca_file[0] != '\0' ? ca_file : "the system's certificates");
        rtls_free(&tls);
    }
    return tls;
}

void rtls_free(struct rtls **tls) {
    if (*tls == NULL)
        return;
    SSL_CTX_free((*tls)->context);
    free(*tls);
    *tls = NULL;
}

int rtls_begin(struct rtls *tls, void *context, const char *host, struct fault *why) {
    SSL *session = SSL_new(tls->context);
    bool named;

    if (session == NULL)
        return failed(why, "TLS");
    if (lookup_is_address(host))
        named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1;
    else
        named = SSL_set1_host(session, host) == 1 && SSL_set_tlsext_host_name(session, host) == 1;
    if (!named) {
        SSL_free(session);
        return failed(why, host);
    }
    tls->reason[0] = '\0';
    if (redisInitiateSSL(context, session) == REDIS_OK)
        return 0; /* the session is its own now */
    SSL_free(session);
    return fault_set(why, "TLS: %s", ((redisContext *)context)->errstr);
}

const char *rtls_reason(const struct rtls *tls) {
    return tls->reason;
}

#else /* conf.c refuses redis_tls */

struct rtls *rtls_new(const char *ca_file, struct fault *why) {
    (void)ca_file;
    fault_set(why, "built without TLS for Redis");
    return NULL;
}

void rtls_free(struct rtls **tls) {
    *tls = NULL;
}

int rtls_begin(struct rtls *tls, void *context, const char *host, struct fault *why) {
    (void)tls, (void)context, (void)host;
    return fault_set(why, "built without TLS for Redis");
}

const char *rtls_reason(const struct rtls *tls) {
    (void)tls;
    return "";
}

#endif
