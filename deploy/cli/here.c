/* See here.h. */
#include "here.h"

#include <string.h>

void here_find(struct here *out, const struct conf *conf, const char *conf_path,
               const struct logsources *logs) {
    struct fault why;

    if (facts_read(conf->postfix_config_dir, &out->facts, &why) == -1)
        memset(&out->facts, 0, sizeof out->facts);
    out->place = (struct fixtext_place){.relay_host = out->facts.host,
                                        .relay_port = out->facts.port,
                                        .implicit_tls = out->facts.implicit_tls,
                                        .postfix_config_dir = conf->postfix_config_dir,
                                        .sasl_passwd = conf->sasl_passwd,
                                        .mail_log = logsources_first(logs),
                                        .conf_path = conf_path,
                                        .receivers_file = conf->receivers_file};
}
