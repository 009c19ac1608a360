//! Every integration test, in one program: it links once.
//!
//! Each test has a server of its own, on a real socket and a real file, and moves its clock instead
//! of sleeping.
//!
//! | tests | run on |
//! |---|---|
//! | all | SQLite and a folder |
//! | the modules of `tests/databases.filter`, and on MySQL of `tests/mysql.filter` | MariaDB and MySQL too (`tests/databases.sh`), in CI all others before a release |
//! | `v1::attachments`, `v1::media`, `v1::avatars`, `v1::export` | files in a bucket, and in a bucket behind the server, too |
//! | `cluster::` and `garage::`, ignored elsewhere | machines that have what they need |
//!
//! A test that can't be run here says `skipped: NAME: REASON` on standard error ([`skip`]), and fails where `CI` is set if
//! the machine lacks what it needs.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on fails; clippy lets only functions with #[test] by itself"
)]

mod access;
mod apis;
mod backup;
mod bucket;
mod cluster;
mod conformance;
mod connections;
mod database;
mod desktop;
mod dialects;
mod doctor;
mod embed;
mod faults;
mod garage;
mod kyte;
mod layers;
mod migrations;
mod mimu;
mod nodes;
mod openapi;
mod operations;
mod others;
mod process;
mod relay;
mod restart;
mod schema;
mod server;
mod site;
mod sizes;
mod skip;
mod small_disk;
mod store;
mod tls;
mod traces;
mod traffic;
mod unet;
mod upgrade;
mod v1;
