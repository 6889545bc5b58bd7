// SPDX-License-Identifier: GPL-2.0-only
/* Which capabilities this process has, and giving up those no longer needed. */
#include "lib/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/errors.h"

/* <linux/capability.h> of Linux 5.8 and later has them. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

#define IN_USER_NAMESPACE                                                    \
	"The capabilities of a user namespace, as rootless containers have " \
	"them, are not enough: run it outside, as the machine's root."

/* glibc has no wrappers; libcap would be one dependency for two calls. */
static int capabilities(long call, struct __user_cap_data_struct *data)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	return syscall(call, &header, data) ? -errno : 0;
}

static bool has(const struct __user_cap_data_struct *data, int capability)
{
	return data[CAP_TO_INDEX(capability)].effective &
	       CAP_TO_MASK(capability);
}

/* Are the ids not all mapped to themselves? user_namespaces(7) */
static bool in_user_namespace(void)
{
	FILE *file = fopen("/proc/self/uid_map", "re");
	unsigned int inside, outside, length;
	bool is = false;

	if (!file)
		return false;
	if (fscanf(file, "%u %u %u", &inside, &outside, &length) == 3)
		is = inside || outside || length != UINT32_MAX;
	fclose(file);
	return is;
}

const char *privileges_next(const char *otherwise)
{
	return in_user_namespace() ? IN_USER_NAMESPACE : otherwise;
}

/* Root may lack capabilities, in a container above all. */
static const char *who(void)
{
	return geteuid() ?
		       "Run it as root (sudo), or with" :
		       "This root lacks capabilities: run it outside of the container, or with";
}

int privileges_check(bool others)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	bool bpf, admin;
	char next[160];

	if (capabilities(SYS_capget, data))
		return EXIT_DONE; /* then the kernel will refuse it */
	admin = has(data, CAP_SYS_ADMIN);
	bpf = has(data, CAP_BPF) && has(data, CAP_PERFMON);
	if (has(data, CAP_NET_ADMIN) && (admin || (bpf && !others)))
		return EXIT_DONE;
	snprintf(next, sizeof(next), "%s the capabilities %s.", who(),
		 others ? "CAP_NET_ADMIN and CAP_SYS_ADMIN" :
			  "CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN");
	return fail(EXIT_SYSTEM, "%s needs privileges that this user lacks. %s",
		    others ? "seeing, pinning and removing what is attached" :
			     "loading and attaching BPF programs",
		    privileges_next(next));
}

bool privileges_see_others(void)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	return capabilities(SYS_capget, data) || has(data, CAP_SYS_ADMIN);
}

int privileges_drop(bool net_admin)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	int i, error = capabilities(SYS_capget, data);
	__u64 mask;

	if (error)
		return error;
	/* Older kernels want one of them for reading counters, too. */
	mask = 1ULL << (has(data, CAP_BPF) ? CAP_BPF : CAP_SYS_ADMIN);
	if (net_admin)
		mask |= 1ULL << CAP_NET_ADMIN;
	for (i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (__u32)(mask >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return capabilities(SYS_capset, data);
}
