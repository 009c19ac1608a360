//! The file with SQLite's full-text index, beside the database: `besedka-search.db` for `besedka.db`.
//!
//! It has a writer of its own, so that indexing never delays what people wait for. Everything in it can be built again
//! from the messages, so its commits are not flushed to the disk one by one, and no backup contains it.
//!
//! **Whether the file belongs to the database** is decided when a server opens it: the database remembers a random
//! token, which the file must hold, and a new one is made at each start. So neither the file of another database belongs
//! to it, nor that of an earlier or later copy of the same one. A file that does not belong to it, is damaged, or has
//! tables of another version is deleted, and an empty one takes its place.

use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor as _, SqliteConnection};
use uuid::Uuid;

use super::readers::{self, Readers};
use super::writer::{self, Writer};
use super::{Error, Result, pool, sqlite_file};

/// The version of the tables in the file: increased whenever they or the tokens in them change.
const VERSION: i64 = 1;
/// The connections for reading: for the searches at one time, and for the indexing.
const READERS: u32 = 3;
/// The setting of the database that holds the token of its file.
pub(super) const SETTING: &str = "search_index";

const TABLES: &str = "
    CREATE TABLE token (token TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
    -- The index's own number of each message, without gaps: an index of bare message ids, which leave room for every
    -- millisecond, is four times as large. Numbers grow in the order in which messages arrived.
    CREATE TABLE search_place (number INTEGER NOT NULL PRIMARY KEY, message_id INTEGER NOT NULL UNIQUE) STRICT;
    -- Which message has which tokens (model::search); rowid is search_place.number. Neither texts nor places within
    -- them are kept: a message that was found is read and looked at anyway.
    CREATE VIRTUAL TABLE search_index USING fts5 (
        tokens, tokenize = 'ascii', content = '', contentless_delete = 1, detail = none
    );";

/// The index of an embedded database. A handle: clones are the same one.
#[derive(Clone)]
pub struct SearchFile(Arc<State>);

struct State {
    file: PathBuf,
    /// `None` while there is none that can be used.
    opened: RwLock<Option<Opened>>,
    /// Whether the file has to be checked, because it was not closed in order or takes little time to read.
    is_unchecked: AtomicBool,
}

#[derive(Clone)]
pub(super) struct Opened {
    pub(super) readers: Readers,
    pub(super) writer: Writer,
    pub(super) damage: Damage,
}

/// Whether a connection has met damage in the file.
#[derive(Clone, Default)]
pub(super) struct Damage(Arc<AtomicBool>);

impl Damage {
    pub(super) fn found(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_found(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The file with the index of a database.
pub fn path(database: &Path) -> PathBuf {
    let mut name = database.file_stem().unwrap_or_default().to_owned();
    name.push("-search.db");
    database.with_file_name(name)
}

/// Deletes the index of a database that no server uses.
pub fn remove(database: &Path) -> io::Result<()> {
    remove_file(&path(database))
}

fn remove_file(file: &Path) -> io::Result<()> {
    // The log first: a log without its database would be taken for that of the next one.
    for ending in ["-wal", "-shm", "-journal", ""] {
        let mut name = file.to_owned().into_os_string();
        name.push(ending);
        match fs::remove_file(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The file before it is used.
pub(super) struct Opening {
    connection: SqliteConnection,
    /// The token for the database to remember.
    pub(super) token: String,
}

/// What a file is for its database.
enum Found {
    Nothing,
    /// Why it can't be used.
    Useless(String),
    Own(SqliteConnection),
}

impl SearchFile {
    pub(super) fn of(database: &Path) -> Self {
        Self(Arc::new(State {
            file: path(database),
            opened: RwLock::default(),
            is_unchecked: AtomicBool::new(false),
        }))
    }

    /// Its connections; [`Error::Unavailable`] while there are none.
    pub(super) fn opened(&self) -> Result<Opened> {
        let opened = self.0.opened.read().unwrap_or_else(PoisonError::into_inner);
        opened.clone().ok_or(Error::Unavailable)
    }

    fn replace(&self, by: Option<Opened>) -> Option<Opened> {
        std::mem::replace(&mut *self.0.opened.write().unwrap_or_else(PoisonError::into_inner), by)
    }

    /// Whether damage was found in it since it was opened.
    pub(super) fn is_damaged(&self) -> bool {
        self.opened().is_ok_and(|opened| opened.damage.is_found())
    }

    /// Whether it is open. One that is damaged is closed and deleted.
    pub(super) async fn is_open(&self) -> Result<bool> {
        match self.opened() {
            Ok(opened) if opened.damage.is_found() => {
                tracing::warn!(file = %self.0.file.display(), "the search index is damaged; it is built anew");
                self.close().await;
                remove_file(&self.0.file).map_err(sqlx::Error::Io)?;
                Ok(false)
            }
            opened => Ok(opened.is_ok()),
        }
    }

    /// Begins to open it, or puts an empty one in its place. `token` is what the database remembers, `newest` its newest
    /// message.
    pub(super) async fn begin_open(&self, token: Option<String>, newest: i64) -> Result<Opening> {
        self.0.is_unchecked.store(sqlite_file::is_worth_checking(&self.0.file), Ordering::Relaxed);
        let mut connection = match self.find(token.as_deref(), newest).await {
            Found::Own(connection) => connection,
            Found::Nothing => self.create().await?,
            Found::Useless(why) => {
                tracing::warn!(file = %self.0.file.display(), "the search index is built anew: {why}");
                self.create().await?
            }
        };
        let next = Uuid::new_v4().simple().to_string();
        // The file holds both tokens until the next start: the server may be killed before the database has the new one.
        let delete = sqlx::query("DELETE FROM token WHERE token IS NOT ?").bind(token);
        delete.execute(&mut connection).await?;
        sqlx::query("INSERT INTO token (token) VALUES (?)").bind(&next).execute(&mut connection).await?;
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").await?;
        Ok(Opening { connection, token: next })
    }

    /// Opens it, after the database has the new token.
    pub(super) async fn finish_open(&self, opening: Opening) -> Result<()> {
        let readers = readers::open(self.options().read_only(true), READERS).await?;
        let writer = Writer::start(opening.connection, None);
        self.replace(Some(Opened { readers, writer, damage: Damage::default() }));
        Ok(())
    }

    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.0.file)
            .busy_timeout(Duration::from_secs(5))
            .row_buffer_size(256)
            .pragma("cache_size", "-4000")
            .pragma("temp_store", "memory")
            .disable_statement_logging()
    }

    /// A connection for writing.
    async fn connect(&self) -> sqlx::Result<SqliteConnection> {
        let options = self.options().journal_mode(SqliteJournalMode::Wal);
        readers::connect(options.synchronous(SqliteSynchronous::Normal).pragma("cache_size", "-8000")).await
    }

    /// Looks at the file that is there. `token` is what the database remembers, `newest` its newest message.
    async fn find(&self, token: Option<&str>, newest: i64) -> Found {
        if !self.0.file.exists() {
            return Found::Nothing;
        }
        let mut connection = match self.connect().await {
            Ok(connection) => connection,
            Err(error) => return Found::Useless(error.to_string()),
        };
        let is_own = async {
            let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await?;
            if version != VERSION {
                return Ok(false);
            }
            let is_paired: bool = sqlx::query_scalar("SELECT count(*) > 0 FROM token WHERE token IS ?")
                .bind(token)
                .fetch_one(&mut connection)
                .await?;
            // A copy of the database from before the file was last written.
            let last: i64 = sqlx::query_scalar("SELECT coalesce(max(message_id), 0) FROM search_place")
                .fetch_one(&mut connection)
                .await?;
            Ok::<_, sqlx::Error>(is_paired && last <= newest)
        };
        match is_own.await {
            Ok(true) => Found::Own(connection),
            is_own => {
                writer::close(connection).await;
                Found::Useless(match is_own {
                    Err(error) => error.to_string(),
                    Ok(_) => "it is of another version, or of another database".to_owned(),
                })
            }
        }
    }

    /// Puts an empty one in the place of what is there.
    async fn create(&self) -> Result<SqliteConnection> {
        remove_file(&self.0.file).map_err(sqlx::Error::Io)?;
        let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.0.file);
        made.map_err(sqlx::Error::Io)?;
        let mut connection = self.connect().await?;
        let mut tx = connection.begin().await?;
        sqlx::raw_sql(TABLES).execute(&mut *tx).await?;
        let version = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {VERSION}"));
        sqlx::raw_sql(version).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(connection)
    }

    /// Reads the whole file if that is worth it, and notes damage.
    pub(super) async fn check(&self) -> Result<()> {
        if !self.0.is_unchecked.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let damage = self.opened()?.damage;
        if sqlite_file::damage(&self.0.file).await?.is_some() {
            damage.found();
        }
        Ok(())
    }

    /// Closes its connections.
    pub(super) async fn close(&self) {
        if let Some(Opened { readers, writer, .. }) = self.replace(None) {
            pool::close(&readers).await;
            writer.close().await;
        }
    }
}
