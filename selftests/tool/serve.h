/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Servers, for ever. Of those for TCP, there is a process for each connection, which
 * returns from here as well.
 */
#ifndef SERVE_H
#define SERVE_H

/* Answers any HTTP request with @text. */
int serve_listen(const char *port, const char *text);

/* Passes connections on to @to_port of an IPv4 @address, as docker-proxy does. */
int serve_relay(const char *port, const char *address, const char *to_port);

/* Sends UDP datagrams back. */
int serve_echo(const char *port);

#endif
