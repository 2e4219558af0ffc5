/* `relaywatch logs --explain`: what relaywatch understands of a line, as JSON. */
#ifndef CLI_LOGS_EXPLAIN_H
#define CLI_LOGS_EXPLAIN_H

#include "mailev.h"

struct json_t;

/* One object for each line on stdout. `name`: a file, "-", or a journal as in mail_log; NULL: all
 * that the configuration names. The exit status. */
int logs_explain(const char *name, const char *conf_path);

/* A line that was parsed and diagnosed. */
struct json_t *logs_explain_json(const struct mailev *ev);
void logs_explain_print(const struct mailev *ev);

#endif
