# make run    build what changed and start Besedka
# make test   everything that CI asks: lint, tests, the release binary, the browser
# make test-databases   of that: the tests that ask the database, on MariaDB and on MySQL; ten minutes
# make test-garage   those of a bucket once more, on Garage, which is built first: a quarter of an hour
# make faults  nodes, databases, NATS and buckets that fail under load, each a process of its own; five minutes
# make lint   formatting, clippy, eslint, shell scripts, licences
# make bench  how fast it is
# make gen    the API documents and the web client's types, from the code
# Each installs what this machine lacks. What is longer than a line is a script in tests/.

.PHONY: run release test lint test-rust test-databases test-garage faults test-web test-release test-browser bench gen web deps clean
.DELETE_ON_ERROR:

HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
BIN := $(or $(CARGO_TARGET_DIR),target)/$(HOST)/release/besedka
LOCKED := $(if $(CI),--locked)
MODULES := web/node_modules/.package-lock.json
# Tests for which the database makes no difference; of other APIs than v1, those that go through all of them do.
SAME := $(addprefix --skip ,faults:: site:: openapi:: layers:: kyte:: mimu:: unet:: desktop::)
GARAGE := $(abspath $(or $(CARGO_TARGET_DIR),target))/garage
FILES := v1::attachments v1::media v1::avatars v1::export
# Folders too: one changes when a file in it goes.
SOURCES := $(shell find web/src web/docs web/public 2>/dev/null) \
	$(wildcard web/*.html web/*.json web/*.ts web/*.js)

run: release
	@$(BIN) serve

release: web
	@tests/deps.sh rust
	cargo build --release $(LOCKED)

# One after the other: the compiler fills every core by itself. What fails soonest comes first.
test: deps lint test-web test-rust test-databases test-release test-browser

lint: $(MODULES)
	@tests/deps.sh rust shell
	cargo fmt --check
	shellcheck install.sh .ci/run tests/*.sh tests/bench/run
	cd web && npm run lint
	cargo clippy --all-targets $(LOCKED) -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check licenses bans sources; fi

test-web: web
	cd web && npm test

test-rust:
	@tests/deps.sh rust bus
	cargo test $(LOCKED)
	@# What has to do with files once more, with files in a bucket, and in one behind the server.
	BESEDKA_TEST_STORAGE=bucket cargo test $(LOCKED) --test suite -- $(FILES)
	BESEDKA_TEST_STORAGE=behind cargo test $(LOCKED) --test suite -- $(FILES)

# The same tests on other databases. CI must have both; a developer's machine may lack one, and hears of it.
test-databases:
	@tests/deps.sh rust
	@tests/deps.sh databases || true
	tests/databases.sh with mariadb cargo test $(LOCKED) --test suite -- $(SAME)
	tests/databases.sh with mysql cargo test $(LOCKED) --test suite -- $(SAME)

# Not a part of CI: Garage is as large as Besedka to build.
test-garage: release
	@tests/deps.sh browser
	cargo install garage --version 2.5.0 --locked --no-default-features --features bundled-libs,sqlite --debug \
		--root $(GARAGE)
	tests/garage.sh $(GARAGE)/bin/garage cargo test $(LOCKED) --test suite -- --ignored garage::
	tests/garage.sh $(GARAGE)/bin/garage tests/with-server.sh $(BIN) tests/browser.sh e2e/files.test.mjs

# One after the other: each has nodes, a database, NATS, a bucket and HAProxy to itself.
faults:
	@tests/deps.sh rust bus databases balancer
	cargo test $(LOCKED) --test suite -- --ignored cluster:: --test-threads 1

test-release: release
	tests/release.sh $(BIN)

test-browser: release
	@tests/deps.sh browser
	tests/with-server.sh $(BIN) tests/browser.sh

bench: release
	@tests/deps.sh bus
	tests/bench/run $(BIN)

gen: $(MODULES)
	cargo run $(LOCKED) -- openapi --write openapi/
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
