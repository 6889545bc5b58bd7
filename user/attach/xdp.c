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

static int take_off(const struct attached *attached, struct attachment *at)
{
	int code;

	if (attached->by_link)
		return link_take_off(attached);
	at->replaced_fd = bpf_prog_get_fd_by_id(attached->program.id);
	code = xdp_detach_netlink(attached);
	if (code && at->replaced_fd >= 0) {
		close(at->replaced_fd);
		at->replaced_fd = -1;
	}
	at->replaced_hook = attached->hook;
	return code;
}

int xdp_make_room(const struct query *present, struct attachment *at,
		  bool force)
{
	const struct attached *attached = NULL;
	const char *name = at->interface.name, *what, *owner;
	int code;

	while ((attached = query_on(present, at->interface.index, attached))) {
		if (!hook_is_xdp(attached->hook))
			continue;
		what = attached_describe(attached);
		owner = attached_owner(attached);
		if (!force)
			return fail(
				EXIT_REFUSED,
				"%s: %s runs there already: %s, %s. Nothing was changed. --force would replace it.",
				name, hook_text(attached->hook), what, owner);
		code = take_off(attached, at);
		if (code)
			return code;
		note("%s: took off %s, %s; only its owner can attach it again.",
		     name, what, owner);
	}
	return EXIT_DONE;
}

void xdp_put_back(struct attachment *at)
{
	int error;

	if (at->replaced_fd < 0)
		return;
	error = bpf_xdp_attach(at->interface.index, at->replaced_fd,
			       hook_xdp_mode(at->replaced_hook) |
				       XDP_FLAGS_UPDATE_IF_NOEXIST,
			       NULL);
	if (error)
		note("%s: the program that was taken off could not be put back: %s.",
		     at->interface.name, strerror(-error));
	close(at->replaced_fd);
	at->replaced_fd = -1;
}

/* Attaches in one mode; 0 or a negative errno. */
static int attach(struct attachment *at, int program_fd, enum hook hook)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = hook_xdp_mode(hook));
	int index = at->interface.index;

	at->link_fd = bpf_link_create(program_fd, index, BPF_XDP, &opts);
	at->hook = hook;
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

int xdp_attach(struct attachment *at, int program_fd, enum xdp_choice choice)
{
	const char *name = at->interface.name, *why = NULL;
	int error;

	if (choice != XDP_SKB) {
		error = attach(at, program_fd, HOOK_XDP_NATIVE);
		why = why_generic(-error);
		if (!error)
			return EXIT_DONE;
		if (choice == XDP_NATIVE || !why)
			return xdp_fail(at, error);
	}
	error = attach(at, program_fd, HOOK_XDP_GENERIC);
	if (error)
		return xdp_fail(at, error);
	if (why)
		note("%s: native XDP is refused (%s): using generic XDP.", name,
		     why);
	return EXIT_DONE;
}
