//! The database: every SQL statement of the messenger, written once with sea-query for SQLite and MySQL.
//!
//! Each function is named after what it selects or changes, and takes an [`Executor`]. A missing row is `None`.

mod checkpoint;
mod columns;
pub mod database_copy;
mod db;
mod migration_trial;
mod migrations;
mod mysql;
mod pool;
mod readers;
mod recorded_migrations;
mod schema;
mod sqlite_file;
mod template;
mod unread;
mod writer;

pub mod accounts;
pub mod assistant;
pub mod attachments;
pub mod audit;
pub mod backups;
pub mod bans;
pub mod blocks;
pub mod bookmarks;
pub mod bots;
pub mod channels;
pub mod chat_list;
pub mod chat_names;
pub mod chats;
pub mod deletions;
pub mod drafts;
pub mod edits;
pub mod events;
pub mod google_tokens;
pub mod groups;
pub mod hidden;
pub mod history;
pub mod idempotency;
pub mod incoming_webhooks;
pub mod invites;
pub mod leases;
pub mod links;
pub mod marks;
pub mod measures;
pub mod media;
pub mod members;
pub mod mentions;
pub mod messages;
pub mod outgoing_mail;
pub mod outgoing_webhooks;
pub mod pins;
pub mod polls;
pub mod previews;
pub mod push;
pub mod reactions;
pub mod reports;
pub mod retention;
pub mod scheduled;
pub mod search;
pub mod search_file;
pub mod sessions;
pub mod settings;
pub mod sign_in_codes;
pub mod snapshot;
pub mod storage;
pub mod streams;
pub mod sync_cursors;
pub mod topics;
pub mod unacknowledged;
pub mod users;
pub mod webhook_deliveries;

pub use db::{Db, Executor, Row, Tx};
pub use migration_trial::{MigrationTrial, PendingMigration, PlannedCopy, TrialOutcome};
pub use migrations::{MigrationStatus, Tables};
pub use snapshot::Engine;
pub use writer::Priority;

pub type Result<T> = std::result::Result<T, Error>;

/// A database error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A row with this key exists already.
    #[error("the key is taken")]
    Taken,
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// A conflict with another transaction, or the connection was lost before the commit: nothing was written, and it may
    /// be retried at once.
    #[error("there was a conflict with another transaction")]
    Again,
    /// It is not available at the moment; whether anything was written is unknown.
    #[error("the database is not available")]
    Unavailable,
    /// The server is stopping.
    #[error("the database is closed")]
    Closed,
    /// The database cannot be used; the text says why.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Failed(sqlx::Error),
}
