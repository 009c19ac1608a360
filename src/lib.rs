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
//! **Changes are atomic and happen once.** A change is one `UnitOfWork`: write, announce, commit. The
//! idempotency key of a request is written in the same transaction. Announced events are delivered after
//! the commit and only then.
//!
//! **Several nodes** may share a database. The subscribers of a stream on a node know up to which
//! sequence number events were delivered (`hub::subscribers`). A node delivers its own events as they are
//! committed; of other nodes' events it learns only that there are some, over NATS or by polling, and reads
//! them from the log (`messenger::live::gap_fill`). Node numbers, and the jobs that run once for all nodes,
//! are leases (`messenger::live::nodes`).
//!
//! Two decisions differ from what one might expect:
//! - Events name what they are about, and what it says is read when they are replayed: what was
//!   deleted is nowhere any more, and a message is kept once.
//! - `post` is a method of the caller and not of a member, because the rights of all posts that are
//!   written together are asked for in one question.

//!
//! # Embedding
//!
//! A poem program can serve Besedka next to its own routes, at the root or under a prefix:
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mut config = besedka::Config::default();
//! config.data.data_dir = "data".into();
//! config.public_url = Some("https://example.org/chat".to_owned());
//! let besedka = besedka::Server::open(config).await?;
//! let app = poem::Route::new().nest("/chat", besedka.endpoint());
//! poem::Server::new(poem::listener::TcpListener::bind("127.0.0.1:8080")).run(app).await?;
//! besedka.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! `examples/embed.rs` is a whole program, with a graceful stop. [`Server::start`] serves a listener of its own instead,
//! as `besedka serve` does. [`Config::default`] has the defaults of the command line and reads no environment variables.
//! One program may open several servers, each on a data folder of its own. The program sets up logging.
//!
//! **Under a prefix, set `public_url` with its path.** These begin with it: the address in upload forms, links to files
//! and exports, invitation links, all addresses in answers of the dialects, the server addresses in OpenAPI documents,
//! and the links of the documentation pages. API calls, the WebSockets and health checks work without it. `avatar_url`
//! in the native API is always a path from the server's root (`/api/v1/avatars/…`): put the prefix before it.
//!
//! What does not work, or differs, in an embedded server:
//! - The web client works at the root only: its page loads under a prefix, but calls `/api/v1` without it.
//! - Kyte's Socket.IO clients connect by polling, not by WebSocket: poem passes the upgrade only to its own WebSockets.
//! - Limits on connections and the timeout for request headers are those of the program's server.
//! - A response counts as delivered when it is made, which Mimu's detection of repeated messages relies on.
//! - Two servers under two prefixes of one host share the name of the session cookie: sign in by token there.

pub mod cli;
pub mod config;
pub mod server;
pub mod web;

pub use config::Config;
pub use server::{Running, Server, StartError};

pub use besedka_api as api;
pub use besedka_core::{files, hub, integrations, messenger, model, store};
