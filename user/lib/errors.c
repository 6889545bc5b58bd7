// SPDX-License-Identifier: GPL-2.0-only
/* Error messages: what failed, the likely cause, the next step. */
#include "lib/errors.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/escape.h"
#include "lib/output.h"
#include "lib/privileges.h"

#define PRIVILEGE                                                         \
	"Run it as root, or with the capabilities CAP_BPF, CAP_PERFMON, " \
	"CAP_NET_ADMIN and, to see or replace others' programs, CAP_SYS_ADMIN."

#define LOWER_MTU \
	"Lower the MTU (for veth: the peer's to %ld or less), or use --skb-mode."

/*
 * What veth needs of a page beside the peer's MTU (drivers/net/veth.c, veth_xdp_set()):
 * headroom, an Ethernet header, and struct skb_shared_info in whole cache lines. Not x86:
 * with NET_IP_ALIGN and s390's lines of 256 bytes, the most of all architectures.
 */
#ifdef __x86_64__
#define VETH_XDP_ROOM 590
#else
#define VETH_XDP_ROOM 784
#endif

static const char *program_name = "bpf-drop";
static int verbosity;

static const char *const doing[] = {
	[AT_LOAD] = "cannot load the program into the kernel",
	[AT_XDP_NATIVE] = "cannot attach to native XDP",
	[AT_XDP_GENERIC] = "cannot attach to generic XDP",
	[AT_TCX] = "cannot attach to TCX",
	[AT_CLSACT_QDISC] = "cannot create the clsact qdisc",
	[AT_CLSACT_FILTER] = "cannot attach a filter to clsact",
	[AT_DETACH] = "cannot detach",
	[AT_PIN] = "cannot pin",
	[AT_UNPIN] = "cannot remove the pin",
	[AT_LIST] = "cannot list what is attached",
	[AT_NETLINK] = "cannot ask the kernel about interfaces",
	[AT_MAP] = "cannot write to the program's maps",
	[AT_RING] = "cannot open the ring of captured packets",
	[AT_WAIT] = "cannot wait for events",
};

/* Places as a set. */
#define IN(place) (1U << (place))
#define XDP (IN(AT_XDP_NATIVE) | IN(AT_XDP_GENERIC))
#define ANYWHERE (~0U)
#define ANY_ERROR 0

#define NATIVE_REFUSED                                                \
	"the kernel refuses it as the interface is set up now, and "  \
	"does not say why",                                           \
		"See if the kernel's log (dmesg) has the reason, or " \
		"use --skb-mode."

/*
 * What an errno means at a place. The first row that fits counts.
 * From Linux 6.1: net/core/dev.c (dev_xdp_attach), drivers/net/veth.c
 * (veth_xdp_set), drivers/net/bonding/bond_main.c (bond_xdp_set),
 * net/sched/{sch_api,cls_api,cls_bpf}.c, kernel/bpf/inode.c;
 * from 6.6: kernel/bpf/tcx.c.
 */
static const struct advice {
	unsigned int places;
	int error; /* ANY_ERROR: if the kernel's sentence has @cause in it */
	enum exit_code code;
	const char *cause; /* of XDP: what is told if the kernel does not say */
	const char *next;
} advices[] = {
	/* The sentence tells the next step; drivers differ in the errno. */
	{ IN(AT_XDP_NATIVE), ANY_ERROR, EXIT_SYSTEM, "MTU", LOWER_MTU },
	{ IN(AT_XDP_NATIVE), ANY_ERROR, EXIT_SYSTEM,
	  "rx queues not less than peer tx queues",
	  "Set fewer tx queues at its peer or more rx ones here (ethtool -L), or use --skb-mode." },
	{ IN(AT_XDP_NATIVE), ANY_ERROR, EXIT_REFUSED, "has XDP program loaded",
	  "See which port has it, and its owner, with --list, or use --skb-mode." },
	{ XDP, ANY_ERROR, EXIT_REFUSED, "upper device",
	  "Find the device above it by --list, in other namespaces, too; detach that first." },
	{ IN(AT_XDP_NATIVE), EOPNOTSUPP, EXIT_LACKING,
	  "there is none as the interface is set up now, and the kernel does not say why",
	  "Use --skb-mode, or leave the mode to the program." },
	{ IN(AT_XDP_NATIVE), ERANGE, EXIT_SYSTEM, NATIVE_REFUSED },
	{ IN(AT_XDP_NATIVE), EINVAL, EXIT_SYSTEM, NATIVE_REFUSED },
	{ IN(AT_XDP_NATIVE), ENOSPC, EXIT_SYSTEM, NATIVE_REFUSED },
	{ XDP, EBUSY, EXIT_REFUSED,
	  "another XDP program took the interface at the same moment",
	  "See its owner with --list; --force replaces it." },
	{ XDP, EEXIST, EXIT_REFUSED,
	  "an XDP program runs there in the other mode, or on a device above it (a bridge, bond or VLAN)",
	  "See its owner with --list; --force replaces only what is on the interface itself." },
	/* Netlink, which was asked next, did not refuse it. */
	{ IN(AT_XDP_GENERIC), EINVAL, EXIT_LACKING,
	  "this kernel has no bpf_link for XDP (it came with Linux 5.9)",
	  "Use a newer kernel." },
	{ IN(AT_TCX), EINVAL, EXIT_LACKING,
	  "this kernel has no TCX (it came with Linux 6.6)",
	  "Use --clsact, or leave the choice to the program." },
	{ IN(AT_CLSACT_QDISC), ENOENT, EXIT_LACKING,
	  "this kernel has no clsact qdisc",
	  "Load the module sch_ingress (CONFIG_NET_SCH_INGRESS), or use --tcx (Linux 6.6)." },
	{ IN(AT_CLSACT_QDISC), EOPNOTSUPP, EXIT_LACKING,
	  "this kernel has no qdiscs",
	  "Use a kernel with CONFIG_NET_SCHED and CONFIG_NET_SCH_INGRESS, or --tcx (6.6)." },
	{ IN(AT_CLSACT_FILTER), ENOENT, EXIT_LACKING,
	  "this kernel has no BPF classifier",
	  "Load the module cls_bpf (CONFIG_NET_CLS_BPF), or use --tcx (Linux 6.6)." },
	{ IN(AT_CLSACT_FILTER), EEXIST, EXIT_REFUSED,
	  "another filter took this priority at the same moment",
	  "See its owner with --list, then try again." },
	{ IN(AT_CLSACT_FILTER), EINVAL, EXIT_REFUSED,
	  "a filter of another kind has the first priority",
	  "Look at 'tc filter show dev IFACE egress' (or ingress), or use --tcx." },
	{ IN(AT_PIN), EEXIST, EXIT_REFUSED, "there is a pin already",
	  "Remove it with --detach." },
	/* There was no memory for the inode. */
	{ IN(AT_PIN), ENOSPC, EXIT_SYSTEM,
	  "the BPF file system has no memory for it",
	  "Free memory and try again." },
	{ IN(AT_PIN) | IN(AT_UNPIN), EROFS, EXIT_SYSTEM,
	  "the BPF file system is read-only",
	  "Remount it: mount -o remount,rw /sys/fs/bpf." },
	{ IN(AT_LOAD), EINVAL, EXIT_LACKING,
	  "the kernel's verifier or its version does not accept it",
	  "See the verifier's whole log with --verbose; Linux 5.10 or newer is needed." },
	{ IN(AT_LOAD), EACCES, EXIT_SYSTEM, "the kernel's verifier rejects it",
	  "See the verifier's whole log with --verbose." },
	{ IN(AT_LOAD), E2BIG, EXIT_LACKING,
	  "this kernel does not know a part of the request",
	  "Linux 5.10 or newer is needed." },
	{ IN(AT_LOAD), ENOMEM, EXIT_SYSTEM,
	  "there is not enough memory for its maps",
	  "Free memory, or raise RLIMIT_MEMLOCK (ulimit -l) on kernels before 5.11." },
	{ IN(AT_LOAD), EPERM, EXIT_SYSTEM,
	  "this needs more privilege or, before Linux 5.11, more locked memory",
	  PRIVILEGE
	  " Before 5.11, raise 'ulimit -l' or add CAP_SYS_RESOURCE." },
	{ ANYWHERE, EPERM, EXIT_SYSTEM, "this needs more privilege",
	  PRIVILEGE },
	{ ANYWHERE, EACCES, EXIT_SYSTEM, "this needs more privilege",
	  PRIVILEGE },
	{ ANYWHERE, ENODEV, EXIT_SYSTEM, "the interface is gone",
	  "See 'ip link'." },
	{ ANYWHERE, EMFILE, EXIT_SYSTEM, "too few file descriptors",
	  "Raise the limit: ulimit -n 4096." },
	{ ANYWHERE, ENOMEM, EXIT_SYSTEM, "the system is out of memory",
	  "Free memory and try again." },
	{ ANYWHERE, ENOBUFS, EXIT_SYSTEM,
	  "the kernel had no memory for its answer",
	  "Free memory and try again." },
	{ ANYWHERE, ENOSYS, EXIT_LACKING, "this kernel has no BPF",
	  "Use a kernel with CONFIG_BPF_SYSCALL." },
};

static bool fits(const struct advice *advice, enum place place, int error,
		 const char *kernel)
{
	if (!(advice->places & IN(place)))
		return false;
	if (advice->error == ANY_ERROR)
		return strstr(kernel, advice->cause);
	return advice->error == error;
}

static const struct advice *find_advice(enum place place, int error,
					const char *kernel)
{
	static const struct advice unknown = {
		.code = EXIT_SYSTEM,
		.cause = "the kernel refused",
		.next = "Run it again with --verbose for the details.",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(advices); i++) {
		if (fits(&advices[i], place, error, kernel))
			return &advices[i];
	}
	return &unknown;
}

/*
 * If a standard descriptor is closed, the next file that we open gets its number, and
 * our messages would go into it. Writing to these fails, as to a closed one.
 */
static void hold_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void put_text(const char *before, const char *said, const char *after)
{
	FILE *text = output_text(&standard_error);

	if (!text)
		return;
	fputs(before, text);
	escape_put(text, said);
	fputs(after, text);
	output_add(&standard_error, NULL, true);
	output_flush(&standard_error);
}

static void put(const char *before, const char *format, va_list values,
		const char *after)
{
	char *said;

	if (vasprintf(&said, format, values) < 0)
		return;
	put_text(before, said, after);
	free(said);
}

/* What argp and getopt() say, who quote the command line. argp may exit after it. */
static ssize_t put_argp(void *cookie __maybe_unused, const char *said,
			size_t size)
{
	char *copy = strndup(said, size);

	if (copy)
		put_text("", copy, "");
	free(copy);
	output_drain(&standard_error, -1);
	return (ssize_t)size;
}

void errors_init(const char *program)
{
	const cookie_io_functions_t io = { .write = put_argp };
	FILE *escaped;

	program_name = program;
	hold_standard_descriptors();
	output_open();
	escaped = fopencookie(NULL, "w", io);
	if (!escaped)
		return;
	setvbuf(escaped, NULL, _IOLBF, 0);
	stderr = escaped;
}

static void say(const char *format, va_list values)
{
	char before[32];

	snprintf(before, sizeof(before), "%s: ", program_name);
	put(before, format, values, "\n");
}

static int print_libbpf(enum libbpf_print_level level, const char *format,
			va_list values)
{
	if (verbosity >= (level == LIBBPF_DEBUG ? 2 : 1))
		put("", format, values, "");
	return 0;
}

void verbose_init(int level)
{
	verbosity = level;
	libbpf_set_print(print_libbpf);
}

int fail(enum exit_code code, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	say(format, values);
	va_end(values);
	return code;
}

void note(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	say(format, values);
	va_end(values);
}

int fail_at(enum place place, int error, const char *subject,
	    const char *kernel)
{
	const char *says = kernel ? kernel : "";
	const struct advice *advice = find_advice(place, error, says);
	const char *next = advice->next;
	char mtu[sizeof(LOWER_MTU) + 20];

	if (!strcmp(next, LOWER_MTU)) {
		snprintf(mtu, sizeof(mtu), LOWER_MTU,
			 sysconf(_SC_PAGESIZE) - VETH_XDP_ROOM);
		next = mtu;
	}
	if (verbosity && strstr(next, "--verbose"))
		next = "The details are above.";
	if (!strncmp(next, PRIVILEGE, strlen(PRIVILEGE)))
		next = privileges_next(next);
	/* There, the errno alone has many causes. */
	if (*says && XDP & IN(place))
		return fail(advice->code,
			    "%s: %s: the kernel says: %s (%s). %s", subject,
			    doing[place], says, strerror(error), next);
	return fail(advice->code, "%s: %s: %s (%s%s%s). %s", subject,
		    doing[place], advice->cause, strerror(error),
		    *says ? "; the kernel says: " : "", says, next);
}

int fail_memory(const char *what)
{
	return fail(EXIT_SYSTEM, "no memory for %s. Free memory and try again.",
		    what);
}
