/* The page at /: HTML made here whole, so that it works without JavaScript; page.js only replaces
 * its main part every two seconds. All text that comes from outside is escaped. */
#ifndef DAEMON_PAGE_H
#define DAEMON_PAGE_H

#include "view.h"

/* The page, to be freed with free(). */
char *page_print(const struct view *view);

/* The texts of page.css and page.js, built in. Static. */
const char *page_style(void);
const char *page_script(void);

#endif
