/* Any bytes as a reply of the DNS: texts end, addresses are addresses. */
#include <arpa/inet.h>
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dnsquery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct dns_answer out;
    unsigned char raw[16];

    for (enum dns_type type = DNS_A; type <= DNS_MX; type++) {
        dnsquery_parse(data, size, type, &out);
        assert(out.count <= DNS_ITEMS);
        assert((out.outcome == DNS_FOUND) == (out.count > 0) || out.outcome == DNS_FAILED);
        for (size_t i = 0; i < out.count; i++) {
            assert(strnlen(out.item[i], DNS_ITEM) < DNS_ITEM);
            assert(type != DNS_A || inet_pton(AF_INET, out.item[i], raw) == 1);
            assert(type != DNS_AAAA || inet_pton(AF_INET6, out.item[i], raw) == 1);
        }
    }
    return 0;
}
