/* A message for an incoming webhook of Slack, or of what takes the same (Mattermost, Rocket.Chat,
 * Discord's /slack): text and one attachment. Pure, but for memory. */
#ifndef NOTIFY_SLACK_H
#define NOTIFY_SLACK_H

#include "outbox.h"

/* What a log has in it can neither call people (<!channel>), nor be a link, nor end a block of
 * code. free() it. */
char *slack_message(const struct incident *incident, const struct notice *notice);

/* & < > as Slack wants them escaped, control characters but line feeds as '?'. What does not fit is
 * left out whole. */
void slack_escape(char *out, size_t size, const char *text);

#endif
