/* The checks of `relaywatch doctor`: a table, one row a check, each a pure judgement of what was
 * seen (condition.h). An id is public: scripts name it. */
#ifndef DOCTOR_CHECKS_H
#define DOCTOR_CHECKS_H

#include <stddef.h>

#include "attr.h"
#include "condition.h"

enum result { RESULT_OK, RESULT_NONE, RESULT_UNKNOWN, RESULT_WARNING, RESULT_CRITICAL };

/* What --fix may do by itself. */
enum mend { MEND_NOTHING, MEND_MODE, MEND_INDEX, MEND_INDEX_MODE, MEND_START };

struct finding {
    enum result result;
    enum mend mend;
    char found[240];
    char fix[300]; /* a command; "": nothing to do */
};

struct check {
    const char *id;
    const char *title;
    const char *why; /* it matters */
    void (*judge)(const struct condition *seen, struct finding *out);
};

/* Fills the rows of the folder's files, in the order in which they are shown. */
size_t checks_count(void);
const struct check *checks_at(size_t i);
const struct check *checks_find(const char *id); /* NULL: none */

/* Is it in a list of ids with commas between? NULL: all are. */
bool checks_wanted(const char *only, const char *id);

const char *checks_word(enum result result);

/* Shared by the files with judgements. */
void finding_say(struct finding *out, enum result result, const char *fmt, ...) PRINTF_LIKE(3, 4);
void finding_fix(struct finding *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A parameter's value; "" when it is not set. */
const char *condition_parameter(const struct condition *seen, const char *name, char *out,
                                size_t size);

/* The path in our entry of smtpd_milters, as it stands there; "": none. */
void checks_milter_path(const struct condition *seen, char *out, size_t size);

/* Is an address, IPv4 or IPv6, in a list such as mynetworks? */
bool checks_in_networks(const char *list, const char *address);

extern const struct check login_checks[], config_checks[], host_checks[];
extern const size_t login_check_count, config_check_count, host_check_count;

#endif
