/* See sendername.h. */
#include "sendername.h"

void sendername_take(char out[SENDERNAME_SIZE], struct span sender) {
    if (sender.n >= 2 && sender.p[0] == '<' && sender.p[sender.n - 1] == '>')
        sender = (struct span){sender.p + 1, sender.n - 2};
    text_copy_printable(out, SENDERNAME_SIZE, sender);
    for (char *p = out; *p != '\0'; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
}
