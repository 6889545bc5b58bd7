# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# In a mount namespace of one's own, a tracing instance of a test's own is where the machine's
# trace is: what one reads from trace_pipe is gone for its other readers. It is named for a
# process, which has ended if the test was killed before it could remove it: then the next
# instance removes it. Processes of other process namespaces cannot be seen.
#
#   tracing_begin PID     make the one of process PID: $instance
#   tracing_remove PID    remove it, where it is not mounted over $tracing

tracing=/sys/kernel/tracing

tracing_find() {
	local numbers

	[ -e $tracing/events ] || mount -t tracefs tracefs $tracing
	numbers=$(readlink /proc/self/ns/pid)
	instances=$tracing/instances/drop-test-${numbers//[!0-9]/}
	instance=$instances-$1
}

tracing_begin() {
	local each instances

	tracing_find "$1"
	for each in "$instances"-*; do
		[ -e "/proc/${each##*-}" ] || rmdir "$each" 2>/dev/null || true
	done
	mkdir "$instance"
	echo 1 >"$instance/events/bpf_trace/bpf_trace_printk/enable"
	mount --bind "$instance" $tracing
}

tracing_remove() {
	local instances

	tracing_find "$1"
	[ ! -d "$instance" ] || rmdir "$instance"
}
