/* Which of several hundred phrases stand in a text: an automaton after Aho and Corasick ("Efficient
 * string matching", CACM 18(6), 1975), so that a text is read once whatever their number. ASCII
 * letters compare without case; all blanks and control characters, and '?' (which Postfix logs for
 * a line break), are one and the same blank. Built once, then immutable; stepping through it
 * neither allocates nor blocks. */
#ifndef LOGIC_PHRASES_H
#define LOGIC_PHRASES_H

#include <stdint.h>

#include "text.h"

/* Marks that the reader of a text feeds at certain places, written as one character in a phrase. No
 * byte of a text can pass for one. */
enum phrase_mark {
    PHRASE_OTHER,      /* a character that no phrase has: not a mark */
    PHRASE_CODE,       /* '^' */
    PHRASE_ENHANCED,   /* '~' */
    PHRASE_TEXT,       /* '|' */
    PHRASE_END,        /* '$' */
    PHRASE_BLANK,      /* ' ' */
    PHRASE_FIRST_FREE, /* from here on the characters that phrases have */
};

enum { PHRASES_NONE = UINT16_MAX, PHRASES_SYMBOLS = 64 };

struct phrases {
    uint8_t symbol[256]; /* of a byte of the text */
    uint16_t *next;      /* [state * PHRASES_SYMBOLS + symbol] */
    uint16_t *ends;      /* [state]: the longest phrase that ends here, or PHRASES_NONE */
    uint16_t *shorter;   /* [phrase]: the next shorter one that ends at the same place */
};

/* The automaton for list[0..count-1], which must differ from each other, not be empty,
 * and have no more different characters than PHRASES_SYMBOLS leaves room for (asserted). */
struct phrases *phrases_new(const char *const *list, unsigned count);
void phrases_free(struct phrases **phrases);

/* From `state` (0 at first) over one symbol. */
static inline uint16_t phrases_step(const struct phrases *p, uint16_t state, unsigned symbol) {
    return p->next[state * PHRASES_SYMBOLS + symbol];
}

#endif
