//! Tests that can't be run everywhere. One that is left out says so: `skipped: NAME: REASON`.
//!
//! [`skip`] is for what the machine lacks, and fails in CI. [`leave`] is for what another run of the same suite tests: on
//! a database server or in a bucket. That CI has these runs, `tests/databases.sh` and the Makefile hold.

use std::io::Write;

/// Leaves out the test whose thread this is because the machine lacks something; where `CI` is set, that fails.
#[expect(clippy::disallowed_methods, reason = "it is told to the tests and is no setting")]
pub fn skip(reason: &str) {
    assert!(std::env::var_os("CI").is_none(), "in CI nothing may be left out: {reason}");
    leave(reason);
}

/// Leaves out the test whose thread this is because it is meant for another kind of run.
pub fn leave(reason: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a test");
    // Not `eprintln!`: the test harness keeps that of a test that passes to itself.
    let _ = writeln!(std::io::stderr(), "skipped: {name}: {reason}");
}
