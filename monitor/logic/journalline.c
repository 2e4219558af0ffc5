/* See journalline.h. */
#include "journalline.h"

#include <string.h>
#include <time.h>

#include "loghead.h"

enum { US_A_SECOND = 1000000 };

void journalline_begin(struct journalline *line) {
    line->host[0] = line->identifier[0] = line->syslog_pid[0] = line->pid[0] = '\0';
    line->is_mail = line->has_message = line->is_too_long = false;
    line->is_of_journald = true;
    line->message_size = 0;
}

/* One word of the head: nothing in it may look like the end of the word. */
static void take_word(char *out, size_t size, struct span value) {
    (void)text_copy_span(out, size, value);
    for (char *p = out; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            *p = '_';
    }
}

static void take_pid(char *out, size_t size, struct span value) {
    uint64_t number;

    if (text_u64(value, 1, UINT32_MAX, &number))
        (void)text_copy_span(out, size, value);
}

static void take_message(struct journalline *line, struct span value) {
    while (value.n > 0 && (value.p[value.n - 1] == '\n' || value.p[value.n - 1] == '\r'))
        value.n--;
    line->has_message = true;
    line->is_too_long = value.n > JOURNALLINE_MESSAGE;
    line->message_size = line->is_too_long ? 0 : value.n;
    memcpy(line->text + JOURNALLINE_HEAD, value.p, line->message_size);
}

static bool is_field(struct span field, const char *name, struct span *value_out) {
    size_t n = strlen(name);

    if (!span_starts(field, name))
        return false;
    *value_out = (struct span){field.p + n, field.n - n};
    return true;
}

void journalline_take(struct journalline *line, struct span field) {
    struct span value;

    if (is_field(field, "MESSAGE=", &value))
        take_message(line, value);
    else if (is_field(field, "SYSLOG_IDENTIFIER=", &value))
        take_word(line->identifier, sizeof line->identifier, value);
    else if (is_field(field, "SYSLOG_FACILITY=", &value))
        line->is_mail = span_is(value, "2");
    else if (is_field(field, "SYSLOG_PID=", &value))
        take_pid(line->syslog_pid, sizeof line->syslog_pid, value);
    else if (is_field(field, "_PID=", &value))
        take_pid(line->pid, sizeof line->pid, value);
    else if (is_field(field, "_HOSTNAME=", &value))
        take_word(line->host, sizeof line->host, value);
    else if (is_field(field, "_TRANSPORT=", &value))
        line->is_of_journald = span_is(value, "driver");
}

bool journalline_is_mail(const struct journalline *line) {
    return line->is_mail || loghead_is_postfix(span_of(line->identifier));
}

bool journalline_is_journald(const struct journalline *line) {
    return strcmp(line->identifier, "systemd-journald") == 0;
}

uint64_t journalline_suppressed(const struct journalline *line) {
    static const char before[] = "Suppressed ", after[] = " messages from ";
    struct span s = journalline_message(line);
    const char *end;
    uint64_t count;

    if (!line->is_of_journald || !journalline_is_journald(line) || !span_starts(s, before))
        return 0;
    s = (struct span){s.p + sizeof before - 1, s.n - (sizeof before - 1)};
    end = span_find(s, after);
    if (end == NULL || !text_u64((struct span){s.p, (size_t)(end - s.p)}, 1, UINT64_MAX, &count))
        return 0;
    s = (struct span){end, s.n - (size_t)(end - s.p)};
    return span_find(s, "postfix") != NULL ? count : 0;
}

struct span journalline_message(const struct journalline *line) {
    return (struct span){line->text + JOURNALLINE_HEAD, line->message_size};
}

static void set_stamp(struct journalline *line, int64_t second) {
    time_t t = (time_t)second;
    struct tm tm;

    if (second == line->second && line->stamp[0] != '\0')
        return;
    line->second = second;
    if (gmtime_r(&t, &tm) == NULL ||
        strftime(line->stamp, sizeof line->stamp, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        text_copy(line->stamp, sizeof line->stamp, "-");
}

struct span journalline_make(struct journalline *line, uint64_t realtime_us) {
    const char *pid = line->syslog_pid[0] != '\0' ? line->syslog_pid : line->pid;
    bool is_host = line->host[0] != '\0' && line->host[strlen(line->host) - 1] != ':';
    char head[JOURNALLINE_HEAD];
    size_t n;

    set_stamp(line, (int64_t)(realtime_us / US_A_SECOND));
    (void)text_format(head, sizeof head, "%s.%06uZ%s%s %s%s%s%s: ", line->stamp,
                      (unsigned)(realtime_us % US_A_SECOND), is_host ? " " : "",
                      is_host ? line->host : "",
                      line->identifier[0] != '\0' ? line->identifier : "-",
                      pid[0] != '\0' ? "[" : "", pid, pid[0] != '\0' ? "]" : "");
    n = strlen(head);
    memcpy(line->text + JOURNALLINE_HEAD - n, head, n);
    return (struct span){line->text + JOURNALLINE_HEAD - n, n + line->message_size};
}
