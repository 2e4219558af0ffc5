#include <criterion/criterion.h>

#include "listening.h"

static const char tcp[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
                          "retrnsmt   uid  timeout inode\n"
                          "   0: 0100007F:0019 00000000:0000 0A 00000000:00000000 00:00000000 "
                          "00000000     0        0 111 1 0 100 0 0 10 0\n"
                          "   1: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 "
                          "00000000     0        0 222 1 0 100 0 0 10 0\n"
                          "   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 "
                          "00000000     0        0 333 1 0 100 0 0 10 0\n"
                          "   3: 0100007F:0019 0200007F:C350 01 00000000:00000000 00:00000000 "
                          "00000000     0        0 444 1 0 100 0 0 10 0\n";
static const char tcp6[] =
    "  sl  local_address                         remote_address                        st ...\n"
    "   0: 00000000000000000000000000000000:0019 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 555 1 0\n"
    "   1: 00000000000000000000000001000000:0019 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 666 1 0\n"
    "   2: 0000000000000000FFFF00000100007F:0019 00000000000000000000000000000000:0000 0A "
    "00000000:00000000 00:00000000 00000000     0        0 777 1 0\n";

Test(listening, who_listens_on_a_port) {
    static const struct {
        const char *address;
        bool loopback;
        uint64_t inode;
    } want[] = {{"127.0.0.1", true, 111},
                {"0.0.0.0", false, 222},
                {"::", false, 555},
                {"::1", true, 666},
                {"::ffff:127.0.0.1", true, 777}};
    struct listening got = {.count = 0};

    listening_parse(tcp, 25, &got);
    listening_parse(tcp6, 25, &got);
    cr_assert_eq(got.count, 5);
    for (size_t i = 0; i < 5; i++) {
        cr_expect_str_eq(got.item[i].address, want[i].address);
        cr_expect_eq(got.item[i].loopback, want[i].loopback, "%s", want[i].address);
        cr_expect_eq(got.item[i].inode, want[i].inode);
    }
}

Test(listening, other_ports_and_damaged_lines) {
    static const char *const rows[] = {"",
                                       "\n\n",
                                       "0: 0100007F:0019",
                                       "0: 0100007F 0 0A 0 0 0 0 0 5",
                                       "0: 0100007:0019 0 0A 0 0 0 0 0 5",
                                       "0: 0100007G:0019 0 0A 0 0 0 0 0 5",
                                       "0: 0100007F:0019 0 0A 0 0 0 0 0 x"};
    struct listening got = {.count = 0};

    listening_parse(tcp, 26, &got);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        listening_parse(rows[i], 25, &got);
    cr_expect_eq(got.count, 0);
}
