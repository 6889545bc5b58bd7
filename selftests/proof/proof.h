/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the proofs have in common. Each is a main() for cbmc: a variable that is not
 * initialised has any value, ASSUME() takes away those that cannot be, and what ASSERT()
 * says then holds for all the others. prove.sh reads the head of each file:
 *
 * prove: UNWIND ORDER OPTIONS
 *	how many turns its loops have; "both" byte orders, or "any": it reads nothing that
 *	depends on it; and perhaps options of cbmc
 */
#ifndef PROOF_H
#define PROOF_H

#include <asm/byteorder.h> /* first: big/ has another one */
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define ASSUME __CPROVER_assume
#define ASSERT __CPROVER_assert

/*
 * #define NAME NUMBERED(NAME, __COUNTER__): the file that is included next defines NAME_0,
 * and what it calls are NAME_1, NAME_2, …, which the proof defines.
 */
#define PASTED(name, number) name##_##number
#define NUMBERED(name, number) PASTED(name, number)

#endif
