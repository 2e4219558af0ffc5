/* The page at /: HTML made here whole, so that it works without JavaScript; page.js keeps it live.
 * All text that comes from outside goes through html_text. Parts: page.c has the frame and what is
 * now, pagepast.c the charts, pagecards.c the cards, pagefleet.c the other hosts. */
#ifndef DAEMON_PAGE_H
#define DAEMON_PAGE_H

#include "view.h"

/* The page, to be freed with free(). `charts` false: without its part on the past, which changes
 * once a minute only. */
char *page_print(const struct view *view, bool charts);

/* The page at /fleet: all hosts. To be freed with free(). */
char *page_print_fleet(const struct view *view);

/* The texts of page.css and page.js, built in. Static. */
const char *page_style(void);
const char *page_script(void);

#endif
