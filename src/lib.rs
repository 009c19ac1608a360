//! Besedka: a messenger that a team hosts itself, in one file.
//!
//! ```text
//!           main ─ server ─ cli                 joins everything
//!              │
//!     api/v1    api/<dialect> …   web           front doors: translate, nothing else
//!              └──────┬──────┘
//!                 messenger                     what the messenger does, and who may
//!         ┌──────┬──┴──┬──────┐
//!       store  files  hub  integrations         database, file storage, live delivery, external services
//!         └──────┴──┬──┴──────┘
//!                   model                       what things are
//! ```
//!
//! Arrows point down only; `tests/suite/layers.rs` holds that.
//!
//! **One message, from the socket to the disk and back.** `server::accept` reads a request and
//! `api::v1` takes it apart. [`messenger::Caller::post`] hands it to the one task that writes posts;
//! that takes all that wait and asks, in one question each, for used keys, rights and files, gives
//! each its place in its chat, and writes messages, events and keys in one statement each. The
//! store's writer commits this together with whatever else waits: the disk is asked once. Only then
//! the [`hub`] pushes the event into the queues of those who listen, and the sender has its answer.
//! Each connection writes all that waits for it in one go; the text of an event is made once.
//!
//! **The promise**: a message that was acknowledged is on the disk, and reaches every member exactly
//! once and in order. Every chat, and every user, has a stream; each change takes the stream's next
//! `seq` in its own transaction, so the order of commits is the order of the stream. Who was away
//! asks for everything after a cursor, over HTTP or on the socket.
//!
//! **Nothing happens twice, nothing half.** A change is one `Work`: write, announce, commit. The
//! idempotency key of a request is written in the same commit. What is announced is told after the
//! commit and only then.
//!
//! **Many nodes** share a database. Each stream's listeners on a node form an audience that knows how
//! far it was told (`hub::audience`): a node tells its own changes as they are committed, and of others'
//! it hears only that there are some, by NATS or by looking, and reads them from the log
//! (`messenger::telling`). Numbers, and the jobs that are done once, are leases (`messenger::nodes`).
//!
//! Two decisions differ from what one might expect:
//! - Events name what they are about, and what it says is read when they are replayed: what was
//!   deleted is nowhere any more, and a message is kept once.
//! - `post` is a method of the caller and not of a member, because the rights of all posts that are
//!   written together are asked for in one question.

pub mod cli;
pub mod config;
pub mod server;
pub mod web;

pub use besedka_api as api;
pub use besedka_core::{files, hub, integrations, messenger, model, store};
