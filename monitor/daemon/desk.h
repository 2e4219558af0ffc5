/* Where `relaywatch alerts` asks: alerts and silences, incidents. On the loop; a packet in, a
 * packet out. Nothing of it can be reached by HTTP. */
#ifndef DAEMON_DESK_H
#define DAEMON_DESK_H

struct daemon;
struct desk;

/* NULL after a complaint in the log: then only the command is missing. */
struct desk *desk_new(struct daemon *d);
void desk_free(struct desk **desk);

#endif
