/* The doctor's questions to this host: the doors through which strangers would come, Postfix's way
 * to the milter, this host's own name, the way of a line into the log. Each takes a struct question
 * and runs in a process of its own (jobs.h). Block. */
#ifndef DOCTOR_ASKHOST_H
#define DOCTOR_ASKHOST_H

/* As a stranger would, from an address of ours: up to RCPT, never DATA. */
void askhost_door4(const void *question);
void askhost_door6(const void *question);
/* As smtpd would: its user, its folder, its chroot. */
void askhost_milter(const void *question);
/* As libsasl2 does in smtp(8), in its chroot. */
void askhost_own_name(const void *question);
/* Has postlog(1) write a line, and looks whether it comes to where relaywatchd reads. */
void askhost_log(const void *question);

#endif
