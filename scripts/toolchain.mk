# SPDX-License-Identifier: GPL-2.0-only
#
# The machine to build for and its compilers. ARCH is arm64, s390x or riscv64, or the kernel's
# name of it; by default it is this machine. Included by ../Makefile, samples/bpf/Kbuild and
# selftests/Makefile.
#
#   CROSS_COMPILE   the compiler's prefix; default: Debian's for ARCH
#   SYSROOT         where that machine's headers and libraries are; default: where
#                   sysroot.sh puts them
#   CC, CLANG, HOSTCC, and LLVM=1, LLVM=-16, LLVM=/path/to/bin/, as in the kernel

debian-name = $(patsubst aarch64,arm64,$(patsubst s390,s390x,$(patsubst riscv,riscv64,$(1))))
arch := $(call debian-name,$(or $(ARCH),$(firstword $(subst -, ,$(notdir $(CROSS_COMPILE))))))

ifneq ($(filter-out x86 i386 um $(call debian-name,$(shell uname -m)),$(arch)),)
ifeq ($(CROSS_COMPILE),)
CROSS_COMPILE := $(patsubst arm64,aarch64,$(arch))-linux-gnu-
endif
triplet := $(notdir $(CROSS_COMPILE:%-=%))
SYSROOT ?= $(realpath $(dir $(lastword $(MAKEFILE_LIST)))..)/.cache/sysroot/$(triplet)
sysroot-flag := $(addprefix --sysroot=,$(SYSROOT))
kernel-arch := $(patsubst s390x,s390,$(patsubst riscv64,riscv,$(arch)))
# Builds for another machine have a directory of their own.
apart := /build/$(arch)
endif

CLANG ?= $(if $(filter %/,$(LLVM)),$(LLVM))clang$(filter -%,$(LLVM))
native-cc := $(if $(LLVM),$(CLANG),gcc)
ifneq ($(filter default undefined,$(origin CC)),)
CC := $(if $(LLVM),$(CLANG) $(addprefix --target=,$(triplet)),$(CROSS_COMPILE)gcc)
endif

pkg-config := $(if $(SYSROOT),PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(triplet)/pkgconfig) pkg-config
libelf = $(or $(shell $(pkg-config) --static --libs libelf 2>/dev/null),-lelf) -lz

# Debian keeps asm/ here, which clang does not look at for its BPF target.
multiarch = $(SYSROOT)/usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)

# BPF objects are in the byte order of the machine that loads them.
endian = $(if $(filter 4321,$(shell echo __BYTE_ORDER__ | $(1) -E -P - 2>/dev/null)),bpfeb,bpfel)
