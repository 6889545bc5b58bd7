/* SPDX-License-Identifier: GPL-2.0-only */
/* The stages of a run and what they hand on to each other. */
#ifndef STAGES_H
#define STAGES_H

#include "attach/hook.h"
#include "attach/query.h"
#include "attach/program_info.h"
#include "attach/slots.h"
#include "capture/capture.h"
#include "loader/options.h"
#include "loader/program.h"
#include "loader/watch.h"

/* From so many interfaces on, one line tells of them all. */
#define MANY_INTERFACES 17

struct run {
	const struct program *program;
	struct options options;
	struct interfaces all;
	struct interfaces chosen;
	struct query present; /* on the chosen, before us */
	struct image image;
	struct program_info info;
	struct attachment *attachments; /* one for each of the chosen */
	struct slots slots;
	struct netlink links; /* changes of interfaces */
	struct watch watch;
	struct capture capture;
	int program_fd; /* the image's */
	int signal_fd;
	bool done; /* attached, and it went on from there */
};

/* Finds the interfaces, what is on them, and a hook for each. An exit code. */
int stage_find(struct run *run);

/* Opens the capture's file, and catches signals. An exit code. */
int stage_prepare(struct run *run);

/* Opens, configures and loads the image; attaches nothing. An exit code. */
int stage_load(struct run *run);

/* The descriptor of one of the image's maps. */
int stage_map(const struct run *run, const char *name);

/* Attaches to all of the chosen interfaces, or to none. An exit code. */
int stage_attach(struct run *run);

/* Begins to write the capture, or detaches. An exit code. */
int stage_capture(struct run *run);

/*
 * Shows counters until it is over, then detaches and shows the last ones. An exit
 * code.
 */
int stage_foreground(struct run *run);

/* Detaches from all, whatever happens on the way; the first error counts. */
int stage_detach(struct run *run);

#endif
