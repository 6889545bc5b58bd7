/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of stage. What returns an int here returns 0, or 2 and has said what failed. */
#ifndef STAGE_H
#define STAGE_H

/* Where things are in a lab. */
enum { OUT, CTR, HOST, PLACES };
extern const char *const stage_places[PLACES];

/* The path of a lab's network namespace; valid until the next call. */
const char *stage_namespace(const char *dir, const char *place);
int stage_enter(const char *path);

int stage_up(const char *dir, const char *owner);
int stage_serve(const char *dir, int web);
int stage_private(char **argv);

#endif
