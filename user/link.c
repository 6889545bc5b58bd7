// SPDX-License-Identifier: GPL-2.0-only
/* Links that others hold: our pins among them, and taking them off. */
#include "link.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "errors.h"

bool link_is_pinned(const struct attached *attached, char path[PIN_PATH_SIZE])
{
	__u32 link_id = 0;
	int fd;

	pin_path(path, attached->program.name, attached->interface.index,
		 attached->hook);
	fd = pin_open(path);
	if (fd < 0)
		return false;
	link_ifindex(fd, &link_id);
	close(fd);
	return link_id == attached->link_id;
}

int link_take_off(const struct attached *attached)
{
	const char *name = attached->interface.name;
	char path[PIN_PATH_SIZE];
	int code = EXIT_DONE, fd;

	fd = bpf_link_get_fd_by_id(attached->link_id);
	if (fd < 0 && errno == ENOENT)
		return EXIT_DONE; /* gone meanwhile */
	if (fd < 0)
		return fail_at(AT_DETACH, errno, name, NULL);
	if (link_is_pinned(attached, path))
		code = pin_remove(path);
	if (!code && bpf_link_detach(fd))
		code = fail_at(AT_DETACH, errno, name, NULL);
	else if (!code && link_ifindex(fd, NULL))
		code = fail_at(AT_DETACH, EBUSY, name, NULL);
	close(fd);
	return code;
}
