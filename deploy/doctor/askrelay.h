/* The doctor's questions about the relay: its name, its ports, its TLS, the login. Each takes a
 * struct question and runs in a process of its own (jobs.h), without privileges where strangers
 * answer. Block. */
#ifndef DOCTOR_ASKRELAY_H
#define DOCTOR_ASKRELAY_H

/* The name, then all four ways (587, 465; IPv4, IPv6) at the same time. */
void askrelay_ways(const void *question);
/* TLS and login by relaywatch-probe. */
void askrelay_login(const void *question);
/* Our own name for HELO. */
void askrelay_helo(const void *question);

#endif
