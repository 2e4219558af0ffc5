/* Memory that is there or the process ends (EX_OSERR): our programs have no useful life without it,
 * and a supervisor starts them again. Secrets: wipe() before free, never realloc. */
#ifndef BASE_XMEM_H
#define BASE_XMEM_H

#include <stddef.h>

void *xcalloc(size_t count, size_t size);
void *xrealloc(void *old, size_t size);
char *xstrdup(const char *text);

/* Large blocks go back to the system when they are freed: for a process that lives long and needs
 * some now and then. Without it, glibc keeps them once the first was freed. */
void xmem_give_back(void);

/* Overwrites with zeros in a way that no compiler removes. */
void wipe(void *memory, size_t size);

/* No core file and no ptrace by others of the same user: for a process that holds a secret. */
void xmem_forbid_dump(void);

#endif
