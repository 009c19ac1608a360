#!/bin/sh
# Tool: cargo and rustc 1.95.0.
#
# Two checkouts of one package (two clones, or worktrees of git) with a common CARGO_TARGET_DIR have the same artifacts: of a path,
# cargo hashes only what comes after the workspace's folder, and what is fresh it tells by the times of the files. So whichever
# was checked out before the other was built counts as built: `cargo run` there runs the other one's program, and `cargo check`
# and `cargo test` say `Finished` about code that was never compiled. No line says where the artifacts come from.
#
# Seen: in `second`, whose program prints "second", `cargo run` prints "first"; after its source is touched, "second".
set -eu
cargo --version | grep -q '^cargo 1\.95\.0 ' || { echo "this is not cargo 1.95.0" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for checkout in first second; do
    mkdir -p $checkout/src
    printf '[package]\nname = "probe"\nversion = "0.1.0"\nedition = "2024"\n' >$checkout/Cargo.toml
    echo "fn main() { println!(\"$checkout\") }" >$checkout/src/main.rs
done
unset RUSTFLAGS RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER
export CARGO_TARGET_DIR="$folder/target"
ran() { cargo run --quiet --manifest-path "$1/Cargo.toml"; }
[ "$(ran first)" = first ] || { echo "the first checkout does not run itself" >&2; exit 1; }
[ "$(ran second)" = first ] || { echo "the second checkout runs its own program: this has changed" >&2; exit 1; }
touch second/src/main.rs
[ "$(ran second)" = second ] || { echo "a touched file is not compiled: this has changed" >&2; exit 1; }
echo "as described: the second checkout ran the program of the first until its source was touched"
