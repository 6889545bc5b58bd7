// SPDX-License-Identifier: GPL-2.0-only
/* Links that others hold: our pins among them, and taking them off. */
#include "attach/link.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "lib/errors.h"

int link_is_pinned(const struct attached *attached, char path[PIN_PATH_SIZE])
{
	__u32 link_id = 0;
	int fd, index;

	pin_path(path, attached->program.name, attached->interface.index,
		 attached->hook);
	fd = pin_open(path);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	index = link_ifindex(fd, &link_id);
	close(fd);
	return index < 0 ? index : link_id == attached->link_id;
}

/* It is not known which link it is. */
static int refuse(const struct attached *attached)
{
	if (!attached->links)
		return fail_at(AT_DETACH, EPERM, attached->interface.name,
			       NULL);
	return fail(
		EXIT_REFUSED,
		"%s: left alone: program id %u has %u links to interfaces with the number %d, in different network namespaces, and the kernel does not say which of them is the link here. Stop the process that holds it, or remove its pin.",
		attached->interface.name, attached->program.id, attached->links,
		attached->interface.index);
}

static int detach(const struct attached *attached, int fd)
{
	const char *name = attached->interface.name;
	char path[PIN_PATH_SIZE];
	int code = EXIT_DONE, index, pinned;

	/* Its interface may have moved to another namespace meanwhile. */
	index = link_ifindex(fd, NULL);
	if (index >= 0 && index != attached->interface.index)
		return EXIT_DONE;
	pinned = index < 0 ? index : link_is_pinned(attached, path);
	if (pinned < 0)
		return fail_at(AT_DETACH, -pinned, name, NULL);
	if (pinned)
		code = pin_remove(path);
	if (!code && bpf_link_detach(fd))
		return fail_at(AT_DETACH, errno, name, NULL);
	index = code ? 0 : link_ifindex(fd, NULL);
	if (index)
		code = fail_at(AT_DETACH, index < 0 ? -index : EBUSY, name,
			       NULL);
	return code;
}

int link_take_off(const struct attached *attached)
{
	int code, fd;

	if (!attached->link_id)
		return refuse(attached);
	fd = bpf_link_get_fd_by_id(attached->link_id);
	if (fd < 0 && errno == ENOENT)
		return EXIT_DONE; /* gone meanwhile */
	if (fd < 0)
		return fail_at(AT_DETACH, errno, attached->interface.name,
			       NULL);
	code = detach(attached, fd);
	close(fd);
	return code;
}
