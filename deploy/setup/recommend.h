/* What relaywatch recommends for a main.cf that is there: what `relaywatch install` would set for
 * the same relay (settings.h), parameter by parameter, and why each of them matters. Pure. */
#ifndef SETUP_RECOMMEND_H
#define SETUP_RECOMMEND_H

#include <stdbool.h>
#include <stddef.h>

#include "facts.h"
#include "machine.h"

struct recommend_input {
    const struct machine *machine;
    const struct facts *facts; /* of the main.cf */
    const char *main_cf;
    const char *config_dir;
    const char *milter_socket; /* as relaywatch.conf has it */
    bool journal;              /* relaywatch follows the journal */
};

struct recommend; /* what main.cf should say */

/* NULL: there is no relayhost to recommend anything for. */
struct recommend *recommend_new(const struct recommend_input *in);
void recommend_free(struct recommend **r);

/* The parameters that make a relay, in the order in which they are read best. */
size_t recommend_count(void);
const char *recommend_name(size_t i);
const char *recommend_why(size_t i);

/* What it should be when `now`, the value in force, differs from it: NULL when it does not;
 * "" also when it should be taken out. Lives until the next call. `r` may be NULL. */
const char *recommend_value(struct recommend *r, size_t i, const char *now);

/* Lines for people about what cannot be told as a value. */
const char *recommend_notes(const struct recommend *r);

/* A value without the password that a table given inline may hold. */
void recommend_mask(char *value);

#endif
