/* SPDX-License-Identifier: GPL-2.0-only */
/* A run: its stages, and the state that they share. */
#ifndef STAGES_H
#define STAGES_H

#include "attach/hook.h"
#include "attach/pins.h"
#include "attach/program_info.h"
#include "attach/query.h"
#include "attach/slots.h"
#include "capture/capture.h"
#include "lib/netlink.h"
#include "loader/options.h"
#include "loader/program.h"
#include "loader/table.h"

/* With this many interfaces, one line is for all of them. */
#define MANY_INTERFACES 17

/* The foreground. Times are those of CLOCK_MONOTONIC. */
struct watch {
	bool renumbered; /* what is in the map "slots" may be wrong now */
	bool deaf; /* messages about filters are not heard */
	bool newcomers; /* with --follow: there may be some */
	__u64 retry_ns; /* interfaces are not read before */
	bool full_told; /* that there is no room for all of them */
	bool unknown_told; /* that there are packets of an unknown interface */
	__u64 started_ns;
	__u64 deadline_ns; /* of --timeout, or UINT64_MAX */
	struct display display;
	struct drop_stats *last_matched; /* at the last line, by slot */
	struct reading total; /* the sum of the last lines */
	__u64 last_ns; /* when the last line was */
	bool mute; /* the reader has gone, or nothing can be written */
	enum end why; /* what ended it for those that are attached still */
	const char *reader; /* what the reader that has gone was reading */
};

struct run {
	const struct program *program;
	struct options options;
	struct interfaces all; /* as they were last seen */
	struct interfaces chosen; /* and those that came and were attached */
	bool every; /* --list, --detach: no interface was named, so all were chosen */
	struct pins lost; /* for these two */
	struct query present; /* on the chosen, before us */
	struct image image;
	struct image frags; /* see load_frags() */
	struct attachment *attachments; /* one for each of the chosen */
	size_t room; /* there is room for so many of them */
	struct slots slots;
	struct netlink links; /* hears of changes of interfaces; fd -1: not */
	struct watch watch;
	struct capture capture; /* perhaps not on */
	int counters_fd; /* the image's map "counters" */
	int signal_fd; /* of signals_catch(); -1: not yet */
	bool done; /* attached, and it went on from there */
};

/* What returns an int here returns an exit code, if nothing else is said. */

/*
 * Finds the requested pins that have no interface here. Names that only such pins have
 * are removed from the options.
 */
int lost_find(struct run *run);

/* For people: the name its interface had. */
const char *lost_name(const struct pin *pin);

/* Shows what is attached to the chosen, as a table or JSON lines. */
int command_list(struct run *run);

/*
 * Removes what this program attached to the chosen, at any hook and mode, and checks
 * that it is gone: pinned links, those of lost pins, too, and clsact filters that were
 * pinned or left behind.
 * What a running process holds, or what was not attached by these programs, is refused
 * without --force. Shows the last counters.
 */
int command_detach(struct run *run);

/* Adds the rules of --except session. */
int stage_spare(struct run *run);

/* May the chosen interfaces be attached to, and what is on them? */
int stage_find(struct run *run);

/* Makes the list of attachments, with a hook for each. */
int stage_choose(struct run *run);

/* Opens the capture's file, and catches signals. */
int stage_prepare(struct run *run);

/* Opens, configures and loads the image; attaches nothing. */
int stage_load(struct run *run);

/*
 * Loads, once, what struct xdp_programs has for packets in several buffers: the same program,
 * with the image's maps. Returns its descriptor, or -1: this kernel has no frags, say.
 */
int load_frags(void *run);

/* Which of the two is attached there? NULL: at the first one. */
static inline const struct image *image_on(const struct run *run,
					   const struct attachment *at)
{
	return (at ? at : run->attachments)->frags ? &run->frags : &run->image;
}

/* The descriptor of one of the image's maps. */
int stage_map(const struct run *run, const char *name);

/* Attaches to all of the chosen interfaces, or to none; what was there is kept still. */
int stage_attach(struct run *run);

/* Begins to write the capture, or undoes stage_attach(). */
int stage_capture(struct run *run);

/* Nothing else can fail: lets go of what was there, and pins; or undoes stage_attach(). */
int stage_commit(struct run *run);

/* Detaches, and puts back what was there. */
void stage_undo(struct run *run);

/* Says that it is attached: with --json as an event, and with @note_it by a note. */
void tell_attached(struct run *run, const struct attachment *at, bool note_it);

/* Shows counters until it is over, then detaches and shows the last ones. */
int stage_foreground(struct run *run);

/* Detaches from all, whatever happens on the way; the first error counts. */
int stage_detach(struct run *run);

/* Sets the kernel side's deadline: a lease from now if @leased, else the time-out. */
void watch_renew(struct run *run, bool leased);

/*
 * Shows counters until a signal, the time-out or the end of output. What has vanished is
 * marked as not attached; why it ended is in watch.why. SIGUSR1 is no more among the
 * signals afterwards.
 */
int watch_run(struct run *run);

/* Nothing is attached any more: notes why and when for what still was. */
void watch_ended(struct run *run);

/*
 * With --json, an object of its own: what happened to @at, or NULL: to all. @ended: it
 * says why, and after how long, too.
 */
void watch_event(struct run *run, const char *event,
		 const struct attachment *at, bool ended);

/* How long it was attached, as far as anything was. */
__u64 watch_lasted_ns(const struct run *run);

/* Are there packets of an interface that is not known? */
bool watch_has_unknown(const struct run *run);

/*
 * Shows one line for each interface and, in a table, the sum of them; it is in
 * watch.total. Returns 0 or a negative errno.
 */
int watch_show(struct run *run, bool final);

/*
 * At the end, the sums over all interfaces: a message, or an object of JSON behind the
 * last lines. Returns 0 or a negative errno.
 */
int total_show(struct run *run);

/* Marks and says what is not attached any more; false if nothing is left. */
bool changes_check(struct run *run);

/* The same, but not only of filters that there was a message about. */
bool changes_check_all(struct run *run);

/* From now on, messages about filters are among those of run->links. */
void changes_hear_filters(struct run *run);

/* The attachment to the interface that has this number now, or NULL. */
struct attachment *attachment_on(const struct run *run, int index);

/* Reads the messages of run->links: what has moved, which ports there are now. */
void changes_hear(struct run *run);

/* As they are now; false: they cannot be read, which is tried again a second later. */
bool changes_read(struct run *run, struct interfaces *all);

/* Writes the map "slots" anew if the numbers in it may be wrong now. */
void changes_write(struct run *run);
/* Writes it anew; @all: the interfaces as they are now. */
void changes_write_slots(struct run *run, const struct interfaces *all);

/* Once a second: says where packets pass that the program does not see. */
void unseen_look(struct run *run);

/* Attaches to those asked for that have come, if there may be any; or says why not. */
void follow_newcomers(struct run *run);

/* That interface has gone: one that comes with its number and name is another one. */
void follow_forget(struct run *run, int index);

#endif
