#!/bin/sh
# Library: sqlx 0.9.0 with its SQLite driver, flume 0.12.0 and tokio 1.54.1 (crates.io).
#
# SQLite's thread passes each row, and for each statement of a query with several statements its outcome, through a bounded
# channel, and wakes the task that waits as soon as one is there. The task runs, finds nothing further, and waits again, so
# `execute` of forty statements that return nothing is woken some forty times, although it has nothing to do before the
# last. `row_buffer_size` looks like the remedy and is none: it bounds how far the thread may be ahead, and never makes it
# wait until there is more to pass on. On a runtime of several threads each wake is a trip through the kernel and often
# wakes a second, idle worker too. The same rows as one JSON value, or the same work as one statement, wake it once.
#
# Seen: forty statements of a millisecond or so each: polled about forty times, with a buffer of 1 and of 1,000 alike; one
# statement that does all of it: polled two or three times.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
flume = "=0.12.0"
sqlx = { version = "=0.9.0", default-features = false, features = ["runtime-tokio", "sqlite"] }
tokio = { version = "=1.54.1", features = ["rt"] }
TOML
cat >src/main.rs <<'RUST'
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::{future::Future, pin::pin, task::Poll};

/// Awaits a future, and counts how often it is polled.
async fn polls<F: Future>(future: F) -> (usize, F::Output) {
    let (mut future, mut count) = (pin!(future), 0);
    let output = std::future::poll_fn(|context| {
        count += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(output),
            Poll::Pending => Poll::Pending,
        }
    });
    let output = output.await;
    (count, output)
}

const MANY: usize = 40;

fn fill(rows: usize) -> String {
    format!("INSERT INTO one WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT {rows}) SELECT n FROM n")
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for buffer in [1, 1_000] {
            let options = SqliteConnectOptions::new().in_memory(true).row_buffer_size(buffer);
            let mut connection = options.connect().await.unwrap();
            sqlx::query("CREATE TABLE one (n)").execute(&mut connection).await.unwrap();
            let statements = vec![fill(5_000); MANY].join(";");
            for (what, sql) in [("forty statements", statements), ("one statement", fill(5_000 * MANY))] {
                let (count, done) = polls(sqlx::query(AssertSqlSafe(sql)).execute(&mut connection)).await;
                assert_eq!(done.unwrap().rows_affected(), 5_000 * MANY as u64);
                println!("buffer of {buffer}, {what}: polled {count} times");
                assert!(if what == "one statement" { count < 5 } else { count > MANY / 2 });
            }
            connection.close().await.unwrap();
        }
    });
}
RUST
cargo run --quiet
