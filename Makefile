# make run        builds what changed and starts Besedka
# make test       everything that CI runs: lint, tests on SQLite, MariaDB and MySQL, the browser
# make test-all   also the whole suite on MariaDB and MySQL, Garage, and the fault tests; over an hour
# make faults     nodes, databases, NATS and buckets that fail under load, each a process of its own; five minutes
# make lint       formatting, clippy, eslint, shell scripts, links between texts, licences
# make release    the binary to install: optimised across crates, smaller and faster, and slow to build
# make dist       the archives that people download, for both processors: slower still, and needs a compiler for ARM
# make bench      how fast it is
# make bench-vs   how fast it is compared with another commit: make bench-vs REV=v0.1.0
# make desktop    the desktop app as a Debian package; make desktop-windows: as a setup program
# make test-desktop  its tests, and the app itself under Xvfb against a server; CI runs it only when it changed
# make test-desktop-windows  its setup program, and the app as far as it gets without WebView2, under Wine
# make bench-desktop  how fast it starts and delivers, and how much memory it needs
# make test-desktop-deb  its package installed, started and removed in a fresh Debian, as root
# make gen        the API documents and the web client's types, from the code
# Each installs what this machine lacks. What is longer than a line is a script in tests/.

.PHONY: run quick tested release dist test test-all lint test-rust test-bucket test-databases test-databases-all test-mariadb test-mysql \
	test-garage test-hooks test-clients faults test-web test-binary test-browser test-package bench bench-vs gen web deps clean \
	desktop desktop-windows desktop-pages test-desktop test-desktop-deb \
	test-desktop-windows lint-desktop bench-desktop
.DELETE_ON_ERROR:

HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
TARGET := $(or $(CARGO_TARGET_DIR),target)
# One build serves `make run`, the suite and the browser tests: the profile `quick` in Cargo.toml.
QUICK := $(TARGET)/$(HOST)/quick/besedka
RELEASE := $(TARGET)/$(HOST)/dist/besedka
LOCKED := $(if $(CI),--locked)
CARGO_TEST := $(shell if cargo nextest --version >/dev/null 2>&1; \
	then echo cargo nextest run --config-file tests/nextest.toml --cargo-profile quick; else echo cargo test --profile quick; fi) $(LOCKED) --workspace
# The same binary for tests that start it. Tests ask for more features of some libraries: with the example these are
# chosen here too, and nothing is compiled a second time after the suite.
# In CI the benchmark too, which is not run but linted (.ci/run).
BUILD_TESTED := cargo build --profile quick $(LOCKED) --workspace --bin besedka --example embed $(if $(CI),--bench load)
MODULES := web/node_modules/.package-lock.json
# The modules of the suite whose SQL or locking differs from one database to another.
mariadb_TESTS = $(shell grep -v '^\#' tests/databases.filter)
mysql_TESTS = $(mariadb_TESTS) $(shell grep -v '^\#' tests/mysql.filter)
# Tests for which the database makes no difference.
SAME := $(addprefix --skip ,site:: openapi:: layers:: kyte:: mimu:: unet:: desktop::)
BUCKET_TESTS := v1::attachments v1::media v1::avatars v1::export
# The engines run side by side where there are two cores for each.
ENGINES_AT_ONCE := $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n / 2 > 0 ? n / 2 : 1)))
GARAGE := $(abspath $(TARGET))/garage
# Folders too: one changes when a file in it goes.
SOURCES := $(shell find web/src web/docs web/public web/scripts docs 2>/dev/null) \
	$(wildcard web/*.html web/*.json web/*.ts web/*.js)

run: quick
	@$(QUICK) serve

quick: web
	@tests/deps.sh rust
	cargo build --profile quick $(LOCKED)

tested: web
	@tests/deps.sh rust
	$(BUILD_TESTED)

release: web
	@tests/deps.sh rust
	cargo build --profile dist $(LOCKED)
	tests/release.sh $(RELEASE)

# Named targets: a build for this machine's own processor has the same path as one for another.
DIST_TARGETS := x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER ?= aarch64-linux-gnu-gcc

dist: $(DIST_TARGETS:%=dist-%)

.PHONY: $(DIST_TARGETS:%=dist-%)
$(DIST_TARGETS:%=dist-%): dist-%: web
	@tests/deps.sh rust $(if $(filter $*,$(HOST)),,cross)
	@[ "$*" = "$(HOST)" ] || rustup target add $*
	cargo build --profile dist --locked --target $*
	deploy/release/pack.sh $(TARGET)/$*/dist/besedka $* $(TARGET)/dist

# One after the other: the compiler fills every core by itself. What fails soonest comes first.
test:
	@tests/stages.sh deps lint test-web test-rust test-bucket test-databases test-binary test-browser

test-all: test test-databases-all faults test-garage

lint: $(MODULES)
	@tests/deps.sh rust shell
	cargo fmt --all --check
	cargo fmt --manifest-path desktop/Cargo.toml --all --check
	shellcheck install.sh .ci/run tests/*.sh deploy/release/*.sh tests/bench/run tests/bench/versus desktop/*.sh desktop/package/*.sh \
		desktop/tests/windows/*.sh
	cd web && npm run lint
	node tests/links.mjs
	@# The profile of the tests: build scripts and macros are compiled once for both. In CI clippy compiles the tests itself.
	[ "$$RUSTC_WORKSPACE_WRAPPER" = clippy-driver ] || \
		cargo clippy --workspace --all-targets --profile quick $(LOCKED) -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check licenses bans sources; fi

test-web: web
	cd web && npm test

test-rust: web
	@tests/deps.sh rust bus tls backup
	$(CARGO_TEST)
	cargo test --profile quick $(LOCKED) --workspace --doc

# Files once more, in a bucket and in one behind the server.
test-bucket: web
	BESEDKA_TEST_STORAGE=bucket $(CARGO_TEST) --test suite -- $(BUCKET_TESTS)
	BESEDKA_TEST_STORAGE=behind $(CARGO_TEST) --test suite -- $(BUCKET_TESTS)

# CI must have both engines; a developer's machine may lack one, and hears of it.
test-databases: web
	@tests/deps.sh rust backup
	@tests/deps.sh databases || true
	@$(MAKE) --no-print-directory -j$(ENGINES_AT_ONCE) test-mariadb test-mysql

test-mariadb test-mysql: test-%:
	tests/databases.sh with $* $(CARGO_TEST) --test suite -- $($*_TESTS)

test-databases-all: web
	@tests/deps.sh rust databases backup
	tests/databases.sh with mariadb $(CARGO_TEST) --test suite -- $(SAME)
	tests/databases.sh with mysql $(CARGO_TEST) --test suite -- $(SAME)

# Not a part of CI: Garage is as large as Besedka to build.
test-garage: tested
	@tests/deps.sh browser
	cargo install garage --version 2.5.0 --locked --no-default-features --features bundled-libs,sqlite --debug \
		--root $(GARAGE)
	tests/garage.sh $(GARAGE)/bin/garage $(CARGO_TEST) --test suite -- --ignored garage::
	tests/garage.sh $(GARAGE)/bin/garage tests/with-server.sh $(QUICK) tests/browser.sh e2e/files.test.mjs

# Not a part of CI: it installs published programs.
test-hooks: tested
	tests/hooks.sh $(QUICK)

# Not a part of CI: the generators come from the package registries.
test-clients: tested
	tests/with-server.sh $(QUICK) tests/clients.sh

# One after the other: each has nodes, a database, NATS, a bucket and HAProxy to itself.
faults: web
	@tests/deps.sh rust bus databases balancer
	cargo test --profile quick $(LOCKED) --workspace --test suite -- --ignored cluster:: --test-threads 1

# Packages of proxies start services where there is systemd: a developer decides about that.
test-binary: tested
	tests/binary.sh $(QUICK)
	@[ -z "$(CI)" ] || tests/deps.sh deploy
	tests/dist.sh $(QUICK)
	tests/install.sh $(QUICK)
	tests/proxies.sh $(QUICK)

test-browser: tested
	@tests/deps.sh browser
	tests/with-server.sh $(QUICK) tests/browser.sh

# The package for other sites: packed, installed into a fresh application, type-checked, and opened from another origin.
test-package: tested
	@tests/deps.sh browser
	cd web && npm run build:package
	BESEDKA_TEST_ORIGINS=http://127.0.0.1:5279 tests/with-server.sh $(QUICK) tests/browser.sh e2e/package/embed.test.mjs

# The app is a workspace of its own, with a folder of its own to build in. The webview is a library of the system:
# the server's flags for a static binary are set aside.
DESKTOP := RUSTFLAGS= CARGO_TARGET_DIR=$(or $(CARGO_TARGET_DIR),$(abspath desktop/target)) cargo
DESKTOP_OUT := $(or $(CARGO_TARGET_DIR),desktop/target)
WINDOWS := x86_64-pc-windows-gnu

desktop-pages: web
	desktop/pages.sh

desktop: desktop-pages
	@tests/deps.sh rust desktop
	cd desktop && $(DESKTOP) build --release $(LOCKED)
	desktop/package/deb.sh $(DESKTOP_OUT)/$(HOST)/release/besedka-desktop desktop/out

desktop-windows: desktop-pages
	@tests/deps.sh rust desktop-windows
	rustup target add $(WINDOWS)
	cd desktop && $(DESKTOP) build --release $(LOCKED) --target $(WINDOWS)
	desktop/package/windows.sh $(DESKTOP_OUT)/$(WINDOWS)/release/besedka-desktop.exe desktop/out

lint-desktop: desktop-pages
	@tests/deps.sh rust desktop
	cd desktop && $(DESKTOP) clippy --workspace --all-targets $(LOCKED) -- -D warnings

# SERVER is the binary to test against. The app is built with a key of the tests, which sign updates with its other half.
SERVER ?= $(QUICK)
UPDATE_KEY := $(DESKTOP_OUT)/update-test
WITH_KEY = DESKTOP_UPDATE_KEY=$$(tail -n 1 $(abspath $(UPDATE_KEY)).pub)
test-desktop: desktop-pages $(if $(filter $(QUICK),$(SERVER)),tested)
	@tests/deps.sh rust desktop
	@mkdir -p $(DESKTOP_OUT)
	@[ -f $(UPDATE_KEY).key ] || minisign -G -W -p $(UPDATE_KEY).pub -s $(UPDATE_KEY).key >/dev/null
	cd desktop && $(WITH_KEY) $(DESKTOP) test --workspace $(LOCKED)
	cd desktop && ../tests/with-server.sh $(abspath $(SERVER)) \
		env $(WITH_KEY) $(DESKTOP) test -p besedka-desktop-core $(LOCKED) --test server -- --ignored
	cd desktop && $(WITH_KEY) $(DESKTOP) build $(LOCKED)
	UPDATE_KEY=$(UPDATE_KEY).key desktop/test.sh $(SERVER) $(DESKTOP_OUT)/$(HOST)/debug/besedka-desktop

bench-desktop: desktop $(if $(filter $(QUICK),$(SERVER)),tested)
	desktop/test.sh $(SERVER) $(DESKTOP_OUT)/$(HOST)/release/besedka-desktop desktop/tests/figures.test.mjs

test-desktop-deb: desktop
	@tests/deps.sh desktop-deb
	desktop/package/test-deb.sh $$(ls -t desktop/out/besedka-desktop_*.deb | head -n 1)

# The programs of the tests in Rust run there, too.
test-desktop-windows: desktop-windows
	@tests/deps.sh wine
	cd desktop && $(DESKTOP) test --workspace --lib --bins --no-run $(LOCKED) --target $(WINDOWS)
	cp $(DESKTOP_OUT)/$(WINDOWS)/debug/WebView2Loader.dll $(DESKTOP_OUT)/$(WINDOWS)/debug/deps/
	cd desktop && package/test-windows.sh $$(ls -t out/besedka-desktop_*-setup.exe | head -n 1) \
		$$($(DESKTOP) test --workspace --lib --bins --no-run $(LOCKED) --target $(WINDOWS) 2>&1 | \
			sed -n 's/.*Executable unittests .*(\(.*\))/\1/p')

bench: release
	@tests/deps.sh bus
	tests/bench/run $(RELEASE)

bench-vs: release
	tests/bench/versus $(RELEASE) $(or $(REV),$(error REV=COMMIT is missing)) $(BENCH)

# With the client as it was built last: its code may need the new types before it can be built again.
gen: $(MODULES)
	@[ -f web/dist/index.html ] || $(MAKE) --no-print-directory web
	$(BUILD_TESTED)
	$(QUICK) openapi --write openapi/
	cd web && npm run gen

web: web/dist/index.html

web/dist/index.html: $(MODULES) $(SOURCES)
	cd web && npm run build
	@touch $@

# Without scripts: nothing here needs one, and one of them would report the installation.
$(MODULES): web/package-lock.json
	@tests/deps.sh web
	cd web && npm ci --ignore-scripts
	@touch $@

deps:
	@tests/deps.sh rust bus web browser shell

clean:
	rm -rf target web/dist web/node_modules
