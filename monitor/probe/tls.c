/* See tls.h. */
#include "tls.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "dial.h"
#include "talk.h"
#include "text.h"
#include "xmem.h"

struct tls {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
    int64_t expires_s;
    char names[200]; /* in the certificate, for people */
};

static void add_name(struct tls *tls, const unsigned char *name, size_t n) {
    size_t at = strlen(tls->names);

    if (at + n + 3 > sizeof tls->names)
        return;
    if (at > 0) {
        tls->names[at++] = ',';
        tls->names[at++] = ' ';
    }
    text_copy_printable(tls->names + at, sizeof tls->names - at,
                        (struct span){(const char *)name, n});
}

static void note_names(struct tls *tls, X509 *certificate) {
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        char text[INET6_ADDRSTRLEN];

        if (name->type == GEN_DNS)
            add_name(tls, ASN1_STRING_get0_data(name->d.dNSName),
                     (size_t)ASN1_STRING_length(name->d.dNSName));
        else if (name->type == GEN_IPADD &&
                 inet_ntop(ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6,
                           ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof text) != NULL)
            add_name(tls, (const unsigned char *)text, strlen(text));
    }
    GENERAL_NAMES_free(names);
}

/* In place of OpenSSL's own step, to see the certificate even when it is not accepted; the verdict
 * stays OpenSSL's. */
static int look_and_verify(X509_STORE_CTX *store, void *arg) {
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    struct tls *tls = arg;
    struct tm tm = {0};

    if (certificate != NULL) {
        if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) == 1)
            tls->expires_s = timegm(&tm);
        note_names(tls, certificate);
    }
    return X509_verify_cert(store);
}

static int prepare(struct tls *tls, const char *name, const char *ca_file, struct fault *why) {
    unsigned char address[16];
    bool literal =
        inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;

    tls->context = SSL_CTX_new(TLS_client_method());
    if (tls->context == NULL || SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1)
        return fault_set(why, "OpenSSL cannot be started");
    if (ca_file[0] != '\0' ? SSL_CTX_load_verify_locations(tls->context, ca_file, NULL) != 1
                           : SSL_CTX_set_default_verify_paths(tls->context) != 1)
        return fault_set(why, "CA file %s: cannot be loaded (is it readable for everybody?)",
                         ca_file);
    SSL_CTX_set_cert_verify_callback(tls->context, look_and_verify, tls);
    tls->ssl = SSL_new(tls->context);
    if (tls->ssl == NULL || SSL_set_fd(tls->ssl, tls->fd) != 1)
        return fault_set(why, "OpenSSL cannot be started");
    SSL_set_verify(tls->ssl, SSL_VERIFY_PEER, NULL);
    SSL_set_hostflags(tls->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    /* RFC 6066 section 3: no address as server name. */
    if (literal
            ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls->ssl), name) != 1
            : SSL_set1_host(tls->ssl, name) != 1 || SSL_set_tlsext_host_name(tls->ssl, name) != 1)
        return fault_set(why, "%s: not a name that a certificate can have", name);
    return 0;
}

struct tls *tls_new(int fd, const char *name, const char *ca_file, struct fault *why) {
    struct tls *tls = xcalloc(1, sizeof *tls);

    assert(name[0] != '\0'); /* an empty one would switch the check off */
    tls->fd = fd;
    if (prepare(tls, name, ca_file, why) == -1)
        tls_free(&tls);
    return tls;
}

void tls_free(struct tls **tls) {
    if (*tls == NULL)
        return;
    if ((*tls)->ssl != NULL && SSL_is_init_finished((*tls)->ssl))
        SSL_shutdown((*tls)->ssl);
    SSL_free((*tls)->ssl);
    SSL_CTX_free((*tls)->context);
    free(*tls);
    *tls = NULL;
}

/* After a call that gave `result` <= 0: waits for what it wants. 0: call again; TALK_ERROR;
 * TALK_TIMEOUT. */
static int wait_for(struct tls *tls, int result, int64_t deadline_ms, struct fault *why) {
    int saved = errno;
    int wanted = SSL_get_error(tls->ssl, result);
    unsigned long code;

    if (wanted == SSL_ERROR_WANT_READ || wanted == SSL_ERROR_WANT_WRITE)
        return dial_wait(tls->fd, wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline_ms,
                         why);
    code = ERR_get_error();
    if (code != 0)
        return fault_set(why, "%s",
                         ERR_reason_error_string(code) != NULL ? ERR_reason_error_string(code)
                                                               : "unknown error of OpenSSL");
    if (wanted == SSL_ERROR_SYSCALL && saved != 0)
        return fault_set(why, "%s", strerror(saved));
    return fault_set(why, "the server closed the connection");
}

static void explain(struct tls *tls, struct fault *why) {
    long verdict = SSL_get_verify_result(tls->ssl);
    char day[16] = "unknown";
    time_t expires = (time_t)tls->expires_s;
    struct tm tm;

    if (verdict == X509_V_OK) {
        fault_wrap(why, "TLS handshake");
        return;
    }
    if (expires != 0 && gmtime_r(&expires, &tm) != NULL)
        strftime(day, sizeof day, "%Y-%m-%d", &tm);
    fault_set(why, "certificate not accepted: %s; it is for %s, until %s",
              X509_verify_cert_error_string(verdict),
              tls->names[0] != '\0' ? tls->names : "no name", day);
}

int tls_handshake(struct tls *tls, int64_t deadline_ms, struct fault *why) {
    int result;

    for (;;) {
        int waited;

        ERR_clear_error();
        errno = 0;
        result = SSL_connect(tls->ssl);
        if (result == 1)
            break;
        waited = wait_for(tls, result, deadline_ms, why);
        if (waited == TALK_ERROR)
            explain(tls, why);
        if (waited != 0)
            return waited;
    }
    /* Once more, beside SSL_VERIFY_PEER: an anonymous cipher suite would have no certificate to
     * verify. */
    if (tls->expires_s == 0 || SSL_get_verify_result(tls->ssl) != X509_V_OK)
        return fault_set(why, "the server has not proved who it is");
    return 0;
}

ssize_t tls_receive(struct tls *tls, void *out, size_t size, int64_t deadline_ms,
                    struct fault *why) {
    for (;;) {
        int n, waited;

        ERR_clear_error();
        errno = 0;
        n = SSL_read(tls->ssl, out, (int)size);
        if (n > 0)
            return n;
        if (SSL_get_error(tls->ssl, n) == SSL_ERROR_ZERO_RETURN)
            return 0;
        waited = wait_for(tls, n, deadline_ms, why);
        if (waited != 0)
            return waited;
    }
}

int tls_send(struct tls *tls, const void *data, size_t size, int64_t deadline_ms,
             struct fault *why) {
    for (;;) {
        int n, waited;

        ERR_clear_error();
        errno = 0;
        n = SSL_write(tls->ssl, data,
                      (int)size); /* all or nothing: no SSL_MODE_ENABLE_PARTIAL_WRITE */
        if (n > 0)
            return 0;
        waited = wait_for(tls, n, deadline_ms, why);
        if (waited != 0)
            return waited;
    }
}

/* The certificate of the chain that ends first: an intermediate's end is as bad as the server's. */
static int64_t chain_expires_s(const struct tls *tls) {
    const STACK_OF(X509) *chain = SSL_get0_verified_chain(tls->ssl);
    int64_t first_s = tls->expires_s;

    for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++) {
        struct tm tm = {0};

        if (ASN1_TIME_to_tm(X509_get0_notAfter(sk_X509_value(chain, i)), &tm) == 1 &&
            timegm(&tm) < first_s)
            first_s = timegm(&tm);
    }
    return first_s;
}

void tls_look(const struct tls *tls, struct tls_seen *out) {
    memset(out, 0, sizeof *out);
    out->expires_s = SSL_is_init_finished(tls->ssl) ? chain_expires_s(tls) : tls->expires_s;
    if (SSL_is_init_finished(tls->ssl)) {
        text_copy(out->version, sizeof out->version, SSL_get_version(tls->ssl));
        text_copy(out->cipher, sizeof out->cipher, SSL_get_cipher_name(tls->ssl));
    }
}
