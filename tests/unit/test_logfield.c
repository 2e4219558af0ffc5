#include <criterion/criterion.h>

#include "logfield.h"

Test(logfield, queue_id) {
    static const struct {
        const char *in, *want, *rest;
    } rows[] = {
        {"A92B612A094: removed", "A92B612A094", "removed"},
        {"36F1612: x", "36F1612", "x"},
        {"4C4FL74S9BzX1WQ: x", "4C4FL74S9BzX1WQ", "x"},
        {"NOQUEUE: reject", "NOQUEUE", "reject"},
        {"Deleted: 1 message", "", "Deleted: 1 message"},
        {"statistics: x", "", "statistics: x"},
        {"ABCD: x", "", "ABCD: x"},
        {"A92B612A094:x", "", "A92B612A094:x"},
        {"A92B612A094", "", "A92B612A094"},
        {"A92B612A094:", "", "A92B612A094:"},
        {"", "", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct span s = span_of(rows[i].in);
        struct span id = logfield_queue_id(s);

        cr_expect(span_equal(id, span_of(rows[i].want)), "%s", rows[i].in);
        cr_expect(span_is(logfield_behind_id(s, id), rows[i].rest), "%s: rest", rows[i].in);
    }
}

Test(logfield, peer) {
    static const struct {
        const char *in, *name, *ip;
        unsigned port;
        size_t length;
    } rows[] = {
        {"h.example[192.0.2.1]:587: x", "h.example", "192.0.2.1", 587, 24},
        {"h.example[2001:db8::1]", "h.example", "2001:db8::1", 0, 22},
        {"[192.0.2.1]:4711", "", "192.0.2.1", 4711, 16},
        {"h[private/x]", "h", "", 0, 12},
        {"h[192.0.2.1]:PORT", "h", "192.0.2.1", 0, 12},
        {"h[192.0.2.1]:65536", "h", "192.0.2.1", 0, 12},
        {"h[192.0.2.1", "", "", 0, 0},
        {"a b[192.0.2.1]", "", "", 0, 0},
        {"none", "", "", 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct logfield_peer peer = logfield_peer(span_of(rows[i].in));

        cr_expect(span_equal(peer.name, span_of(rows[i].name)), "%s: name", rows[i].in);
        cr_expect(span_equal(peer.ip, span_of(rows[i].ip)), "%s: ip", rows[i].in);
        cr_expect_eq(peer.port, rows[i].port, "%s: port %u", rows[i].in, peer.port);
        cr_expect_eq(peer.length, rows[i].length, "%s: length %zu", rows[i].in, peer.length);
    }
}
