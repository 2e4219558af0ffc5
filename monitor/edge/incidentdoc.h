/* An incident as JSON. Builds only; nothing blocks. */
#ifndef EDGE_INCIDENTDOC_H
#define EDGE_INCIDENTDOC_H

#include "fixtext.h"
#include "incidents.h"

struct json_t;

/* {"number","id","diagnosis","severity","title","summary","since","ended","count","sent","deferred","bounced","expired","waiting_most"};
 * whole, for the host that is described there, or NULL: and
 * "impact","who","why","evidence","silenced","changes":[{"at","text"}],"fix". Times in
 * seconds since 1970, `ended` null while it goes on; sent and the like are recipients during it.
 * Belongs to the caller. */
struct json_t *incidentdoc_make(const struct incident *incident, const struct fixtext_place *whole);

#endif
