/* Edits the text of sasl_passwd: one relay's login, all other lines as they are. Pure. The texts
 * hold secrets: the caller wipes and frees them. */
#ifndef SETUP_SASLTEXT_H
#define SETUP_SASLTEXT_H

/* The text with `host` as the key of user:secret. A line for host or for [host]:port, which smtp(8)
 * would look for too, is replaced. */
char *sasltext_set(const char *text, const char *host, const char *user, const char *secret);

/* The same with each password as ***, to be shown. */
char *sasltext_masked(const char *text);

#endif
