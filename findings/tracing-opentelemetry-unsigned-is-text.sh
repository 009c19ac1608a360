#!/bin/sh
# Libraries: tracing 0.1.44, tracing-opentelemetry 0.34.0, opentelemetry_sdk 0.33.1 (first looked at with these).
#
# A field of a span that is an unsigned number (u16, u64, usize, as the status of an HTTP answer in the `http` crate or any
# length are) becomes an attribute of the type text; a signed one becomes a number. The bridge has no way of its own for
# unsigned numbers, and takes them as it takes whatever only has a Debug form. So `http.response.status_code` is the text
# "503" at the collector, where the semantic conventions have an integer, and "greater than 499" finds nothing.
#
# Seen: `i64: I64(503)`, `u16: String(Owned("503"))`, `u64` and `usize` alike.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
unset RUSTFLAGS CARGO_TARGET_DIR CARGO_BUILD_TARGET
cat >Cargo.toml <<'TOML'
[package]
name = "program"
version = "0.0.0"
edition = "2024"
[dependencies]
tracing = "=0.1.44"
tracing-subscriber = { version = "=0.3.23", default-features = false, features = ["registry"] }
tracing-opentelemetry = { version = "=0.34.0", default-features = false }
opentelemetry = { version = "=0.33.1", default-features = false, features = ["trace"] }
opentelemetry_sdk = { version = "=0.33.1", default-features = false, features = ["trace", "testing"] }
TOML
mkdir src
cat >src/main.rs <<'RUST'
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use tracing::field::Empty;
use tracing_subscriber::layer::SubscriberExt;

fn main() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("program"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let span = tracing::info_span!("request", a_u16 = Empty, a_u64 = Empty, a_usize = Empty, an_i64 = Empty);
        span.record("a_u16", 503_u16);
        span.record("a_u64", 503_u64);
        span.record("a_usize", 503_usize);
        span.record("an_i64", 503_i64);
    });
    for attribute in &exporter.get_finished_spans().unwrap()[0].attributes {
        if attribute.key.as_str().starts_with('a') {
            println!("{}: {:?}", attribute.key, attribute.value);
        }
    }
}
RUST
cargo run --quiet | tee seen
grep -q '^an_i64: I64(503)$' seen
for kind in a_u16 a_u64 a_usize; do
	grep -q "^$kind: String(" seen
done
