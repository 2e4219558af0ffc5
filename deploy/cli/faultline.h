/* Who must act and whose fault it is, of an alert or an incident, as one line for people. Pure. */
#ifndef CLI_FAULTLINE_H
#define CLI_FAULTLINE_H

#include <stddef.h>

struct json_t;

/* "operator of this host; fault: ours, at smtp.example.com". */
void faultline_text(const struct json_t *alert, char *out, size_t size);

/* One line of the status document's `relayhosts`: "smtp.example.com delivers; 1200 sent; failed: 3
 * ours, 14 recipient". */
void faultline_relayhost(const struct json_t *relayhost, char *out, size_t size);

#endif
