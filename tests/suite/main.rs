//! Every integration test, in one program: it links once.
//!
//! Each test has a server of its own, on a real socket and a real file, and moves its clock instead
//! of sleeping.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on fails; clippy lets only functions with #[test] by itself"
)]

mod access;
mod bucket;
mod cluster;
mod database;
mod desktop;
mod dialects;
mod embed;
mod faults;
mod garage;
mod kyte;
mod layers;
mod migrations;
mod mimu;
mod nodes;
mod openapi;
mod others;
mod process;
mod relay;
mod restart;
mod schema;
mod server;
mod site;
mod store;
mod unet;
mod v1;
mod witness;
mod worlds;
