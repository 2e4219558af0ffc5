#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tagrecord.h"

/* base64 of so many bytes */
static const char *key_of(size_t bytes) {
    static char out[2000];
    size_t n = (bytes + 2) / 3 * 4;

    memset(out, 'A', n);
    for (size_t i = 0; i < (3 - bytes % 3) % 3; i++)
        out[n - 1 - i] = '=';
    out[n] = '\0';
    return out;
}

static enum tag_verdict dkim(const char *format, size_t bytes, const char *want) {
    struct tag_result r;
    char record[2200];

    snprintf(record, sizeof record, "%s%s", format, bytes > 0 ? key_of(bytes) : "");
    tagrecord_dkim(record, &r);
    cr_expect_not_null(strstr(r.what, want), "%s: %s", record, r.what);
    return r.verdict;
}

Test(tagrecord, tags) {
    char out[20];

    cr_expect(tagrecord_get("v=DKIM1; k = rsa ;p=AB CD", "k", out, sizeof out));
    cr_expect_str_eq(out, "rsa");
    cr_expect(tagrecord_get("v=DKIM1; k = rsa ;p=AB CD", "p", out, sizeof out));
    cr_expect_str_eq(out, "AB CD");
    cr_expect_not(tagrecord_get("v=DKIM1; k=rsa", "p", out, sizeof out));
    cr_expect_not(tagrecord_get("sp=reject", "p", out, sizeof out), "sp is not p");
    cr_expect_not(tagrecord_get("p=123456789012345678901", "p", out, sizeof out), "too long");
    cr_expect_not(tagrecord_get("", "p", out, sizeof out));
}

Test(tagrecord, dkim_keys) {
    cr_expect_eq(dkim("v=DKIM1; k=rsa; p=", 294, "2048"), TAG_GOOD);
    cr_expect_eq(dkim("p=", 294, "2048"), TAG_GOOD, "the version may be left out");
    cr_expect_eq(dkim("v=DKIM1; k=rsa; p=", 162, "1024"), TAG_WEAK);
    cr_expect_eq(dkim("v=DKIM1; k=rsa; p=", 94, "less than 1024"), TAG_WRONG);
    cr_expect_eq(dkim("v=DKIM1; t=y:s; p=", 294, "test mode"), TAG_WEAK);
    cr_expect_eq(dkim("v=DKIM1; k=ed25519; p=", 32, "ed25519"), TAG_GOOD);
    cr_expect_eq(dkim("v=DKIM1; k=ed25519; p=", 294, "32 bytes"), TAG_WRONG);
    cr_expect_eq(dkim("v=DKIM1; k=rsa; p=", 0, "revoked"), TAG_WRONG);
    cr_expect_eq(dkim("v=DKIM1; k=rsa", 0, "no key"), TAG_WRONG);
    cr_expect_eq(dkim("v=DKIM2; p=", 294, "DKIM1"), TAG_WRONG);
    cr_expect_eq(dkim("v=DKIM1; k=dsa; p=", 294, "neither"), TAG_WRONG);
    cr_expect_eq(dkim("v=DKIM1; p=MIIB*", 294, "damaged"), TAG_WRONG);
    cr_expect_eq(dkim("v=DKIM1; p=AAAAA===", 0, "damaged"), TAG_WRONG);
    cr_expect_eq(dkim("v=DKIM1; p=x", 294, "damaged"), TAG_WRONG, "one letter too many");
}

Test(tagrecord, dmarc_policies) {
    static const struct {
        const char *record;
        enum tag_verdict want;
        const char *words;
    } rows[] = {
        {"v=DMARC1; p=reject; rua=mailto:a@x.example", TAG_GOOD, "refused"},
        {"v=DMARC1;p=quarantine", TAG_GOOD, "spam folder"},
        {"v=DMARC1; p=none; rua=mailto:a@x.example", TAG_WEAK, "only report"},
        {"v=DMARC1; p=none", TAG_WEAK, "nobody is told"},
        {"v=DMARC1; p=reject; pct=50", TAG_WEAK, "part"},
        {"v=DMARC1; p=reject; pct=x", TAG_WRONG, "pct"},
        {"v=DMARC1; p=discard", TAG_WRONG, "neither"},
        {"v=DMARC1; sp=none", TAG_WRONG, "no policy"},
        {"p=reject; v=DMARC1", TAG_WRONG, "begin"},
        {"v=DMARC2; p=reject", TAG_WRONG, "begin"},
        {"", TAG_WRONG, "begin"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tag_result r;

        tagrecord_dmarc(rows[i].record, &r);
        cr_expect_eq(r.verdict, rows[i].want, "%s", rows[i].record);
        cr_expect_not_null(strstr(r.what, rows[i].words), "%s: %s", rows[i].record, r.what);
    }
}
