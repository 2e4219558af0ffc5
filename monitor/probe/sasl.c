/* See sasl.h. */
#include "sasl.h"

#include <stdlib.h>
#include <string.h>
#include <sasl/sasl.h>
#include <sasl/saslutil.h>

#include "text.h"
#include "xmem.h"

enum { CALLBACKS = 4, CHALLENGE_MAX = 1024 };

struct auth {
    const struct probe_request *request;
    sasl_conn_t *conn;
    sasl_secret_t *secret;
    size_t secret_size;
    const char *mechanisms;
    const char *name;
    bool complete;
    sasl_callback_t callbacks[CALLBACKS];
};

static int get_name(void *context, int id, const char **result, unsigned *length) {
    const struct auth *auth = context;

    /* No name to act for, as Postfix by default (send_cyrus_sasl_authzid = no): some servers refuse
     * one. */
    *result = id == SASL_CB_USER ? "" : auth->request->user;
    if (length != NULL)
        *length = (unsigned)strlen(*result);
    return SASL_OK;
}

static int get_secret(sasl_conn_t *conn, void *context, int id, sasl_secret_t **result) {
    const struct auth *auth = context;

    (void)conn;
    (void)id;
    *result = auth->secret;
    return SASL_OK;
}

/* The library's own would go to syslog. */
static int no_log(void *context, int level, const char *message) {
    (void)context;
    (void)level;
    (void)message;
    return SASL_OK;
}

static const sasl_callback_t quiet[] = {{SASL_CB_LOG, (int (*)(void))(void *)no_log, NULL},
                                        {SASL_CB_LIST_END, NULL, NULL}};

static sasl_callback_t callback(unsigned long id, int (*function)(void), void *context) {
    return (sasl_callback_t){.id = id, .proc = function, .context = context};
}

/* SASL_SEC_PASS_CREDENTIALS and SASL_SEC_FORWARD_SECRECY are not among Postfix's words for smtp(8).
 */
static unsigned security_flags(uint32_t forbid) {
    return (forbid & PROBE_NO_PLAINTEXT ? SASL_SEC_NOPLAINTEXT : 0u) |
           (forbid & PROBE_NO_ACTIVE ? SASL_SEC_NOACTIVE : 0u) |
           (forbid & PROBE_NO_DICTIONARY ? SASL_SEC_NODICTIONARY : 0u) |
           (forbid & PROBE_MUTUAL ? SASL_SEC_MUTUAL_AUTH : 0u) | SASL_SEC_NOANONYMOUS;
}

struct auth *auth_new(const struct probe_request *request, const char *mechanisms,
                      struct fault *why) {
    sasl_security_properties_t security = {.max_ssf = 0,
                                           .security_flags = security_flags(request->forbid)};
    struct auth *auth = xcalloc(1, sizeof *auth);
    size_t n = strlen(request->secret);

    auth->request = request;
    auth->mechanisms = mechanisms;
    auth->secret_size = sizeof *auth->secret + n + 1;
    auth->secret = xcalloc(1, auth->secret_size);
    auth->secret->len = n;
    memcpy(auth->secret->data, request->secret, n);
    auth->callbacks[0] = callback(SASL_CB_USER, (int (*)(void))(void *)get_name, auth);
    auth->callbacks[1] = callback(SASL_CB_AUTHNAME, (int (*)(void))(void *)get_name, auth);
    auth->callbacks[2] = callback(SASL_CB_PASS, (int (*)(void))(void *)get_secret, auth);
    auth->callbacks[3] = callback(SASL_CB_LIST_END, NULL, NULL);
    if (sasl_client_init(quiet) != SASL_OK ||
        sasl_client_new("smtp", request->host, NULL, NULL, auth->callbacks, 0, &auth->conn) !=
            SASL_OK ||
        sasl_setprop(auth->conn, SASL_SEC_PROPS, &security) != SASL_OK) {
        fault_set(why, "libsasl2 cannot be started");
        auth_free(&auth);
    }
    return auth;
}

void auth_free(struct auth **auth) {
    if (*auth == NULL)
        return;
    if ((*auth)->conn != NULL)
        sasl_dispose(&(*auth)->conn);
    sasl_client_done();
    wipe((*auth)->secret, (*auth)->secret_size);
    free((*auth)->secret);
    free(*auth);
    *auth = NULL;
}

/* Without a connection of the library's, which would look this host's own name up. */
int auth_list(char *out, size_t size, struct fault *why) {
    const char *const *names;
    size_t n = 0;

    if (sasl_client_init(quiet) != SASL_OK)
        return fault_set(why, "libsasl2 cannot be started");
    out[0] = '\0';
    names = (const char *const *)sasl_global_listmech();
    for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
        text_format(out + n, size - n, "%s%s", n > 0 ? " " : "", names[i]);
        n += strlen(out + n);
    }
    sasl_client_done();
    return 0;
}

bool auth_complete(const struct auth *auth) {
    return auth->complete;
}

const char *auth_mechanism(const struct auth *auth) {
    return auth->name == NULL ? "" : auth->name;
}

static int encode(const char *data, unsigned data_n, char *out, size_t size, size_t *n_out,
                  struct fault *why) {
    unsigned n = 0;

    if (sasl_encode64(data, data_n, out, (unsigned)size, &n) != SASL_OK)
        return fault_set(why, "login longer than a command line");
    *n_out = n;
    return 0;
}

int auth_start(struct auth *auth, char *out, size_t size, size_t *n_out, struct fault *why) {
    const char *data = NULL;
    unsigned data_n = 0;
    size_t head;
    int got;

    got = sasl_client_start(auth->conn, auth->mechanisms, NULL, &data, &data_n, &auth->name);
    if (got == SASL_NOMECH)
        return fault_set(why,
                         "libsasl2 has no plugin that main.cf's smtp_sasl_security_options allow "
                         "among %s: install libsasl2-modules or cyrus-sasl-plain",
                         auth->mechanisms);
    if (got != SASL_OK && got != SASL_CONTINUE)
        return fault_set(why,
                         "libsasl2 cannot begin a login with %s: %s (a plugin that reads a file "
                         "must be able to as the user relaywatch-probe)",
                         auth->name == NULL ? auth->mechanisms : auth->name,
                         sasl_errstring(got, NULL, NULL));
    auth->complete = got == SASL_OK;
    text_format(out, size, data == NULL ? "AUTH %s" : "AUTH %s ", auth->name);
    head = strlen(out);
    *n_out = head;
    if (data == NULL)
        return 0;
    if (encode(data, data_n, out + head, size - head, n_out, why) == -1)
        return -1;
    *n_out += head;
    return 0;
}

int auth_step(struct auth *auth, const char *challenge, char *out, size_t size, size_t *n_out,
              struct fault *why) {
    char raw[CHALLENGE_MAX];
    const char *data = NULL;
    unsigned raw_n = 0, data_n = 0;
    int got;

    if (sasl_decode64(challenge, (unsigned)strlen(challenge), raw, sizeof raw, &raw_n) != SASL_OK)
        return fault_set(why, "a challenge that is not base64, or longer than 1024 bytes");
    got = sasl_client_step(auth->conn, raw, raw_n, NULL, &data, &data_n);
    if (got != SASL_OK && got != SASL_CONTINUE)
        return fault_set(why, "a challenge that does not belong to the mechanism");
    auth->complete = got == SASL_OK;
    return encode(data == NULL ? "" : data, data_n, out, size, n_out, why);
}
