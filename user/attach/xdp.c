// SPDX-License-Identifier: GPL-2.0-only
/* Attaching XDP by a bpf_link, native or generic. */
#include "attach/xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

#include "attach/link.h"
#include "attach/owners.h"
#include "attach/replace.h"
#include "attach/xdp_why.h"
#include "lib/errors.h"
#include "lib/netlink.h"

int xdp_detach_netlink(const struct attached *attached)
{
	int error, fd = bpf_prog_get_fd_by_id(attached->program.id);
	/* Only if it is still that program: it may have been replaced. */
	LIBBPF_OPTS(bpf_xdp_attach_opts, opts, .old_prog_fd = fd);

	if (fd < 0)
		error = errno == ENOENT ? 0 : -errno;
	else
		error = bpf_xdp_detach(attached->interface.index,
				       hook_xdp_mode(attached->hook) |
					       XDP_FLAGS_REPLACE,
				       &opts);
	if (fd >= 0)
		close(fd);
	return error ? fail_at(AT_DETACH, -error, attached->interface.name,
			       NULL) :
		       EXIT_DONE;
}

int xdp_check_room(const struct query *present, struct attachment *at,
		   enum xdp_choice choice, bool force)
{
	const enum hook wanted = choice == XDP_SKB ? HOOK_XDP_GENERIC :
						     HOOK_XDP_NATIVE;
	struct replaced *replaced = &at->replaced;
	const struct attached *attached = NULL;
	int code = EXIT_DONE;

	while (!code &&
	       (attached = query_on(present, at->interface.index, attached))) {
		if (!hook_is_xdp(attached->hook))
			continue;
		if (!force)
			return fail(
				EXIT_REFUSED,
				"%s: %s runs there already: %s, %s. Nothing was changed. --force would replace it.",
				at->interface.name, hook_text(attached->hook),
				attached_describe(attached),
				attached_owner(attached));
		/* An offloaded one is not in our place: it is detached last. */
		if (attached->hook == HOOK_XDP_OFFLOAD)
			continue;
		code = replaced_open(at, attached);
		if (!code && replaced->attached) {
			replaced->owner = strdup(attached_owner(attached));
			if (!replaced->owner)
				code = fail_memory("an owner");
		}
		if (replaced->turn == TURN_LINK && attached->hook != wanted)
			replaced->turn = TURN_LINK_GOES;
	}
	return code;
}

/* Attaches at @at->hook; 0 or a negative errno. */
static int attach(struct attachment *at, int program_fd)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = hook_xdp_mode(at->hook));
	int index = at->interface.index;

	at->link_fd = bpf_link_create(program_fd, index, BPF_XDP, &opts);
	if (at->link_fd >= 0)
		return 0;
	at->link_fd = -1;
	return xdp_ask_why(at, program_fd, -errno);
}

/* Why generic XDP may still work where native XDP answered that; or NULL. */
static const char *why_generic(int error)
{
	const char *kernel = netlink_extack(-error);

	switch (error) {
	case EOPNOTSUPP:
	case ERANGE:
	case EINVAL:
	case ENOSPC:
		return *kernel ? kernel : strerror(error);
	default:
		return NULL;
	}
}

/* Is it refused for the MTU? Drivers differ in the errno, and not all have words for it. */
static bool is_too_large(int error)
{
	const char *kernel = netlink_extack(error);

	return why_generic(-error) && (!*kernel || strstr(kernel, "MTU"));
}

/* By attach() or replaced_update(), at @at->hook; 0 or a negative errno. */
static int attach_either(struct attachment *at,
			 const struct xdp_programs *programs,
			 int (*way)(struct attachment *at, int program_fd))
{
	int error = way(at, programs->fd), frags_fd = -1;

	at->frags = false;
	if (at->hook == HOOK_XDP_NATIVE && is_too_large(error))
		frags_fd = programs->load_frags(programs->context);
	if (frags_fd < 0)
		return error;
	error = way(at, frags_fd);
	at->frags = !error;
	return error;
}

static int failed(const struct attachment *at, int error)
{
	return fail_at(at->hook == HOOK_XDP_NATIVE ? AT_XDP_NATIVE :
						     AT_XDP_GENERIC,
		       -error, at->interface.name, NULL);
}

static int attach_free(struct attachment *at,
		       const struct xdp_programs *programs,
		       enum xdp_choice choice)
{
	const char *name = at->interface.name, *why = NULL;
	int error;

	if (choice != XDP_SKB) {
		at->hook = HOOK_XDP_NATIVE;
		error = attach_either(at, programs, attach);
		why = why_generic(-error);
		if (!error)
			return EXIT_DONE;
		if (choice == XDP_NATIVE || !why)
			return xdp_fail(at, error);
	}
	at->hook = HOOK_XDP_GENERIC;
	error = attach(at, programs->fd);
	if (error)
		return xdp_fail(at, error);
	if (why)
		note("%s: native XDP is refused (%s): using generic XDP.", name,
		     why);
	return EXIT_DONE;
}

static int take_off(struct attachment *at)
{
	struct replaced *replaced = &at->replaced;
	int code;

	if (!replaced->attached)
		return EXIT_DONE;
	code = replaced->link_fd < 0 ?
		       xdp_detach_netlink(replaced->attached) :
		       link_detach(replaced->link_fd, at->interface.name);
	replaced->off = !code;
	return code;
}

/*
 * Can its link not be updated although ours may be attached without it? It was detached
 * meanwhile; or their program was loaded for another attach type
 * (bpf_xdp_link_update(), net/core/dev.c); or there is generic XDP to try.
 */
static bool has_to_go(int error, enum xdp_choice choice)
{
	return error == -ENOLINK || error == -EINVAL ||
	       (choice == XDP_ANY && why_generic(-error));
}

int xdp_attach(struct attachment *at, const struct xdp_programs *programs,
	       enum xdp_choice choice)
{
	struct replaced *replaced = &at->replaced;
	int code, error;

	if (replaced->turn == TURN_LINK) {
		at->hook = replaced->attached->hook;
		error = attach_either(at, programs, replaced_update);
		if (error && !has_to_go(error, choice))
			return failed(at, error);
		if (error)
			replaced->turn = TURN_LINK_GOES;
		return EXIT_DONE;
	}
	code = take_off(at);
	return code ? code : attach_free(at, programs, choice);
}

int xdp_settle(struct attachment *at, int program_fd)
{
	int code, error;

	if (!at->replaced.updated || at->replaced.pin)
		return EXIT_DONE;
	code = take_off(at);
	if (code)
		return code;
	at->replaced.updated = false;
	error = attach(at, program_fd);
	return error ? xdp_fail(at, error) : EXIT_DONE;
}

static void tell_taken_off(const struct attached *attached, const char *owner)
{
	note("%s: took off %s, %s; only its owner can attach it again.",
	     attached->interface.name, attached_describe(attached), owner);
}

int xdp_finish(const struct query *present, const struct attachment *at)
{
	const struct attached *attached = NULL;
	int code;

	if (at->replaced.attached)
		tell_taken_off(at->replaced.attached, at->replaced.owner);
	while ((attached = query_on(present, at->interface.index, attached))) {
		if (attached->hook != HOOK_XDP_OFFLOAD)
			continue;
		code = attached->by_link ? link_take_off(attached) :
					   xdp_detach_netlink(attached);
		if (code)
			return code;
		tell_taken_off(attached, attached_owner(attached));
	}
	return EXIT_DONE;
}

/* Attaches it by a link of its own if it was pinned, else by netlink; 0 or a negative errno. */
static int attach_again(struct attachment *at)
{
	const struct attached *attached = at->replaced.attached;
	int code, error, program_fd = at->replaced.program_fd;

	if (!at->replaced.pin)
		return bpf_xdp_attach(attached->interface.index, program_fd,
				      hook_xdp_mode(attached->hook) |
					      XDP_FLAGS_UPDATE_IF_NOEXIST,
				      NULL);
	at->hook = attached->hook;
	error = attach(at, program_fd);
	if (error)
		return error;
	code = pin_link(at->link_fd, at->replaced.pin);
	close(at->link_fd);
	at->link_fd = -1;
	return code ? -EIO : 0;
}

void xdp_put_back(struct attachment *at, int program_fd)
{
	struct replaced *replaced = &at->replaced;
	const char *name = at->interface.name;
	int error = 0;

	if (replaced->updated)
		error = replaced_restore(replaced, program_fd);
	else if (replaced->off)
		error = attach_again(at);
	if (error)
		note("%s: the program that was taken off could not be restored: %s.",
		     name, strerror(-error));
	else if (replaced->off && replaced->link_fd >= 0 && !replaced->pin)
		note("%s: restored %s, but its link is gone: 'ip link' can remove it.",
		     name, attached_describe(replaced->attached));
}
