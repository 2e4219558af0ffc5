#include <criterion/criterion.h>
#include <string.h>

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

/* Byte by byte, as it is written down: hexadecimal of 6 to 30, without vowels of 10 to 30, or with
 * a digit of 6 to 30. */
static size_t id_length(struct span s) {
    size_t n = 0, hex = 0, vowels = 0, digits = 0;

    for (; n < s.n && n <= 30; n++) {
        unsigned char c = (unsigned char)s.p[n];
        unsigned char lower = c | 0x20;

        if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'z'))
            break;
        digits += c >= '0' && c <= '9';
        hex += (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
        vowels += lower == 'a' || lower == 'e' || lower == 'i' || lower == 'o' || lower == 'u';
    }
    if (n + 1 >= s.n || s.p[n] != ':' || s.p[n + 1] != ' ')
        return 0;
    if (n == 7 && memcmp(s.p, "NOQUEUE", 7) == 0)
        return n;
    return (n >= 6 && (hex == n || digits > 0)) || (n >= 10 && vowels == 0) ? n : 0;
}

/* Each byte at each place of words of each length, with much or nothing behind them. */
Test(logfield, queue_id_by_blocks) {
    static const char *const fills[] = {"0", "F", "z", "a", "BCDF0a"};
    static const char *const ends[] = {
        ": ", ": removed and more words", ":", ":x234567890123456", " : 1234567890123456", ""};
    char text[80];

    for (size_t length = 1; length < 34; length++) {
        for (size_t v = 0; v < 5 * 6 * 256; v++) {
            const char *fill = fills[v % 5];
            size_t at = (v * 7 + v / 256) % length;
            struct span s = {text, 0}, id;

            for (size_t i = 0; i < length; i++)
                text[i] = fill[i % strlen(fill)];
            text[at] = v % 3 == 0 ? text[at] : (char)(v / 30);
            text_copy(text + length, sizeof text - length, ends[v / 5 % 6]);
            s.n = length + strlen(ends[v / 5 % 6]);
            id = logfield_queue_id(s);
            cr_assert_eq(id.n, id_length(s), "%zu: %.*s", id.n, (int)s.n, text);
            cr_assert(id.n == 0 || id.p == text);
        }
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
