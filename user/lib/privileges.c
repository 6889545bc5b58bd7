// SPDX-License-Identifier: GPL-2.0-only
/* Which capabilities there are, and giving up those no longer needed. */
#include "lib/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/errors.h"

/* <linux/capability.h> of Linux 5.8 and later has them. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

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

int privileges_check(bool others)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	bool bpf, admin;

	if (capabilities(SYS_capget, data))
		return EXIT_DONE; /* let the kernel say no itself */
	admin = has(data, CAP_SYS_ADMIN);
	bpf = has(data, CAP_BPF) && has(data, CAP_PERFMON);
	if (has(data, CAP_NET_ADMIN) && (admin || (bpf && !others)))
		return EXIT_DONE;
	if (others)
		return fail(
			EXIT_SYSTEM,
			"seeing, pinning and removing what is attached needs privilege that this user has not. Run it as root (sudo), or with the capabilities CAP_NET_ADMIN and CAP_SYS_ADMIN.");
	return fail(
		EXIT_SYSTEM,
		"loading and attaching BPF programs needs privilege that this user has not. Run it as root (sudo), or with the capabilities CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN.");
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
