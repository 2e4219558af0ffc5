/* Tests of probe/authreply.h. */
#include "authreply.h"

#include <criterion/criterion.h>

Test(authreply, each_code_has_its_own_verdict) {
    static const struct {
        unsigned code;
        const char *text;
        enum probe_result want;
    } rows[] = {
        {235, "2.7.0 Accepted", PROBE_OK},
        {250, "2.0.0 OK", PROBE_PROTOCOL},
        {354, "go ahead", PROBE_PROTOCOL},
        /* Not now. */
        {421, "4.7.0 Try again later, closing connection.", PROBE_TEMPORARY},
        {451, "4.3.0 Mail server temporarily rejected", PROBE_TEMPORARY},
        {454, "4.7.0 Temporary authentication failure", PROBE_TEMPORARY},
        {454, "4.7.0 Cannot authenticate due to temporary system problem. Try again later.",
         PROBE_TEMPORARY},
        {454, "4.7.0 Too many login attempts, please try again later.", PROBE_TEMPORARY},
        /* Not this way of logging in. */
        {432, "4.7.12 A password transition is needed", PROBE_NO_MECHANISM},
        {500, "5.5.1 Unrecognized command.", PROBE_NO_MECHANISM},
        {500, "", PROBE_NO_MECHANISM},
        {502, "5.5.1 Error: command not implemented", PROBE_NO_MECHANISM},
        {504, "5.5.4 Unrecognized authentication type", PROBE_NO_MECHANISM},
        {504, "5.7.4 Unrecognized Authentication Type", PROBE_NO_MECHANISM},
        {534, "5.7.9 Authentication mechanism is too weak", PROBE_NO_MECHANISM},
        /* Not over this channel. */
        {523, "5.7.10 Encryption Needed", PROBE_TLS},
        {524, "5.7.11 Encryption required", PROBE_TLS},
        {530, "5.7.0 Must issue a STARTTLS command first.", PROBE_TLS},
        {538, "5.7.11 Encryption required for requested authentication mechanism", PROBE_TLS},
        /* No answer to a login. */
        {501, "5.5.2 Cannot Decode response", PROBE_PROTOCOL},
        {503, "5.5.1 EHLO/HELO first.", PROBE_PROTOCOL},
        {503, "5.7.0 No identity changes permitted.", PROBE_PROTOCOL},
        {530, "5.5.1 Authentication Required.", PROBE_PROTOCOL},
        /* Not this login. */
        {500, "5.5.6 Authentication Exchange line is too long", PROBE_REFUSED},
        {525, "5.7.13 User account disabled", PROBE_REFUSED},
        {534, "5.7.9 Application-specific password required.", PROBE_REFUSED},
        {534, "5.7.14 <https://accounts.google.com/signin> Please log in via your web browser",
         PROBE_REFUSED},
        {534, "", PROBE_REFUSED},
        {535, "5.7.8 Username and Password not accepted.", PROBE_REFUSED},
        {535, "5.7.3 Authentication unsuccessful", PROBE_REFUSED},
        {535, "Authentication mechanism unavailable", PROBE_REFUSED},
        {550, "5.7.0 Mail Sending denied.", PROBE_REFUSED},
        {554, "5.7.1 Access denied", PROBE_REFUSED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(authreply_result(rows[i].code, rows[i].text), rows[i].want, "%u %s",
                     rows[i].code, rows[i].text);
}
