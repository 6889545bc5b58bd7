// SPDX-License-Identifier: GPL-2.0-only
/* Why XDP is refused, in the kernel's own words. */
#include "attach/xdp_why.h"

#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "lib/errors.h"
#include "lib/netlink.h"

/* Errors of bpf(2) before it looks at the interface: netlink has none of them. */
static bool is_own(int error)
{
	switch (-error) {
	case EPERM:
	case EACCES:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case ENOSYS:
		return true;
	default:
		return false;
	}
}

static void put_program(struct netlink_request *request, int ifindex, int fd,
			int expected_fd, __u32 flags)
{
	struct ifinfomsg *info =
		netlink_start(request, RTM_SETLINK, 0, sizeof(*info));
	struct rtattr *xdp;

	info->ifi_index = ifindex;
	xdp = netlink_nest(request, IFLA_XDP);
	netlink_put_u32(request, IFLA_XDP_FD, fd);
	netlink_put_u32(request, IFLA_XDP_EXPECTED_FD, expected_fd);
	netlink_put_u32(request, IFLA_XDP_FLAGS, flags);
	netlink_nest_end(request, xdp);
}

/*
 * If it is not refused now, it is detached within the same system call. NOEXIST and
 * REPLACE make sure that no other program is.
 */
int xdp_ask_why(const struct attachment *at, int program_fd, int error)
{
	const __u32 mode = hook_xdp_mode(at->hook);
	struct netlink_request request, off;
	int again;

	if (is_own(error))
		return error;
	put_program(&request, at->interface.index, program_fd, -1,
		    mode | XDP_FLAGS_UPDATE_IF_NOEXIST);
	put_program(&off, at->interface.index, -1, program_fd,
		    mode | XDP_FLAGS_REPLACE);
	netlink_put_next(&request, &off);
	again = netlink_ask(&request, NULL, NULL);
	/* bpf_xdp_link_attach() says EINVAL of an interface that is gone. */
	return error == -EINVAL && again == -ENODEV ? again : error;
}

/* The device above it that has a program; "" if none is visible. */
static void find_above(int index, char name[IFNAMSIZ])
{
	const struct interface *lower, *upper;
	struct interfaces all;
	size_t i;

	name[0] = '\0';
	if (interfaces_read(&all))
		return;
	lower = interfaces_find(&all, index);
	for (i = 0; lower && i < all.count; i++) {
		upper = &all.list[i];
		if ((upper->xdp_native || upper->xdp_generic ||
		     upper->xdp_offload) &&
		    interface_is_above(upper, lower))
			snprintf(name, IFNAMSIZ, "%s", upper->name);
	}
	interfaces_free(&all);
}

int xdp_fail(const struct attachment *at, int error)
{
	const char *name = at->interface.name, *kernel = netlink_extack(error);
	char above[IFNAMSIZ] = "";

	if (error == -EEXIST && strstr(kernel, "upper device"))
		find_above(at->interface.index, above);
	if (*above)
		return fail(
			EXIT_REFUSED,
			"%s: cannot attach to %s: %s, a device above it, has an XDP program already. Detach that first (--list shows its owner); after %s it can be attached again.",
			name, hook_text(at->hook), above, name);
	return fail_at(at->hook == HOOK_XDP_NATIVE ? AT_XDP_NATIVE :
						     AT_XDP_GENERIC,
		       -error, name, kernel);
}
