// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy.c, of the programs that do not select.
 *
 * prove: 6 any
 */
#define SELECTS 0
#include "proof/policy.c"
