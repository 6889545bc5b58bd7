// SPDX-License-Identifier: GPL-2.0-only
/* drop-where's kernel side: configured, loaded, attached to the tracepoint. */
#include "where/tracing.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/errors.h"

#define NAME "drop-where"

/* Bytes of the ring, a power of two and of pages: some 20,000 events, or packets. */
#define EVENTS_SIZE (2 << 20)
#define CAPTURE_SIZE (16 << 20)

/* The kernel side's scratch: a word, the event, and then the packet's bytes. */
#define SCRATCH_SIZE (sizeof(__u64) + sizeof(struct where_event))

static struct bpf_map *find_map(const struct tracing *tracing, const char *name)
{
	return bpf_object__find_map_by_name(tracing->image.object, name);
}

static int configure(struct tracing *tracing, const struct where_config *config)
{
	struct bpf_map *scratch = find_map(tracing, "scratch");
	int cpus = libbpf_num_possible_cpus();

	*tracing->image.config = *config;
	if (cpus < 0)
		return cpus;
	if (config->events &&
	    bpf_map__set_max_entries(find_map(tracing, "events"),
				     config->capture ? CAPTURE_SIZE :
						       EVENTS_SIZE))
		return -errno;
	if (config->capture &&
	    (bpf_map__set_max_entries(scratch, cpus) ||
	     bpf_map__set_value_size(scratch, SCRATCH_SIZE + config->snaplen)))
		return -errno;
	return 0;
}

int tracing_load(struct tracing *tracing, const struct where_config *config,
		 const struct reasons *reasons)
{
	struct where_image *image = &tracing->image;
	int error = tracing->program->open(image);

	if (error)
		return fail_at(AT_LOAD, -error, NAME, NULL);
	error = configure(tracing, config);
	image->config->ask_tc = !reasons->of_tc;
	bpf_program__set_autoload(image->with_reason, reasons->known);
	bpf_program__set_autoload(image->without_reason, !reasons->known);
	tracing->chosen = reasons->known ? image->with_reason :
					   image->without_reason;
	if (!error)
		error = bpf_object__load_skeleton(image->parts);
	return error ? fail_at(AT_LOAD, -error, NAME, NULL) : EXIT_DONE;
}

int tracing_attach(struct tracing *tracing)
{
	tracing->link = bpf_program__attach(tracing->chosen);
	if (!tracing->link)
		return fail_at(AT_LOAD, errno, NAME, NULL);
	return EXIT_DONE;
}

void tracing_end(struct tracing *tracing)
{
	if (!tracing->link)
		return;
	tracing->image.state->ended = true;
	bpf_link__destroy(tracing->link);
	tracing->link = NULL;
	/* Waits until no CPU is inside any more. */
	syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0);
}

int tracing_map(const struct tracing *tracing, const char *name)
{
	return bpf_map__fd(find_map(tracing, name));
}

__u64 tracing_missed(const struct tracing *tracing)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(tracing->chosen), &info,
				   &size))
		info.recursion_misses = 0;
	return tracing->image.state->uncounted + info.recursion_misses;
}

void tracing_close(struct tracing *tracing)
{
	tracing_end(tracing);
	if (tracing->image.skeleton)
		tracing->program->destroy(tracing->image.skeleton);
	tracing->image = (struct where_image){};
}
