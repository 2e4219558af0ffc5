/* The sample configuration files, for a machine that has none: config/ made into constant text by
 * embed.cmake. */
#ifndef SETUP_SAMPLE_H
#define SETUP_SAMPLE_H

const char *sample_conf(void);
const char *sample_receivers(void);

#endif
