// SPDX-License-Identifier: GPL-2.0-only
/* All pins of these programs: is their interface gone or elsewhere; do they last? */
#include "attach/pins.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/errors.h"
#include "lib/grow.h"
#include "lib/process.h"

/* The reverse of what pin_path() does to a name. */
static void read_name(char name[IFNAMSIZ], const char *from)
{
	unsigned int byte;
	int length;
	size_t i;

	for (i = 0; *from && i + 1 < IFNAMSIZ; i++) {
		if (sscanf(from, "%%%2x%n", &byte, &length) == 1) {
			name[i] = (char)byte;
			from += length;
		} else {
			name[i] = *from++;
		}
	}
	name[i] = '\0';
}

/* NETNS-IFINDEX-HOOK-FUNCTION-NAME */
static bool parse(struct pin *pin, const char *file)
{
	char hook[8];
	int end = 0;

	*pin = (struct pin){};
	if (snprintf(pin->path, sizeof(pin->path), PIN_DIRECTORY "/%s", file) >=
		    (int)sizeof(pin->path) ||
	    sscanf(file, "%lu-%*d-%7[a-z]-%*15[a-z_]%n", &pin->netns, hook,
		   &end) != 2 ||
	    !end)
		return false;
	if (file[end] == '-')
		read_name(pin->name, file + end + 1);
	pin->hook = !strcmp(hook, "ingress") ? "tcx-ingress" :
		    !strcmp(hook, "egress")  ? "tcx-egress" :
					       "xdp";
	return true;
}

/* 0 or a negative errno; -ENOENT: it has gone meanwhile. */
static int read_pin(struct pin *pin)
{
	struct bpf_link_info info;
	int fd = pin_open(pin->path), error;

	if (fd < 0)
		return fd;
	error = link_read(fd, &info);
	close(fd);
	pin->index = (int)info.xdp.ifindex;
	pin->link_id = info.id;
	return error ? error : program_info_of_id(info.prog_id, &pin->program);
}

int pins_read(struct pins *pins)
{
	int error = pin_check_directory();
	struct dirent *entry;
	DIR *directory;

	*pins = (struct pins){};
	if (error)
		return error == -ENOENT ? 0 : error;
	directory = opendir(PIN_DIRECTORY);
	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	while (!error && (entry = readdir(directory))) {
		struct pin pin;

		if (!parse(&pin, entry->d_name))
			continue;
		error = read_pin(&pin);
		if (!error)
			error = grow_list(&pins->list, &pins->count, &pin,
					  sizeof(pin));
		else if (error == -ENOENT)
			error = 0;
	}
	closedir(directory);
	return error;
}

int pins_find(__u32 link_id, char path[PIN_PATH_SIZE])
{
	struct pins pins;
	int found = pins_read(&pins);
	size_t i;

	for (i = 0; i < pins.count && !found; i++) {
		if (pins.list[i].link_id != link_id)
			continue;
		memcpy(path, pins.list[i].path, PIN_PATH_SIZE);
		found = 1;
	}
	free(pins.list);
	return found;
}

static ino_t inode(const char *path)
{
	struct stat status;

	return stat(path, &status) ? 0 : status.st_ino;
}

/*
 * The name of our network namespace, if "ip netns exec" brought us here: it makes a mount
 * namespace and mounts a new sysfs there, by that name as its source (netns_switch(),
 * lib/namespace.c of iproute2).
 */
static bool is_netns_exec(char name[64])
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[512], path[128], source[64] = "";
	const char *type;

	while (file && fgets(line, sizeof(line), file)) {
		type = strstr(line, " - sysfs ");
		if (type && strstr(line, " /sys "))
			sscanf(type, " - sysfs %63s", source);
	}
	if (file)
		fclose(file);
	snprintf(path, sizeof(path), "/run/netns/%s", source);
	if (!*source || !inode(path) || inode(path) != netns_own())
		return false;
	memcpy(name, source, sizeof(source));
	return true;
}

struct keepers {
	ino_t mounts; /* our mount namespace */
	dev_t device; /* our BPF file system */
	bool exec; /* "ip netns exec" made them */
	bool looked; /* into any process */
};

/* 1 if this process keeps our BPF file system, else 0. */
static int keeps(int pid, void *context)
{
	struct keepers *keepers = context;
	struct stat status;
	char path[64];
	ino_t mounts;

	if (pid == getpid())
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	mounts = inode(path);
	if (!mounts)
		return 0;
	keepers->looked = true;
	if (mounts == keepers->mounts)
		return !keepers->exec;
	snprintf(path, sizeof(path), "/proc/%d/root" BPF_FS, pid);
	return !stat(path, &status) && status.st_dev == keepers->device;
}

/* Does another process? Possibly, if none can be inspected. */
static bool is_kept(dev_t device, bool exec)
{
	struct keepers keepers = {
		.mounts = inode("/proc/self/ns/mnt"),
		.device = device,
		.exec = exec,
	};

	return process_each(keeps, &keepers) || (!keepers.looked && !exec);
}

int pins_check_last(void)
{
	char name[64] = "NAME";
	bool exec = is_netns_exec(name);
	struct stat status;
	struct statfs fs;

	if (statfs(BPF_FS, &fs) || stat(BPF_FS, &status))
		return EXIT_DONE; /* other checks report what is wrong with it */
	if ((unsigned long)fs.f_type != BPF_FS_MAGIC) {
		if (!exec)
			return EXIT_DONE;
	} else if (is_kept(status.st_dev, exec)) {
		return EXIT_DONE;
	}
	return fail(
		EXIT_REFUSED,
		"--pin: %s belongs to a mount namespace that ends with this command ('ip netns exec' creates one), and the pin and the program would go with it. Nothing was attached. Enter only the network namespace: nsenter --net=/run/netns/%s.",
		BPF_FS, name);
}
