// SPDX-License-Identifier: GPL-2.0-only
/* Network namespaces by inode number, and what 'ip netns' calls them. */
#include "where/netns_names.h"

#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/stat.h>

#define NAMES "/run/netns"
#define OWN "/proc/thread-self/ns/net"

__u32 netns_own(void)
{
	struct stat status;

	return stat(OWN, &status) ? 0 : status.st_ino;
}

void netns_name(__u32 inode, char *text, size_t size)
{
	DIR *directory = inode ? opendir(NAMES) : NULL;
	struct dirent *entry;
	struct stat own, status;

	snprintf(text, size, inode ? "%u" : "-", inode);
	while (directory && (entry = readdir(directory))) {
		/* A name whose namespace is gone is a file elsewhere. */
		if (!fstatat(dirfd(directory), entry->d_name, &status, 0) &&
		    !stat(OWN, &own) && status.st_dev == own.st_dev &&
		    status.st_ino == inode) {
			snprintf(text, size, "%s", entry->d_name);
			break;
		}
	}
	if (directory)
		closedir(directory);
}

void netns_interface(__u32 ifindex, char *name)
{
	if_indextoname(ifindex, name);
}
