// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a program for which one command of bpf(2) fails: a seccomp filter
 * answers it with an error, as another kernel would, or one short of something.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNTRIED 125

struct name {
	const char *name;
	int number;
};

static const struct name commands[] = { { "MAP_CREATE", BPF_MAP_CREATE },
					{ "MAP_LOOKUP", BPF_MAP_LOOKUP_ELEM },
					{ "MAP_UPDATE", BPF_MAP_UPDATE_ELEM },
					{ "PROG_LOAD", BPF_PROG_LOAD },
					{ "OBJ_PIN", BPF_OBJ_PIN },
					{ "PROG_QUERY", BPF_PROG_QUERY },
					{ "LINK_CREATE", BPF_LINK_CREATE },
					{ "LINK_NEXT_ID",
					  BPF_LINK_GET_NEXT_ID },
					{ "LINK_DETACH", BPF_LINK_DETACH },
					{} };

static const struct name errors[] = {
	{ "E2BIG", E2BIG },   { "EACCES", EACCES },
	{ "EBUSY", EBUSY },   { "EEXIST", EEXIST },
	{ "EINVAL", EINVAL }, { "EIO", EIO },
	{ "EMFILE", EMFILE }, { "ENODEV", ENODEV },
	{ "ENOMEM", ENOMEM }, { "ENOSPC", ENOSPC },
	{ "ENOSYS", ENOSYS }, { "EOPNOTSUPP", EOPNOTSUPP },
	{ "EPERM", EPERM },   { "ERANGE", ERANGE },
	{ "EROFS", EROFS },   {}
};

static const struct name *find(const struct name *list, const char *name)
{
	while (list->name && strcmp(list->name, name))
		list++;
	return list->name ? list : NULL;
}

/* The lower half of the first argument. */
#define ARGUMENT                               \
	(offsetof(struct seccomp_data, args) + \
	 (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) * 4)

static int deny(int command, int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, command, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter),
				      filter };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	const struct name *command = argc > 3 ? find(commands, argv[1]) : NULL;
	const struct name *error = argc > 3 ? find(errors, argv[2]) : NULL;

	if (!command || !error) {
		fputs("Usage: deny COMMAND ERRNO PROGRAM [ARGUMENT...]\n"
		      "COMMAND and ERRNO by name, those in the lists here\n",
		      stderr);
		return UNTRIED;
	}
	if (deny(command->number, error->number)) {
		perror("deny: seccomp");
		return UNTRIED;
	}
	execvp(argv[3], argv + 3);
	perror(argv[3]);
	return UNTRIED;
}
