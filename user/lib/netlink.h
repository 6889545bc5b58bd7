/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rtnetlink and generic netlink: requests with the kernel's extended ack on an
 * error, dumps.
 * libbpf's netlink code cannot list filters and hides the extended ack.
 */
#ifndef NETLINK_H
#define NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>

struct netlink {
	int fd;
	int protocol; /* NETLINK_ROUTE or NETLINK_GENERIC */
	__u32 sequence;
	bool unfinished; /* an answer was not read to its end: begin with a new socket */
	char extack[256]; /* extack of the last request, or "" */
};

/* A request: a header, a fixed part, attributes; 1 KiB is ample for all of ours. */
struct netlink_request {
	struct nlmsghdr header;
	char body[1024 - sizeof(struct nlmsghdr)];
	size_t next; /* bytes of the request behind it, netlink_put_next() */
	size_t fixed; /* bytes of the fixed part, which messages of the answer have, too */
};

/*
 * Called for each message of an answer, which has all of its fixed part; returns 0 or a
 * negative errno, which ends it.
 */
typedef int (*netlink_reader)(const struct nlmsghdr *message, void *context);

/**
 * netlink_open() - open a socket to the kernel's routing tables
 * @groups: multicast groups (RTMGRP_*) to listen to, or 0
 *
 * Return: 0 or a negative errno.
 */
int netlink_open(struct netlink *nl, __u32 groups);
/* Listens to one more group, RTNLGRP_*. Returns 0 or a negative errno. */
int netlink_join(const struct netlink *nl, int group);
void netlink_close(struct netlink *nl);

/* Starts a request; returns its fixed part, @size bytes of zero. */
void *netlink_start(struct netlink_request *request, __u16 type, __u16 flags,
		    size_t size);
void netlink_put(struct netlink_request *request, __u16 type, const void *data,
		 size_t size);
void netlink_put_u32(struct netlink_request *request, __u16 type, __u32 value);
void netlink_put_string(struct netlink_request *request, __u16 type,
			const char *value);
/* Opens a nested attribute; give what it returns to netlink_nest_end(). */
struct rtattr *netlink_nest(struct netlink_request *request, __u16 type);
void netlink_nest_end(struct netlink_request *request, struct rtattr *nest);

/*
 * Appends @next: the kernel carries out both within one system call, which no signal
 * ends, and the answer is that to @request.
 */
void netlink_put_next(struct netlink_request *request,
		      const struct netlink_request *next);

/**
 * netlink_talk() - send a request and read all of its answer
 * @nl: opened first, by its protocol, if it is closed
 * @reader: gets each message; NULL if only success counts; must not talk itself
 *
 * Return: 0 or a negative errno; @nl->extack then says more. -ENOBUFS: the kernel had no
 * memory for its answer; the request may have been carried out. -EAGAIN: a dump was
 * disturbed by a change; what @reader got may have gaps and doubles, ask again.
 */
int netlink_talk(struct netlink *nl, struct netlink_request *request,
		 netlink_reader reader, void *context);

/*
 * Is a request that may be repeated to be made again, after this error? Not for ever:
 * *@tries is 0 at first. It pauses if the kernel had no memory.
 */
bool netlink_again(int error, int *tries);

/* netlink_talk() by a socket of the process's own. */
int netlink_ask(struct netlink_request *request, netlink_reader reader,
		void *context);
/* The extack of the last such request, if that failed with @error; or "". */
const char *netlink_extack(int error);

/**
 * netlink_listen() - read what a socket with @groups has heard, without waiting
 * @fixed: bytes of a message's fixed part; shorter ones are left out
 * @reader: gets each message
 *
 * Return: 0 or a negative errno; -ENOBUFS: some of it is lost.
 */
int netlink_listen(struct netlink *nl, size_t fixed, netlink_reader reader,
		   void *context);

/* An attribute of a message with a fixed part of @size bytes, or NULL. */
const struct rtattr *netlink_find(const struct nlmsghdr *message, size_t size,
				  __u16 type);
/* An attribute inside another one, or NULL. */
const struct rtattr *netlink_find_in(const struct rtattr *nest, __u16 type);
/* Its value: 0 or "" if @attribute is NULL or too short. */
__u32 netlink_u32(const struct rtattr *attribute);
__u8 netlink_u8(const struct rtattr *attribute);
const char *netlink_string(const struct rtattr *attribute);

#endif
