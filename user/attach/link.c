// SPDX-License-Identifier: GPL-2.0-only
/* Links, and their pins in the BPF file system. */
#include "attach/link.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "attach/pins.h"
#include "lib/errors.h"

/* Each one lost needs another instance to come or go at that very moment. */
#define PIN_TRIES 20

/* Headers before 6.6 do not know TCX links (struct bpf_link_info, <linux/bpf.h>). */
int link_read(int link_fd, struct bpf_link_info *info)
{
	__u32 size = sizeof(*info);

	*info = (struct bpf_link_info){};
	return bpf_obj_get_info_by_fd(link_fd, info, &size) ? -errno : 0;
}

int link_ifindex(int link_fd, __u32 *link_id)
{
	struct bpf_link_info info;
	int error = link_read(link_fd, &info);

	if (error)
		return error;
	if (link_id)
		*link_id = info.id;
	return (int)info.xdp.ifindex;
}

int link_detach(int link_fd, const char *name)
{
	int error = bpf_link_detach(link_fd) ? -errno : 0;

	if (!error)
		error = link_ifindex(link_fd, NULL);
	return error ? fail_at(AT_DETACH, error < 0 ? -error : EBUSY, name,
			       NULL) :
		       EXIT_DONE;
}

void pin_path(char path[PIN_PATH_SIZE], const char *function,
	      const struct interface *interface, enum hook hook)
{
	const char *at;
	int length;

	length = snprintf(path, PIN_PATH_SIZE, PIN_DIRECTORY "/%u-%d-%s-%s-",
			  netns_own(), interface->index,
			  hook_is_xdp(hook)	? "xdp" :
			  hook_is_ingress(hook) ? "ingress" :
						  "egress",
			  function);
	/* The BPF file system reserves dots; other characters must not control a terminal. */
	for (at = interface->name; *at && length < PIN_PATH_SIZE; at++)
		length +=
			snprintf(path + length, PIN_PATH_SIZE - length,
				 isalnum((unsigned char)*at) ? "%c" : "%%%02x",
				 (unsigned char)*at);
}

/* Only we may write to it: the kernel mounts bpffs with mode 1777. */
static int check_directory(const struct stat *directory)
{
	if (!S_ISDIR(directory->st_mode) || directory->st_uid != geteuid() ||
	    directory->st_mode & 022)
		return fail(
			EXIT_REFUSED,
			"%s: it is not a directory that only this user can write to, so its pins cannot be trusted. Remove it, or see its owner: ls -ld %s.",
			PIN_DIRECTORY, PIN_DIRECTORY);
	return EXIT_DONE;
}

int pin_prepare(void)
{
	struct stat directory;
	struct statfs fs;
	int tries, code;

	if (statfs(BPF_FS, &fs) || (unsigned long)fs.f_type != BPF_FS_MAGIC) {
		code = pins_check_last();
		if (code)
			return code;
		return fail(
			EXIT_SYSTEM,
			"%s: no BPF file system is mounted there, so nothing can be pinned. Mount it: mount -t bpf bpffs %s.",
			BPF_FS, BPF_FS);
	}
	if (!netns_own())
		return fail(
			EXIT_SYSTEM,
			"%s: it cannot be read (%s), and pins are named after it, so nothing can be pinned. Mount it: mount -t proc none /proc.",
			NETNS_OWN, strerror(errno));
	for (tries = 0; tries < PIN_TRIES; tries++) {
		if (mkdir(PIN_DIRECTORY, 0700) && errno != EEXIST)
			break;
		if (access(PIN_DIRECTORY, W_OK) && errno == EROFS)
			break;
		if (!lstat(PIN_DIRECTORY, &directory)) {
			code = check_directory(&directory);
			return code ? code : pins_check_last();
		}
		/* Another run removed its last pin, and the directory with it. */
		if (errno != ENOENT)
			break;
	}
	return fail_at(AT_PIN, errno, PIN_DIRECTORY, NULL);
}

int pin_check_directory(void)
{
	struct stat directory;

	if (lstat(PIN_DIRECTORY, &directory))
		return -errno;
	/* Root removes what any user has pinned. */
	if (!S_ISDIR(directory.st_mode) || directory.st_mode & 022 ||
	    (geteuid() && directory.st_uid != geteuid()))
		return -ENOENT;
	return 0;
}

int pin_open(const char *path)
{
	int fd, error = pin_check_directory();

	if (error)
		return error;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

/* 0 or a negative errno. */
static int unpin(const char *path)
{
	if (unlink(path) && errno != ENOENT)
		return -errno;
	rmdir(PIN_DIRECTORY); /* fails, as intended, while it has other pins */
	return 0;
}

int pin_remove_stale(const char *path)
{
	int fd = pin_open(path), index = fd;

	if (fd >= 0) {
		index = link_ifindex(fd, NULL);
		close(fd);
	}
	return index ? index : unpin(path);
}

int pin_link(int link_fd, const char *path)
{
	int tries, code, stale, error = 0;

	for (tries = 0; tries < PIN_TRIES; tries++) {
		if (!bpf_obj_pin(link_fd, path))
			return EXIT_DONE;
		error = errno;
		if (error == EEXIST) {
			stale = pin_remove_stale(path);
			if (!stale)
				continue;
			if (stale < 0 && stale != -ENOENT)
				error = -stale;
		}
		if (error != ENOENT)
			break;
		/* Again, the directory has gone. */
		code = pin_prepare();
		if (code)
			return code;
	}
	return fail_at(AT_PIN, error, path, NULL);
}

int pin_remove(const char *path)
{
	int error = unpin(path);

	return error ? fail_at(AT_UNPIN, -error, path, NULL) : EXIT_DONE;
}

int link_is_pinned(const struct attached *attached, char path[PIN_PATH_SIZE])
{
	__u32 link_id = 0;
	int fd, index;

	pin_path(path, attached->program.name, &attached->interface,
		 attached->hook);
	fd = pin_open(path);
	if (fd < 0 && fd != -ENOENT)
		return fd;
	index = fd < 0 ? 0 : link_ifindex(fd, &link_id);
	if (fd >= 0)
		close(fd);
	if (index < 0)
		return index;
	if (link_id == attached->link_id)
		return 1;
	/* Pinned by another name, or in another namespace that it came from. */
	return attached->link_id ? pins_find(attached->link_id, path) : 0;
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

int link_open(const struct attached *attached, int *link_fd)
{
	int index, fd;

	*link_fd = -1;
	if (!attached->link_id)
		return refuse(attached);
	fd = bpf_link_get_fd_by_id(attached->link_id);
	if (fd < 0 && errno == ENOENT)
		return EXIT_DONE; /* gone meanwhile */
	index = fd < 0 ? -errno : link_ifindex(fd, NULL);
	if (index == attached->interface.index) {
		*link_fd = fd;
		return EXIT_DONE;
	}
	if (fd >= 0)
		close(fd);
	/* Detached, or its interface has moved to another namespace meanwhile. */
	return index >= 0 ? EXIT_DONE :
			    fail_at(AT_DETACH, -index, attached->interface.name,
				    NULL);
}

int link_take_off(const struct attached *attached)
{
	const char *name = attached->interface.name;
	char path[PIN_PATH_SIZE];
	int fd, pinned, code = link_open(attached, &fd);

	if (code || fd < 0)
		return code;
	pinned = link_is_pinned(attached, path);
	if (pinned < 0)
		code = fail_at(AT_DETACH, -pinned, name, NULL);
	else if (pinned)
		code = pin_remove(path);
	if (!code)
		code = link_detach(fd, name);
	close(fd);
	return code;
}
