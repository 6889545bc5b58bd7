// SPDX-License-Identifier: GPL-2.0-only
/* Replacing attached programs, so that they can be restored. */
#include "attach/replace.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/link.h"
#include "lib/errors.h"

/* Its link, and whether one of our loaders has pinned it. */
static int open_link(struct replaced *replaced, const struct attached *attached)
{
	char path[PIN_PATH_SIZE];
	int pinned, code = link_open(attached, &replaced->link_fd);

	if (code || replaced->link_fd < 0)
		return code;
	pinned = link_is_pinned(attached, path);
	/* Before anything is changed: could the pin be removed? */
	if (pinned > 0 && access(path, W_OK))
		return fail_at(AT_UNPIN, errno, path, NULL);
	if (pinned < 0)
		return fail_at(AT_DETACH, -pinned, attached->interface.name,
			       NULL);
	if (!pinned)
		return EXIT_DONE;
	replaced->pin = strdup(path);
	return replaced->pin ? EXIT_DONE : fail_memory("a pin's name");
}

int replaced_open(struct attachment *at, const struct attached *attached)
{
	struct replaced *replaced = &at->replaced;
	int code = EXIT_DONE;

	replaced->program_fd = bpf_prog_get_fd_by_id(attached->program.id);
	if (replaced->program_fd < 0)
		return errno == ENOENT ? EXIT_DONE : /* gone meanwhile */
					 fail_at(AT_DETACH, errno,
						 attached->interface.name, NULL);
	replaced->turn = TURN_NETLINK;
	if (attached->by_link) {
		replaced->turn = TURN_LINK;
		code = open_link(replaced, attached);
		if (code || replaced->link_fd < 0) {
			replaced_close(at);
			return code;
		}
	}
	replaced->attached = attached;
	return EXIT_DONE;
}

static int update(int link_fd, int to, int from)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts, .flags = BPF_F_REPLACE,
		    .old_prog_fd = from);

	if (!bpf_link_update(link_fd, to, &opts))
		return 0;
	/* EPERM: it has another program by now. */
	return errno == EPERM ? -EBUSY : -errno;
}

int replaced_update(struct attachment *at, int program_fd)
{
	struct replaced *replaced = &at->replaced;
	int error = update(replaced->link_fd, program_fd, replaced->program_fd);

	replaced->updated = !error;
	if (replaced->updated && replaced->pin)
		at->link_fd = replaced->link_fd;
	return error;
}

int replaced_restore(struct replaced *replaced, int program_fd)
{
	int error = update(replaced->link_fd, replaced->program_fd, program_fd);

	replaced->updated = false;
	if (error || !replaced->unpinned)
		return error;
	return pin_link(replaced->link_fd, replaced->pin) ? -EIO : 0;
}

bool replaced_is_at(const struct replaced *replaced, const char *path)
{
	return replaced->pin && !strcmp(replaced->pin, path);
}

int replaced_unpin(struct replaced *replaced, const char *path)
{
	int code;

	if (!replaced->pin || replaced_is_at(replaced, path))
		return EXIT_DONE;
	code = pin_remove(replaced->pin);
	replaced->unpinned = !code;
	return code;
}

void replaced_close(struct attachment *at)
{
	struct replaced *replaced = &at->replaced;

	if (replaced->program_fd >= 0)
		close(replaced->program_fd);
	if (replaced->link_fd >= 0 && replaced->link_fd != at->link_fd)
		close(replaced->link_fd);
	free(replaced->pin);
	free(replaced->owner);
	free(replaced->filter);
	*replaced = (struct replaced){ .program_fd = -1, .link_fd = -1 };
}
