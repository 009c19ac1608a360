//! Besedka: a messenger that a team hosts itself, in one file.
//!
//! ```text
//! besedka         main ─ cli ─ server ─ config       the program
//!                         │            └ web         the embedded client
//! besedka-api     v1    kyte  mimu  unet  desktop    translation between protocols and the messenger
//!                         │
//! besedka-core    messenger                          the rules, and who may do what
//!                 store  files  hub  integrations    database, file storage, live delivery, external services
//!                 model                              plain data
//! ```
//!
//! Imports point down only, without circles; `tests/suite/layers.rs` holds that. The folders of the messenger have an
//! order, too: `foundation`, `files`, `accounts`, `chats`, `messages`; then `live`, `search`, `assistant`, `meetings`,
//! `portability` and `administration`; then `bots`, `webhooks` and `notifications`; last `jobs`.
//!
//! **One message, from the socket to the disk and back.** `server::accept` reads a request and `api::v1` translates it.
//! [`messenger::Caller::post`] sends it to the one task that writes posts. That task takes all waiting posts and reads
//! the used idempotency keys, the rights and the files of all of them with one query each, reserves a run of sequence
//! numbers in each chat, and inserts messages, events and keys with one statement each. With SQLite a message is its own
//! event and has the key, and statements that return nothing travel to SQLite's thread together. The store's writer commits
//! this together with what else is waited for, so the disk is flushed once; background work is committed by itself, when
//! nobody waits, and checkpoints are made beside the writer. Only then the sender gets its response, and a task of its own hands the event to the [`hub`], in the order
//! of commits, which puts it into the queues of the subscribers while more is written. Each connection writes all that
//! waits in its queue at once; an event is serialised once.
//!
//! **The promise**: an acknowledged message is on the disk, and reaches every member exactly once and in order. Every
//! chat, and every user, has a stream; each change takes the stream's next `seq` in its own transaction, so the order of
//! commits is the order of the stream. A client that was offline reads everything after a cursor, over HTTP or on the
//! WebSocket.
//!
//! **The search index** is built in the background. With SQLite it is a file of its own beside the database, with a writer
//! of its own, so that posts never wait for it: it can be built again from the messages, and is when it is missing,
//! damaged or of another database. A search finds candidates in it and reads each message in the database, so what was
//! deleted is not found from that moment on. With MySQL it is in the database, which all nodes share.
//!
//! **Changes are atomic and happen once.** A change is one `UnitOfWork`: write, announce, commit. The idempotency key of
//! a request is written in the same transaction. Announced events are delivered after the commit and only then.
//!
//! **Rights are types.** A [`messenger::Visitor`] may sign in; a [`messenger::Caller`] is signed in; a
//! [`messenger::Membership`] is a caller in a chat, and gives out what moderators and owners may do; what is done with a
//! message needs a `MessageInChat`, which is found only if the caller can see it; the operator's verbs need a
//! [`messenger::Operator`], which only the command line opens.
//!
//! **Several nodes** may share a database. The subscribers of a stream on a node know up to which
//! sequence number events were delivered (`hub::subscribers`). A node delivers its own events as they are
//! committed; of other nodes' events it learns only that there are some, over NATS or by polling, and reads
//! them from the log (`messenger::live::gap_fill`). Node numbers, and the jobs that run once for all nodes,
//! are leases (`messenger::live::nodes`).
//!
//! Two decisions differ from what one might expect:
//! - Events contain ids, and the data is read when they are replayed: deleted data is gone from the log, and a message
//!   is stored once.
//! - `post` is a method of the caller and not of a membership, because the rights of all posts that are written together
//!   are read with one query.
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
pub use besedka_core::{backup, files, hub, integrations, messenger, model, store};
