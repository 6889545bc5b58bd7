// SPDX-License-Identifier: GPL-2.0-only
/* The answers of netlink, bpf(2) and files. */
#include "fuzz/answers.h"

#include <argp.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/macros.h"

/* Pins and their directory, pauses and waiting. */
int told_unlink(const char *path)
{
	return 0;
}

int told_rmdir(const char *path)
{
	return 0;
}

int told_usleep(useconds_t us)
{
	return 0;
}

int told_poll(struct pollfd *list, nfds_t count, int ms)
{
	return (int)count;
}

/* Descriptors of bpf(2) that are open. While recording, by their real number. */
static struct fake {
	int kind; /* the command that opened it; 0: closed */
	size_t key_size, value_size; /* of a map */
} fakes[256];

static struct fake *fake_of(int fd)
{
	size_t i = fd % FAKE;

	if (i >= ARRAY_SIZE(fakes) || (!record && !fakes[i].kind))
		wrong("a descriptor that is not open");
	return &fakes[i];
}

int fake_open(int kind, long real)
{
	int i = (int)real;

	while (!record && i < (int)ARRAY_SIZE(fakes) && fakes[i].kind)
		i++;
	if (i == ARRAY_SIZE(fakes))
		wrong("too many open descriptors");
	fakes[i] = (struct fake){ .kind = kind };
	return record ? i : FAKE + i;
}

int fake_map(size_t value_size)
{
	int fd = fake_open(BPF_MAP_GET_FD_BY_ID, 0);

	fake_of(fd)->key_size = sizeof(__u32);
	fake_of(fd)->value_size = value_size;
	return fd;
}

void fakes_check(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fakes) && !record; i++) {
		if (fakes[i].kind)
			wrong("a descriptor was not closed");
	}
}

int told_close(int fd)
{
	if (fd < FAKE)
		return close(fd);
	fake_of(fd)->kind = 0;
	return 0;
}

static __u32 sequence; /* of the last request */

ssize_t told_sendto(int fd, const void *data, size_t size, int flags,
		    const struct sockaddr *name, socklen_t length)
{
	sequence = ((const struct nlmsghdr *)data)->nlmsg_seq;
	return record ? sendto(fd, data, size, flags, name, length) :
			(ssize_t)size;
}

/* Messages answer the last request, unless they say 0. What is behind them is not read. */
ssize_t told_recv(int fd, void *data, size_t size, int flags)
{
	struct nlmsghdr *message = data;
	ssize_t got, left;

	ASAN_UNPOISON_MEMORY_REGION(data, size);
	got = answer_begin(record ? recv(fd, data, size, flags) : 0);
	if (got < 0)
		return got;
	answer_pass(data, got);
	for (left = got; !record && NLMSG_OK(message, left);
	     message = NLMSG_NEXT(message, left)) {
		if (message->nlmsg_seq)
			message->nlmsg_seq = sequence;
	}
	ASAN_POISON_MEMORY_REGION((char *)data + got, size - got);
	return answer_end(got);
}

/* The kernel ends names (bpf_obj_name_cpy(), kernel/bpf/syscall.c). */
static void pass_program(struct bpf_prog_info *program, __u32 size)
{
	const __u32 most = program->nr_map_ids;
	const __u64 ids = program->map_ids;

	answer_pass(program, size);
	program->name[sizeof(program->name) - 1] = '\0';
	program->map_ids = ids;
	if (ids)
		answer_pass((void *)(uintptr_t)ids, most * sizeof(__u32));
}

static void pass_map(struct bpf_map_info *map, __u32 size, struct fake *fake)
{
	answer_pass(map, size);
	map->name[sizeof(map->name) - 1] = '\0';
	fake->key_size = map->key_size & 0xff;
	fake->value_size = map->value_size & 0xffff;
	if (map->type == BPF_MAP_TYPE_PERCPU_ARRAY)
		fake->value_size = (fake->value_size + 7) / 8 * 8 *
				   libbpf_num_possible_cpus();
}

static void pass_info(int fd, void *info, __u32 size)
{
	struct fake *fake = fake_of(fd);

	if (fake->kind == BPF_PROG_GET_FD_BY_ID)
		pass_program(info, size);
	else if (fake->kind == BPF_MAP_GET_FD_BY_ID)
		pass_map(info, size, fake);
	else
		answer_pass(info, size);
}

/* TCX: how many, ids of programs and of links; as struct tcx_query, attach/query.c. */
static void pass_query(union bpf_attr *attr)
{
	const size_t size = attr->query.prog_cnt * sizeof(__u32);
	__u64 links;

	memcpy(&links, (char *)attr + 40, sizeof(links));
	answer_pass(&attr->query.prog_cnt, sizeof(__u32));
	answer_pass((void *)(uintptr_t)attr->query.prog_ids, size);
	answer_pass((void *)(uintptr_t)links, size);
}

static long answer_bpf(int command, union bpf_attr *attr, long result)
{
	switch (command) {
	case BPF_OBJ_GET:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_MAP_GET_FD_BY_ID:
	case BPF_LINK_GET_FD_BY_ID:
		return answer_end(fake_open(command, result));
	case BPF_OBJ_GET_INFO_BY_FD:
		pass_info(attr->info.bpf_fd, (void *)(uintptr_t)attr->info.info,
			  attr->info.info_len);
		break;
	case BPF_MAP_LOOKUP_ELEM:
		answer_pass((void *)(uintptr_t)attr->value,
			    fake_of(attr->map_fd)->value_size);
		break;
	case BPF_MAP_GET_NEXT_KEY:
		answer_pass((void *)(uintptr_t)attr->next_key,
			    fake_of(attr->map_fd)->key_size);
		break;
	case BPF_LINK_GET_NEXT_ID:
		answer_pass(&attr->next_id, sizeof(attr->next_id));
		break;
	case BPF_PROG_QUERY:
		pass_query(attr);
		break;
	}
	return answer_end(0);
}

/* No other call is answered: those of capabilities and pidfds. */
long told_syscall(long number, ...)
{
	long command, attr, size, real = 0;
	va_list list;

	va_start(list, number);
	command = va_arg(list, long);
	attr = va_arg(list, long);
	size = va_arg(list, long);
	va_end(list);
	if (record)
		real = syscall(number, command, attr, size);
	if (number != SYS_bpf) {
		errno = ENOSYS;
		return -1;
	}
	if (answer_begin(real) < 0)
		return -1;
	return answer_bpf(command, (union bpf_attr *)attr, real);
}

FILE *told_fopen(const char *path, const char *mode)
{
	FILE *real = record ? fopen(path, mode) : NULL;
	static char contents[0x4000]; /* one at a time is read */
	ssize_t size = answer_begin(real ? (ssize_t)sizeof(contents) : -1);

	if (size < 0)
		return NULL;
	size = size < (ssize_t)sizeof(contents) ? size :
						  (ssize_t)sizeof(contents);
	if (real) {
		size = (ssize_t)fread(contents, 1, size, real);
		fclose(real);
	}
	answer_pass(contents, size);
	answer_end(0);
	/* An empty one is not for fmemopen(). */
	return size ? fmemopen(contents, size, "r") : NULL;
}

struct directory {
	DIR *real;
	struct dirent *entry;
};

DIR *told_opendir(const char *path)
{
	DIR *real = record ? opendir(path) : NULL;
	struct directory *directory;

	if (answer_begin(real ? 0 : -1) < 0)
		return NULL;
	answer_end(0);
	directory = calloc(1, sizeof(*directory));
	directory->real = real;
	return (DIR *)directory;
}

/* An entry is as long as its name, so that reading on is found. */
struct dirent *told_readdir(DIR *opened)
{
	const size_t start = offsetof(struct dirent, d_name);
	struct directory *directory = (struct directory *)opened;
	struct dirent *real = record ? readdir(directory->real) : NULL;
	ssize_t size = answer_begin(real ? (ssize_t)strlen(real->d_name) : -1);

	if (size < 0) {
		errno = 0;
		return NULL;
	}
	size = size < NAME_MAX ? size : NAME_MAX;
	directory->entry = realloc(directory->entry, start + size + 1);
	if (real)
		memcpy(directory->entry->d_name, real->d_name, size);
	answer_pass(directory->entry->d_name, size);
	answer_end(0);
	directory->entry->d_name[size] = '\0';
	return directory->entry;
}

int told_closedir(DIR *opened)
{
	struct directory *directory = (struct directory *)opened;

	if (directory->real)
		closedir(directory->real);
	free(directory->entry);
	free(directory);
	return 0;
}

int told_dirfd(DIR *opened)
{
	const struct directory *directory = (struct directory *)opened;

	return directory->real ? dirfd(directory->real) : FAKE;
}

ssize_t told_readlinkat(int fd, const char *path, char *to, size_t size)
{
	ssize_t got = answer_begin(record ? readlinkat(fd, path, to, size) : 0);

	if (got < 0)
		return -1;
	got = got < (ssize_t)size ? got : (ssize_t)size;
	answer_pass(to, got);
	return answer_end(got);
}

static int pass_status(ssize_t real, struct stat *status)
{
	if (answer_begin(real) < 0)
		return -1;
	answer_pass(status, sizeof(*status));
	return (int)answer_end(0);
}

int told_stat(const char *path, struct stat *status)
{
	return pass_status(record ? stat(path, status) : 0, status);
}

int told_lstat(const char *path, struct stat *status)
{
	return pass_status(record ? lstat(path, status) : 0, status);
}

char *told_getenv(const char *name)
{
	char *real = record ? getenv(name) : NULL;
	ssize_t size = answer_begin(real ? (ssize_t)strlen(real) : -1);
	static char value[256];

	if (size < 0)
		return NULL;
	memset(value, 0, sizeof(value));
	size = size < (ssize_t)sizeof(value) ? size :
					       (ssize_t)sizeof(value) - 1;
	answer_pass(real ? real : value, size);
	answer_end(0);
	return real ? real : value;
}

/* The size of a terminal. */
int told_ioctl(int fd, unsigned long request, void *size)
{
	if (answer_begin(-1) < 0)
		return -1;
	answer_pass(size, sizeof(struct winsize));
	return 0;
}

/* It exits after an error; here it goes on. */
error_t told_argp_parse(const struct argp *argp, int argc, char **argv,
			unsigned int flags, int *index, void *input)
{
	return argp_parse(argp, argc, argv, flags | ARGP_NO_EXIT, index, input);
}
