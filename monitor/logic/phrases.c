/* See phrases.h. A trie of all phrases, then breadth first: each missing way out of a state is that
 * of the longest shorter ending that is in the trie too. */
#include "phrases.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "xmem.h"

static unsigned char fold(unsigned char c) {
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

static bool is_blank(unsigned char c) {
    return c <= ' ' || c == '?' || c == 0x7f;
}

/* The symbol of a character of a phrase, where marks are what they stand for. */
static uint8_t symbol_in_phrase(const struct phrases *p, char c) {
    static const char marks[] = {
        [PHRASE_CODE] = '^', [PHRASE_ENHANCED] = '~', [PHRASE_TEXT] = '|', [PHRASE_END] = '$'};

    for (uint8_t m = PHRASE_CODE; m <= PHRASE_END; m++) {
        if (marks[m] == c)
            return m;
    }
    return p->symbol[(unsigned char)c];
}

static void assign_symbols(struct phrases *p, const char *const *list, unsigned count) {
    unsigned used = PHRASE_FIRST_FREE;

    for (unsigned c = 0; c < 256; c++)
        p->symbol[c] = is_blank((unsigned char)c) ? PHRASE_BLANK : PHRASE_OTHER;
    for (unsigned i = 0; i < count; i++) {
        for (const char *s = list[i]; *s != '\0'; s++) {
            unsigned char c = fold((unsigned char)*s);

            if (symbol_in_phrase(p, *s) == PHRASE_OTHER)
                p->symbol[c] = (uint8_t)used++;
        }
    }
    assert(used <= PHRASES_SYMBOLS);
    for (unsigned c = 'A'; c <= 'Z'; c++)
        p->symbol[c] = p->symbol[fold((unsigned char)c)];
}

/* Adds the phrases to the trie, whose first state is 0. Returns the number of states. */
static unsigned plant(struct phrases *p, const char *const *list, unsigned count) {
    unsigned states = 1;

    for (unsigned i = 0; i < count; i++) {
        unsigned at = 0;

        for (const char *s = list[i]; *s != '\0'; s++) {
            uint16_t *way = &p->next[at * PHRASES_SYMBOLS + symbol_in_phrase(p, *s)];

            if (*way == 0)
                *way = (uint16_t)states++;
            at = *way;
        }
        assert(at != 0 && p->ends[at] == PHRASES_NONE);
        p->ends[at] = (uint16_t)i;
    }
    return states;
}

/* Completes the ways out of each state. `fallback[state]`: the longest proper ending of what leads
 * to the state that is itself a state. */
static void complete(struct phrases *p, unsigned states) {
    uint16_t *fallback = xcalloc(states, sizeof *fallback);
    uint16_t *queue = xcalloc(states, sizeof *queue);
    unsigned head = 0, tail = 1; /* queue[0] is state 0 */

    while (head < tail) {
        unsigned at = queue[head++];
        unsigned back = fallback[at];

        if (at != 0 && p->ends[at] != PHRASES_NONE)
            p->shorter[p->ends[at]] = p->ends[back];
        else if (at != 0)
            p->ends[at] = p->ends[back];
        for (unsigned symbol = 0; symbol < PHRASES_SYMBOLS; symbol++) {
            uint16_t *way = &p->next[at * PHRASES_SYMBOLS + symbol];
            uint16_t other = at == 0 ? 0 : p->next[back * PHRASES_SYMBOLS + symbol];

            if (*way == 0) {
                *way = other;
            } else {
                fallback[*way] = other;
                queue[tail++] = *way;
            }
        }
    }
    free(queue);
    free(fallback);
}

struct phrases *phrases_new(const char *const *list, unsigned count) {
    struct phrases *p = xcalloc(1, sizeof *p);
    size_t most = 1;
    unsigned states;

    for (unsigned i = 0; i < count; i++)
        most += strlen(list[i]);
    assert(count < PHRASES_NONE && most <= UINT16_MAX);
    assign_symbols(p, list, count);
    p->next = xcalloc(most * PHRASES_SYMBOLS, sizeof *p->next);
    p->ends = xcalloc(most, sizeof *p->ends);
    p->shorter = xcalloc(count + 1, sizeof *p->shorter);
    memset(p->ends, 0xff, most * sizeof *p->ends);
    memset(p->shorter, 0xff, (count + 1) * sizeof *p->shorter);
    states = plant(p, list, count);
    p->next = xrealloc(p->next, states * PHRASES_SYMBOLS * sizeof *p->next);
    complete(p, states);
    return p;
}

void phrases_free(struct phrases **phrases) {
    struct phrases *p = *phrases;

    if (p == NULL)
        return;
    free(p->next);
    free(p->ends);
    free(p->shorter);
    free(p);
    *phrases = NULL;
}
