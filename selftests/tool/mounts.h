/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MOUNTS_H
#define MOUNTS_H

/**
 * mounts_own() - give this process a mount namespace of its own
 * @propagation: MS_PRIVATE, or MS_SLAVE to see what others mount later
 *
 * What it mounts from now on, nobody else sees. Works in a chroot, too, and stays
 * in it and in the current directory.
 *
 * Return: 0, or a negative errno.
 */
int mounts_own(unsigned long propagation);

#endif
