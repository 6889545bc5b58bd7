// SPDX-License-Identifier: GPL-2.0-only
/* drop-where's kernel side: configured, loaded, attached to the tracepoint. */
#include "where/tracing.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "where_abi.h" /* first: the skeleton uses its types */
#include "drop_where_kern.skel.h"
#include "lib/errors.h"
#include "lib/object.h"

#define NAME "drop-where"

/* Bytes of the ring, a power of two and of pages: some 20,000 events, or packets. */
#define EVENTS_SIZE (2 << 20)
#define CAPTURE_SIZE (16 << 20)

static int configure(struct drop_where_kern *skeleton,
		     const struct where_config *config)
{
	int cpus = libbpf_num_possible_cpus();

	skeleton->rodata->config = *config;
	if (cpus < 0)
		return cpus;
	if (config->events &&
	    bpf_map__set_max_entries(skeleton->maps.events,
				     config->capture ? CAPTURE_SIZE :
						       EVENTS_SIZE))
		return -errno;
	if (config->capture &&
	    (bpf_map__set_max_entries(skeleton->maps.scratch, cpus) ||
	     bpf_map__set_value_size(skeleton->maps.scratch,
				     sizeof(struct where_scratch) +
					     config->snaplen)))
		return -errno;
	return 0;
}

int tracing_load(struct tracing *tracing, const struct where_config *config)
{
	struct drop_where_kern *skeleton = drop_where_kern__open();
	int error, code;

	if (!skeleton)
		return fail_at(AT_LOAD, errno, NAME, NULL);
	tracing->skeleton = skeleton;
	error = configure(skeleton, config);
	if (!error)
		error = drop_where_kern__load(skeleton);
	if (error)
		return fail_at(AT_LOAD, -error, NAME, NULL);
	code = object_check(skeleton->obj, NAME);
	if (code)
		return code;
	tracing->events_fd = bpf_map__fd(skeleton->maps.events);
	tracing->sums_fd = bpf_map__fd(skeleton->maps.sums);
	tracing->unwanted_fd = bpf_map__fd(skeleton->maps.unwanted);
	return EXIT_DONE;
}

int tracing_attach(struct tracing *tracing)
{
	tracing->link =
		bpf_program__attach(tracing->skeleton->progs.drop_where);
	return tracing->link ? EXIT_DONE : fail_at(AT_LOAD, errno, NAME, NULL);
}

void tracing_end(struct tracing *tracing)
{
	if (!tracing->link)
		return;
	tracing->skeleton->bss->state.ended = true;
	bpf_link__destroy(tracing->link);
	tracing->link = NULL;
	/* Waits until no CPU is inside any more. With nohz_full= this cannot be asked. */
	if (syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0))
		usleep(10000);
}

__u64 tracing_missed(const struct tracing *tracing)
{
	const struct drop_where_kern *skeleton = tracing->skeleton;
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(skeleton->progs.drop_where),
				   &info, &size))
		info.recursion_misses = 0;
	return skeleton->bss->state.uncounted + info.recursion_misses;
}

void tracing_close(struct tracing *tracing)
{
	tracing_end(tracing);
	drop_where_kern__destroy(tracing->skeleton);
	tracing->skeleton = NULL;
}
