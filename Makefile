# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# captrack-bpf: `make help` lists what there is.

VERSION  := 0.1.0
BUILD    := build
PREFIX   ?= /usr/local
DESTDIR  ?=
CC       ?= cc
CLANG    ?= clang
PROTOC_C ?= protoc-c
BPFTOOL  ?= $(firstword $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool) bpftool)
PKG      := libbpf libdw libelf libcjson capstone libprotobuf-c
CFLAGS   ?= -O2 -g
ARCH     := $(shell uname -m | sed -e 's/x86_64/x86/' -e 's/aarch64/arm64/')

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
        -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wno-format-nonliteral
CT_CFLAGS := -std=c17 -D_GNU_SOURCE -DCT_VERSION='"$(VERSION)"' -Iinclude -I$(BUILD) $(WARN) \
             -fno-strict-aliasing -fstack-protector-strong -D_FORTIFY_SOURCE=2 \
             $(shell pkg-config --cflags $(PKG)) $(CFLAGS)
LIBS := $(shell pkg-config --libs $(PKG)) -liberty -lz -lm
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -std=gnu17 -D__TARGET_ARCH_$(ARCH) -Iinclude -Ivmlinux -Ibpf \
              -Wall -Wextra -Wshadow -Wno-unused-parameter -Wno-address-of-packed-member

# V=1 shows the commands, else one short line for each step.
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
endif

SRC  := $(sort $(wildcard src/*.c src/*/*.c))
PAGES := $(BUILD)/src/exports/html_page.o $(BUILD)/src/views/diff_page.o
GENERATED := $(PAGES) $(BUILD)/profile.pb-c.o
OBJ  := $(SRC:%.c=$(BUILD)/%.o) $(GENERATED)
CORE := $(filter-out $(BUILD)/src/cli/main.o,$(OBJ))
SKEL := $(BUILD)/captrack.skel.h
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c))) \
        $(BUILD)/tests/unit/test_unwind_mutated $(BUILD)/tests/unit/test_profile_mutated
TEST_TOOLS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/*.c)))
FUZZ_SEEDS := $(patsubst tests/fuzz/seeds/%.s,$(BUILD)/tests/fuzz/seeds/%,$(wildcard tests/fuzz/seeds/*.s))

.DELETE_ON_ERROR:
.PHONY: all help test test-fuzz unit-tests bench check format install uninstall clean

all: $(BUILD)/captrack-bpf ## build build/captrack-bpf (the default)

help: ## this list
	@echo 'make targets (V=1 shows commands; CC, CLANG, BPFTOOL, PROTOC_C, CFLAGS, PREFIX, DESTDIR may be set):'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name text; do printf '  %-14s %s\n' "$$name" "$$text"; done

$(BUILD)/captrack-bpf: $(OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/src/%.o: src/%.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CT_CFLAGS) -MMD -MP -c -o $@ $<

# The pages of export -f html and diff --html: template, style and scripts in the order of the page's parts.
HTML := src/exports/html
PROFILE_PAGE := src/page/page.css $(HTML)/profile.css $(addprefix src/page/,format.js dom.js table.js) \
	$(addprefix $(HTML)/,model.js histogram.js summary.js timeline.js tree.js flame.js stacks.js details.js growth.js \
	threads.js main.js)
DIFF_PAGE := $(addprefix src/page/,page.css format.js dom.js table.js) \
	$(addprefix src/views/diff/,diff.css model.js flame.js main.js)

$(BUILD)/html/profile.html: $(HTML)/profile.html $(PROFILE_PAGE)
$(BUILD)/html/diff.html: src/views/diff/diff.html $(DIFF_PAGE)
$(BUILD)/html/profile.html $(BUILD)/html/diff.html: scripts/make-page Makefile
	$(call say,PAGE,$@)
	@mkdir -p $(@D)
	$(Q)scripts/make-page $(filter %.html %.css %.js,$^) > $@

$(BUILD)/src/exports/html_page.o: $(BUILD)/html/profile.html
$(BUILD)/src/views/diff_page.o: $(BUILD)/html/diff.html
$(PAGES): $(BUILD)/%.o: %.S Makefile
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -Wa,-I$(BUILD) -c -o $@ $<

# Only src/kernel includes the skeleton.
$(patsubst %.c,$(BUILD)/%.o,$(wildcard src/kernel/*.c)): $(SKEL)

# Messages of pprof's files, for src/exports.
$(BUILD)/profile.pb-c.c $(BUILD)/profile.pb-c.h &: src/exports/profile.proto Makefile
	$(call say,PROTO,$<)
	@mkdir -p $(@D)
	$(Q)$(PROTOC_C) --proto_path=$(<D) --c_out=$(BUILD) $<

$(BUILD)/profile.pb-c.o: $(BUILD)/profile.pb-c.c
	$(call say,CC,$<)
	$(Q)$(CC) $(CT_CFLAGS) -MMD -MP -c -o $@ $<

$(patsubst %.c,$(BUILD)/%.o,$(wildcard src/exports/*.c)): $(BUILD)/profile.pb-c.h

$(BUILD)/captrack.bpf.o: bpf/captrack.bpf.c Makefile
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

# bpftool drops what is not needed; the skeleton embeds the object in the program.
$(SKEL): $(BUILD)/captrack.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen object $(BUILD)/captrack.linked.bpf.o $<
	$(Q)$(BPFTOOL) gen skeleton $(BUILD)/captrack.linked.bpf.o name captrack > $@

$(BUILD)/tests/unit/%: tests/unit/%.c $(CORE) Makefile
	$(call say,TEST,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CT_CFLAGS) -MMD -MP -o $@ $< $(CORE) $(LIBS) -lcmocka

# Damaged unwind data and profiles: what reads them alone, with sanitizers where the compiler has them.
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_CFLAGS = $(filter-out -D_FORTIFY_SOURCE=2,$(CT_CFLAGS)) -g -O1 -Itests/fuzz -DPROFILES_DIR='"$(CURDIR)/tests/fuzz/profiles"'
PROFILE_FUZZ := tests/fuzz/use_profile.c tests/fuzz/mutate_json.c \
                $(wildcard src/*.c $(patsubst %,src/%/*.c,json profile calls compare symbols format page views exports cost))

# Those that this compiler has: a file of flags.
$(BUILD)/tests/fuzz/sanitizers: Makefile
	@mkdir -p $(@D)
	$(Q)echo 'int main(void) { return 0; }' | $(CC) $(SANITIZERS) -x c -o $@.try - 2>/dev/null && $@.try && \
		echo '$(SANITIZERS)' > $@ || echo > $@

$(BUILD)/tests/fuzz/seeds/%: tests/fuzz/seeds/%.s Makefile
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared -nostdlib -Wl,-z,noseparate-code,-z,lazy -o $@ $<

$(BUILD)/tests/unit/test_unwind_mutated: tests/fuzz/test_unwind_mutated.c tests/fuzz/read_rows.h tests/fuzz/must.h \
		$(wildcard src/unwind/*) include/captrack/unwind.h include/captrack/records.h $(FUZZ_SEEDS) \
		$(BUILD)/tests/fuzz/sanitizers
	$(call say,TEST,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FUZZ_CFLAGS) $$(cat $(BUILD)/tests/fuzz/sanitizers) -o $@ $(filter %.c,$^) $(LIBS) -lcmocka

$(BUILD)/tests/fuzz/objects/%.o: %.c $(BUILD)/tests/fuzz/sanitizers $(BUILD)/profile.pb-c.h
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FUZZ_CFLAGS) $$(cat $(BUILD)/tests/fuzz/sanitizers) -MMD -MP -c -o $@ $<

FUZZ_OBJ := $(patsubst %.c,$(BUILD)/tests/fuzz/objects/%.o,$(PROFILE_FUZZ) tests/fuzz/test_profile_mutated.c) \
            $(GENERATED)
$(BUILD)/tests/unit/test_profile_mutated: $(FUZZ_OBJ)
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $$(cat $(BUILD)/tests/fuzz/sanitizers) -o $@ $^ $(LIBS) -lcmocka

$(BUILD)/tests/fuzz/fuzz_unwind: tests/fuzz/fuzz_unwind.c tests/fuzz/read_rows.h tests/fuzz/must.h $(wildcard src/unwind/*) Makefile
	$(call say,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) $(SANITIZERS) -fsanitize=fuzzer -o $@ $(filter %.c,$^) $(LIBS)

$(BUILD)/tests/fuzz/fuzz_profile: tests/fuzz/fuzz_profile.c $(PROFILE_FUZZ) $(wildcard tests/fuzz/*.h \
		src/profile/*.h src/views/*.h src/exports/*.h include/captrack/*.h) $(GENERATED) Makefile
	$(call say,FUZZ,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -Wno-missing-field-initializers $(SANITIZERS) -fsanitize=fuzzer -o $@ $(filter %.c %.o,$^) $(LIBS)

test-fuzz: $(addprefix $(BUILD)/tests/fuzz/,fuzz_unwind fuzz_profile) $(FUZZ_SEEDS) ## damaged unwind data and profiles, 60 s each (clang)
	@mkdir -p $(BUILD)/tests/fuzz/corpus $(BUILD)/tests/fuzz/profiles
	$(Q)cd $(BUILD)/tests/fuzz && ./fuzz_unwind -max_total_time=60 -timeout=2 -rss_limit_mb=512 \
		-max_len=32768 -print_final_stats=1 corpus seeds
	$(Q)cd $(BUILD)/tests/fuzz && ./fuzz_profile -max_total_time=60 -timeout=5 -rss_limit_mb=1024 \
		-max_len=65536 -print_final_stats=1 profiles $(CURDIR)/tests/fuzz/profiles

unit-tests: $(UNIT)

test: all $(UNIT) $(TEST_TOOLS) ## everything that can run here: unit, known answers, real programs (root)
	$(Q)tests/run --build $(BUILD) $(ARGS)

$(TEST_TOOLS): $(BUILD)/tests/%: tests/%.c $(CORE) Makefile
	$(call say,TEST,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CT_CFLAGS) -MMD -MP -o $@ $< $(CORE) $(LIBS)

# With ARGS only what they ask for: ARGS=--quick, ARGS="--rows exact --columns 'pairs/*'"; --help has more.
bench: all $(BUILD)/tests/unwind_rows ## what profiling costs, beside the floor and other profilers; how many stacks are whole
	$(Q)tests/bench --build $(BUILD) $(ARGS)
	$(Q)$(if $(ARGS),:,tests/completeness.py --build $(BUILD))

check: all ## formatting, static analysis, the schema of profiles
	$(Q)scripts/check

format: ## reformat the sources
	$(Q)clang-format -i $$(git ls-files '*.c' '*.h' ':!vmlinux' ':!tests/targets')

install: all ## install to $(DESTDIR)$(PREFIX)
	install -D -m 0755 $(BUILD)/captrack-bpf $(DESTDIR)$(PREFIX)/bin/captrack-bpf
	install -D -m 0644 docs/captrack-bpf.1 $(DESTDIR)$(PREFIX)/share/man/man1/captrack-bpf.1
	install -D -m 0644 docs/profile.schema.json $(DESTDIR)$(PREFIX)/share/captrack-bpf/profile.schema.json

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/captrack-bpf $(DESTDIR)$(PREFIX)/share/man/man1/captrack-bpf.1 \
		$(DESTDIR)$(PREFIX)/share/captrack-bpf/profile.schema.json

clean: ## remove build/
	$(call say,CLEAN,$(BUILD))
	$(Q)rm -rf $(BUILD)

-include $(OBJ:.o=.d) $(UNIT:=.d) $(TEST_TOOLS:=.d) $(FUZZ_OBJ:.o=.d) $(BUILD)/captrack.bpf.d
