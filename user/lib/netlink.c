// SPDX-License-Identifier: GPL-2.0-only
/* Netlink: requests, the kernel's extended acks, dumps. */
#include "lib/netlink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/macros.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* The kernel fills up to 32 KiB per read of a dump (netlink_dump()). */
#define ANSWER_SIZE 65536

/* MAX_ERRNO, include/linux/err.h */
#define ERRNO_MOST 4095

static int open_protocol(struct netlink *nl, int protocol, __u32 groups)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = groups,
	};
	int one = 1;

	*nl = (struct netlink){ .fd = -1, .protocol = protocol };
	nl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (nl->fd < 0)
		return -errno;
	/* Optional: without them errors have no sentence of the kernel's. */
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(nl->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one,
		   sizeof(one));
	if (bind(nl->fd, (struct sockaddr *)&address, sizeof(address))) {
		int error = -errno;

		netlink_close(nl);
		return error;
	}
	return 0;
}

int netlink_open(struct netlink *nl, __u32 groups)
{
	return open_protocol(nl, NETLINK_ROUTE, groups);
}

int netlink_join(const struct netlink *nl, int group)
{
	return setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			  sizeof(group)) ?
		       -errno :
		       0;
}

void netlink_close(struct netlink *nl)
{
	if (nl->fd >= 0)
		close(nl->fd);
	nl->fd = -1;
}

void *netlink_start(struct netlink_request *request, __u16 type, __u16 flags,
		    size_t size)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = NLM_F_REQUEST | flags;
	request->header.nlmsg_len = NLMSG_LENGTH(size);
	request->fixed = size;
	return NLMSG_DATA(&request->header);
}

void netlink_put(struct netlink_request *request, __u16 type, const void *data,
		 size_t size)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);
	struct rtattr *attribute = (struct rtattr *)((char *)request + at);

	attribute->rta_type = type;
	attribute->rta_len = RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(attribute), data, size);
	request->header.nlmsg_len = at + RTA_ALIGN(attribute->rta_len);
}

void netlink_put_u32(struct netlink_request *request, __u16 type, __u32 value)
{
	netlink_put(request, type, &value, sizeof(value));
}

void netlink_put_string(struct netlink_request *request, __u16 type,
			const char *value)
{
	netlink_put(request, type, value, strlen(value) + 1);
}

struct rtattr *netlink_nest(struct netlink_request *request, __u16 type)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);

	netlink_put(request, type, NULL, 0);
	return (struct rtattr *)((char *)request + at);
}

void netlink_nest_end(struct netlink_request *request, struct rtattr *nest)
{
	nest->rta_len =
		(char *)request + request->header.nlmsg_len - (char *)nest;
}

/* Its answer is not awaited: its sequence number is 0, which no other request has. */
void netlink_put_next(struct netlink_request *request,
		      const struct netlink_request *next)
{
	size_t at = NLMSG_ALIGN(request->header.nlmsg_len);

	memcpy((char *)request + at, next, next->header.nlmsg_len);
	request->next = at - request->header.nlmsg_len + next->header.nlmsg_len;
}

/* Has it all of a fixed part of @size bytes? */
static bool is_whole(const struct nlmsghdr *message, size_t size)
{
	return message->nlmsg_len >= NLMSG_LENGTH(size);
}

/* Keeps the extended ack (NLMSGERR_ATTR_MSG) that comes with an error. */
static void keep_extack(struct netlink *nl, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = NLMSG_DATA(message);
	size_t skip = sizeof(*error);
	const struct rtattr *text;

	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS) ||
	    !is_whole(message, sizeof(*error)))
		return;
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		skip += error->msg.nlmsg_len - sizeof(error->msg);
	if (!is_whole(message, skip))
		return;
	text = netlink_find(message, skip, NLMSGERR_ATTR_MSG);
	snprintf(nl->extack, sizeof(nl->extack), "%s", netlink_string(text));
}

/* State while an answer is read. */
struct answer {
	struct netlink *nl;
	netlink_reader reader;
	void *context;
	size_t fixed; /* bytes of a message's fixed part */
	int result; /* the first error */
	bool disturbed; /* NLM_F_DUMP_INTR */
	bool ended;
};

/* Of the message that ends an answer. */
static int error_of(const struct nlmsghdr *message)
{
	int error;

	if (!is_whole(message, sizeof(error)))
		return -EBADMSG;
	memcpy(&error, NLMSG_DATA(message), sizeof(error));
	if (error < -ERRNO_MOST)
		return -EBADMSG;
	return error < 0 ? error : 0;
}

static int read_answer(const struct nlmsghdr *message, void *context)
{
	struct answer *answer = context;
	int error = 0;

	if (message->nlmsg_seq != answer->nl->sequence)
		return 0;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->disturbed = true;
	if (message->nlmsg_type == NLMSG_DONE) {
		answer->ended = true;
		error = error_of(message);
	} else if (message->nlmsg_type == NLMSG_ERROR) {
		answer->ended = true;
		keep_extack(answer->nl, message);
		error = error_of(message);
	} else if (!is_whole(message, answer->fixed)) {
		error = -EBADMSG;
	} else if (!answer->result && answer->reader) {
		error = answer->reader(message, answer->context);
	}
	if (!answer->result)
		answer->result = error;
	return 0;
}

/* Reads one datagram. Returns 0 or the first negative errno. */
static int read_datagram(struct netlink *nl, int flags, netlink_reader reader,
			 void *context)
{
	static char buffer[ANSWER_SIZE] __aligned(NLMSG_ALIGNTO);
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	ssize_t size;
	int error = 0;

	do
		size = recv(nl->fd, buffer, sizeof(buffer), flags);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return -errno;
	for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
		if (!error)
			error = reader(message, context);
	}
	return error;
}

/* For 40 ms: a short lack of memory must not leave a filter behind. */
#define TRIES 5
#define PAUSE_US 10000

bool netlink_again(int error, int *tries)
{
	if ((error != -EAGAIN && error != -ENOBUFS && error != -ENOMEM) ||
	    ++*tries >= TRIES)
		return false;
	if (error != -EAGAIN)
		usleep(PAUSE_US);
	return true;
}

/* What fails here was not taken (netlink_sendmsg(), net/netlink/af_netlink.c). */
static int send_request(const struct netlink *nl,
			const struct netlink_request *request)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	size_t size = request->header.nlmsg_len + request->next;
	int error, tries = 0;

	do
		error = sendto(nl->fd, request, size, 0,
			       (struct sockaddr *)&kernel, sizeof(kernel)) < 0 ?
				-errno :
				0;
	while (netlink_again(error, &tries));
	return error;
}

int netlink_talk(struct netlink *nl, struct netlink_request *request,
		 netlink_reader reader, void *context)
{
	struct answer answer = {
		.nl = nl,
		.reader = reader,
		.context = context,
		.fixed = request->fixed,
	};
	int error = 0;

	if (nl->fd < 0 || nl->unfinished) {
		netlink_close(nl);
		error = open_protocol(nl, nl->protocol, 0);
	}
	if (error)
		return error;
	nl->extack[0] = '\0';
	request->header.nlmsg_seq = ++nl->sequence;
	request->header.nlmsg_flags |= NLM_F_ACK;
	error = send_request(nl, request);
	if (error)
		return error;
	/* Read to the end, even after an error: a half-read dump blocks the next one. */
	while (!error && !answer.ended)
		error = read_datagram(nl, 0, read_answer, &answer);
	nl->unfinished = !answer.ended;
	if (!error)
		error = answer.result;
	return error || !answer.disturbed ? error : -EAGAIN;
}

static struct netlink own = { .fd = -1 };

static int own_error; /* of the last request */

int netlink_ask(struct netlink_request *request, netlink_reader reader,
		void *context)
{
	own_error = netlink_talk(&own, request, reader, context);
	return own_error;
}

const char *netlink_extack(int error)
{
	return error == own_error ? own.extack : "";
}

/* What is heard answers no request. */
static int read_heard(const struct nlmsghdr *message, void *context)
{
	const struct answer *answer = context;

	return is_whole(message, answer->fixed) ?
		       answer->reader(message, answer->context) :
		       0;
}

int netlink_listen(struct netlink *nl, size_t fixed, netlink_reader reader,
		   void *context)
{
	struct answer heard = {
		.reader = reader,
		.context = context,
		.fixed = fixed,
	};
	int error;

	do
		error = read_datagram(nl, MSG_DONTWAIT, read_heard, &heard);
	while (!error);
	return error == -EAGAIN ? 0 : error;
}

static const struct rtattr *find(const struct rtattr *attribute, int size,
				 __u16 type)
{
	for (; RTA_OK(attribute, size); attribute = RTA_NEXT(attribute, size)) {
		if ((attribute->rta_type & NLA_TYPE_MASK) == type)
			return attribute;
	}
	return NULL;
}

const struct rtattr *netlink_find(const struct nlmsghdr *message, size_t size,
				  __u16 type)
{
	const char *first = (const char *)message + NLMSG_SPACE(size);

	return find((const struct rtattr *)first,
		    (int)(message->nlmsg_len - NLMSG_SPACE(size)), type);
}

const struct rtattr *netlink_find_in(const struct rtattr *nest, __u16 type)
{
	if (!nest)
		return NULL;
	return find(RTA_DATA(nest), RTA_PAYLOAD(nest), type);
}

__u32 netlink_u32(const struct rtattr *attribute)
{
	__u32 value = 0;

	if (attribute && RTA_PAYLOAD(attribute) >= sizeof(value))
		memcpy(&value, RTA_DATA(attribute), sizeof(value));
	return value;
}

__u8 netlink_u8(const struct rtattr *attribute)
{
	if (!attribute || RTA_PAYLOAD(attribute) < 1)
		return 0;
	return *(const __u8 *)RTA_DATA(attribute);
}

const char *netlink_string(const struct rtattr *attribute)
{
	size_t size = attribute ? RTA_PAYLOAD(attribute) : 0;
	const char *value;

	if (!size)
		return "";
	value = RTA_DATA(attribute);
	return memchr(value, '\0', size) ? value : "";
}
