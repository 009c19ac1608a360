//! Keeping: every SQL statement of the messenger, written once in sea-query for SQLite and MySQL.
//!
//! Each function is named after its question and takes the connection that answers it ([`Executor`]). A missing row is
//! `None`.

mod columns;
mod db;
mod migrations;
pub mod moving;
mod mysql;
mod schema;
mod unread;
mod writer;

pub mod accounts;
pub mod assistant;
pub mod attachments;
pub mod bans;
pub mod blocks;
pub mod bookmarks;
pub mod channels;
pub mod chat_list;
pub mod chat_names;
pub mod chats;
pub mod deletions;
pub mod drafts;
pub mod edits;
pub mod events;
pub mod google_tokens;
pub mod hidden;
pub mod history;
pub mod idempotency;
pub mod invites;
pub mod leases;
pub mod links;
pub mod marks;
pub mod media;
pub mod members;
pub mod mentions;
pub mod messages;
pub mod pins;
pub mod polls;
pub mod previews;
pub mod reactions;
pub mod scheduled;
pub mod search;
pub mod sessions;
pub mod sign_in_codes;
pub mod storage;
pub mod streams;
pub mod topics;
pub mod unheard;
pub mod users;

pub use db::{Db, Executor, Row, Tx};
pub use migrations::{Standing, Tables};

pub type Result<T> = std::result::Result<T, Error>;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A row with such a key is there already.
    #[error("the key is taken")]
    Taken,
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// Another change was in the way, or the connection was lost before the end: nothing was written, and it may be
    /// tried again at once.
    #[error("another change was in the way")]
    Again,
    /// It refused for now; nobody knows whether anything was written.
    #[error("the database is not available")]
    Unavailable,
    /// The server is stopping.
    #[error("the database is closed")]
    Closed,
    /// It will not do; the sentence says why.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Failed(sqlx::Error),
}
