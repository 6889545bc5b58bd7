# SPDX-License-Identifier: GPL-2.0-only
#
# The fuzzers of what reads foreign bytes: they are linked with all of user/ and libbpf, whose
# calls of libc get another name where there is a told_NAME() here, so that the input answers.

told := $(addprefix $(out)/,kernel_fuzz records_fuzz words_fuzz)
told-user := $(patsubst ../../user/%.c,$(out)/user/%.o,$(wildcard ../../user/*/*.c)) \
	$(out)/user/json_writer.o

# NULL + 0 is no fault that a compiler makes use of: lists that are empty begin there.
told-compile = $(CLANG) $(subst =fuzzer,=fuzzer-no-link,$(flags)) -fno-sanitize=pointer-overflow \
	-Wno-unused-parameter -MMD -MP -MF $@.d -c -o $@ $(firstword $(filter %.c,$^))
vpath json_writer.c $(KDIR)/tools/bpf/bpftool

$(out)/answered: answers.c system.c
	@mkdir -p $(sort $(dir $(told-user))) $(out)/told
	@sed -n 's/^[a-zA-Z].*[ *]told_\([a-z_]*\)(.*/\1 told_\1/p' $^ >$@

$(out)/user/json_writer.o: json_writer.c
$(told-user): | $(out)/answered
$(filter-out %/json_writer.o,$(told-user)): $(out)/user/%.o: ../../user/%.c
$(told-user):
	@$(told-compile) $(if $(filter %json_writer.o,$@),-w)

$(out)/told/%.o: %.c $(out)/answered
	@$(told-compile)
	@$(if $(filter %_fuzz,$*),objcopy --redefine-syms=$(out)/answered $@)

# A fuzzer that calls the real ones would change this machine.
$(out)/told/user.a: $(told-user) $(out)/answered
	@rm -f $@
	@ar rcs $@ $(told-user)
	@objcopy --redefine-syms=$(out)/answered $@
	@nm $@ | grep -q ' U told_recv$$'

$(out)/told/libbpf.a: $(build)/libbpf/libbpf.a $(out)/answered
	@objcopy --redefine-syms=$(out)/answered $< $@
	@nm $@ | grep -q ' U told_syscall$$'

$(told): $(out)/%: $(out)/told/%.o $(addprefix $(out)/told/,answers.o system.o user.a libbpf.a)
	@echo "  FUZZ    selftests/fuzz/$(@F)"
	@$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(libelf)
