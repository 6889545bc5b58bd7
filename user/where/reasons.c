// SPDX-License-Identifier: GPL-2.0-only
/* What this kernel's BTF tells of the tracepoint kfree_skb and of drop reasons. */
#include "where/reasons.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/errors.h"

#define PREFIX "SKB_DROP_REASON_"

/* The tracepoint's arguments: private data, packet, location and perhaps a reason. */
#define ARGUMENTS_WITHOUT 3

static const struct btf_type *find_enum(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "skb_drop_reason", BTF_KIND_ENUM);

	return id < 0 ? NULL : btf__type_by_id(btf, id);
}

/* How many arguments the tracepoint has; 0 if there is none. */
static int count_arguments(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "btf_trace_kfree_skb",
					BTF_KIND_TYPEDEF);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, id);

	if (type)
		type = btf__type_by_id(btf, type->type);
	if (!type || !btf_is_ptr(type))
		return 0;
	type = btf__type_by_id(btf, type->type);
	return type && btf_is_func_proto(type) ? btf_vlen(type) : 0;
}

static bool has_reason(const struct btf *btf, const char *wanted)
{
	const struct btf_type *type = find_enum(btf);
	int i;

	for (i = 0; type && i < btf_vlen(type); i++) {
		if (!strcmp(btf__name_by_offset(btf,
						btf_enum(type)[i].name_off),
			    wanted))
			return true;
	}
	return false;
}

int reasons_open(struct reasons *reasons)
{
	int count;

	*reasons = (struct reasons){ .btf = btf__load_vmlinux_btf() };
	if (!reasons->btf)
		return fail(
			errno == ENOMEM ? EXIT_SYSTEM : EXIT_LACKING,
			"this kernel's types cannot be read: %s. drop-where needs a kernel with CONFIG_DEBUG_INFO_BTF, and /sys/kernel/btf/vmlinux.",
			strerror(errno));
	count = count_arguments(reasons->btf);
	if (count < ARGUMENTS_WITHOUT)
		return fail(
			EXIT_LACKING,
			"this kernel has no tracepoint kfree_skb. Use Linux 5.10 or newer with CONFIG_TRACEPOINTS and CONFIG_NET.");
	reasons->known = count > ARGUMENTS_WITHOUT;
	reasons->of_tc = reasons->known &&
			 has_reason(reasons->btf, PREFIX "TC_INGRESS") &&
			 has_reason(reasons->btf, PREFIX "TC_EGRESS");
	return EXIT_DONE;
}

void reasons_close(struct reasons *reasons)
{
	btf__free(reasons->btf);
	reasons->btf = NULL;
}

void reasons_name(const struct reasons *reasons, __u32 reason, char *text,
		  size_t size)
{
	const struct btf_type *type = find_enum(reasons->btf);
	int i;

	for (i = 0; type && i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(
			reasons->btf, btf_enum(type)[i].name_off);

		if ((__u32)btf_enum(type)[i].val != reason)
			continue;
		if (!strncmp(name, PREFIX, strlen(PREFIX)))
			name += strlen(PREFIX);
		snprintf(text, size, "%s", name);
		return;
	}
	snprintf(text, size, "0x%x", reason);
}
