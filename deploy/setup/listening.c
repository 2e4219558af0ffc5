/* See listening.h. A line: "  0: 0100007F:0019 00000000:0000 0A ... UID TIMEOUT INODE ...", where
 * an address is words of 32 bits in the byte order of the machine. */
#include "listening.h"

#include <arpa/inet.h>
#include <string.h>

#include "text.h"

enum { STATE_FIELD = 3, INODE_FIELD = 9, LISTEN = 0x0A };

static bool hex(struct span s, uint32_t *out) {
    uint32_t value = 0;

    if (s.n == 0 || s.n > 8)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        static const char digits[] = "0123456789ABCDEF";
        const char *digit = memchr(digits, s.p[i], 16);

        if (digit == NULL)
            return false;
        value = value << 4 | (uint32_t)(digit - digits);
    }
    *out = value;
    return true;
}

/* The fields of a line, parted by blanks. Returns how many. */
static size_t split(struct span line, struct span *field, size_t most) {
    size_t n = 0;

    for (size_t at = 0; at < line.n && n < most;) {
        size_t start;

        while (at < line.n && line.p[at] == ' ')
            at++;
        start = at;
        while (at < line.n && line.p[at] != ' ')
            at++;
        if (at > start)
            field[n++] = (struct span){line.p + start, at - start};
    }
    return n;
}

static bool is_loopback(const unsigned char *raw, size_t size) {
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char one[16] = {[15] = 1};

    if (size == 4)
        return raw[0] == 127;
    return memcmp(raw, one, 16) == 0 || (memcmp(raw, mapped, 12) == 0 && raw[12] == 127);
}

static void take_line(struct span line, uint32_t port, struct listening *out) {
    struct span field[INODE_FIELD + 1], address, number;
    unsigned char raw[16];
    const char *colon;
    uint32_t value;
    uint64_t inode;

    if (out->count == LISTENING_MOST || split(line, field, INODE_FIELD + 1) <= INODE_FIELD ||
        !hex(field[STATE_FIELD], &value) || value != LISTEN)
        return;
    colon = memchr(field[1].p, ':', field[1].n);
    if (colon == NULL)
        return;
    address = (struct span){field[1].p, (size_t)(colon - field[1].p)};
    number = (struct span){colon + 1, field[1].n - address.n - 1};
    if ((address.n != 8 && address.n != 32) || !hex(number, &value) || value != port ||
        !text_u64(field[INODE_FIELD], 0, UINT64_MAX, &inode))
        return;
    for (size_t i = 0; i < address.n / 8; i++) {
        if (!hex((struct span){address.p + i * 8, 8}, &value))
            return;
        memcpy(raw + i * 4, &value, 4);
    }
    inet_ntop(address.n == 8 ? AF_INET : AF_INET6, raw, out->item[out->count].address,
              sizeof out->item[0].address);
    out->item[out->count].loopback = is_loopback(raw, address.n / 2);
    out->item[out->count++].inode = inode;
}

void listening_parse(const char *text, uint32_t port, struct listening *out) {
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        take_line((struct span){text, n}, port, out);
        text += n + (text[n] == '\n');
    }
}
