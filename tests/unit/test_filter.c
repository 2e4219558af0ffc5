/* filter.h, as far as it needs no MTA: which sockets it takes. */
#include <criterion/criterion.h>

#include "filter.h"
#include "text.h"

Test(filter, check_socket) {
    static const struct {
        const char *name;
        const char *socket;
        int want;
    } rows[] = {
        {"unix", "unix:/var/spool/postfix/relaywatch/milter.sock", 0},
        {"local", "local:/run/milter.sock", 0},
        {"inet", "inet:8891@127.0.0.1", 0},
        {"inet6", "inet6:8891@::1", 0},
        {"empty", "", -1},
        {"no scheme", "/run/milter.sock", -1},
        {"relative path", "unix:relaywatch/milter.sock", -1},
        {"no path", "unix:", -1},
        {"as Postfix writes it", "inet:127.0.0.1:8891", -1},
        {"no host: would listen on all addresses", "inet:8891", -1},
        {"no host after the sign", "inet:8891@", -1},
        {"no port", "inet:@127.0.0.1", -1},
        {"port 0", "inet:0@127.0.0.1", -1},
        {"port too large", "inet:65536@127.0.0.1", -1},
        {"port by name", "inet:smtp@127.0.0.1", -1},
        {"longer than sun_path",
         "unix:/12345678901234567890123456789012345678901234567890"
         "123456789012345678901234567890123456789012345678901234567890",
         -1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why = {""};

        cr_expect_eq(filter_check_socket(rows[i].socket, &why), rows[i].want, "%s", rows[i].name);
        cr_expect_eq(why.text[0] == '\0', rows[i].want == 0, "%s: reason", rows[i].name);
    }
}
