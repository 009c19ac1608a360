//! Copies of a whole database while it is in use, and loading them into another one.
//!
//! SQLite copies itself into a file (`VACUUM INTO`); MySQL's rows are read on one consistent snapshot. Neither keeps
//! others from writing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sea_query::{Alias, Expr, ExprTrait, Order, Query};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::database_copy::{self, Cell, Cells, Contents, Table};
use super::schema::{
    Event as E, Lease as L, ScheduledMessage as S, Stream as St, Ticket as T, WebhookCursor as C,
    WebhookDelivery as D,
};
use super::{
    Db, Error, Executor, MigrationStatus, Result, audit, migrations, mysql, push, search_file, settings,
};
use crate::model::{AuditAction, Time};

/// Tables whose rows mean nothing to a restored server.
const LEFT_OUT: [&str; 2] = ["event", "ticket"];
/// By how much the sequence numbers of all streams are increased when a database is restored: more than any stream
/// had events between the backup and the loss, so that every cursor from then lies before it.
const JUMP: i64 = 1 << 32;
/// The approximate size of a piece of a table in bytes.
const PIECE: usize = 4 * 1024 * 1024;

/// The kind of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    Sqlite,
    Mysql,
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Mysql => "MySQL",
        })
    }
}

impl Engine {
    /// The kind of the database at a URL.
    pub fn of(url: &str) -> Self {
        if url.starts_with("sqlite:") { Self::Sqlite } else { Self::Mysql }
    }
}

/// A consistent view of a whole database, for reading it beside those who use it.
pub struct Snapshot {
    pub executor: Executor,
    pub engine: Engine,
    /// The applied migrations: number and name.
    pub migrations: Vec<(i64, String)>,
    /// The copy of an embedded database, deleted with this.
    copy: Option<PathBuf>,
    tables: Vec<Table>,
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if let Some(copy) = &self.copy {
            let _ = std::fs::remove_file(copy);
        }
    }
}

/// A piece of a table: its rows as lines of JSON, after a line with the names of the columns.
pub struct Piece {
    pub text: String,
    pub rows: u64,
    last: Cells,
}

impl Snapshot {
    /// Begins it. An embedded database is copied into a file beside it.
    pub async fn begin(db: &Db) -> Result<Self> {
        let tables = database_copy::tables().await?;
        match db {
            Db::Sqlite { file, .. } => {
                sweep(file);
                let copy = copy_name(file);
                let mut connection =
                    SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
                let status = migrations::of_sqlite(&mut connection).await?;
                // The guard deletes the file also when copying fails.
                let mut snapshot = Self {
                    executor: db.read().await?,
                    engine: Engine::Sqlite,
                    migrations: applied(&status),
                    copy: Some(copy.clone()),
                    tables,
                };
                sqlx::query("VACUUM INTO ?").bind(copy.to_string_lossy()).execute(&mut connection).await?;
                let _ = connection.close().await;
                snapshot.executor = Executor::on_file(&copy).await?;
                Ok(snapshot)
            }
            Db::MySql(_) => {
                let mut executor = db.snapshot().await?;
                let migrations = applied_to(&mut executor).await?;
                let known = migrations::known();
                if let Some((number, name)) =
                    migrations.iter().find(|(number, _)| !known.known.iter().any(|(one, ..)| one == number))
                {
                    return Err(Error::Refused(format!(
                        "its tables are of a newer Besedka (migration {number}, {name}), which has to copy them"
                    )));
                }
                let tables = tables.into_iter().filter(|table| !LEFT_OUT.contains(&table.name.as_str()));
                Ok(Self { executor, engine: Engine::Mysql, migrations, copy: None, tables: tables.collect() })
            }
        }
    }

    /// The copy of an embedded database.
    pub fn file(&self) -> Option<&Path> {
        self.copy.as_deref()
    }

    /// The names of the tables.
    pub fn tables(&self) -> Vec<String> {
        self.tables.iter().map(|table| table.name.clone()).collect()
    }

    /// How many rows a table has.
    pub async fn rows(&mut self, table: &str) -> Result<u64> {
        count(&mut self.executor, table).await
    }

    /// The next piece of a table after another one, whose contents are added to `contents`; `None` at the end.
    pub async fn piece(
        &mut self,
        table: &str,
        after: Option<&Piece>,
        contents: &mut Contents,
    ) -> Result<Option<Piece>> {
        let Some(table) = self.tables.iter().find(|known| known.name == table) else { return Ok(None) };
        let columns: Vec<String> = table.columns.iter().map(|column| column.0.clone()).collect();
        let mut piece: Option<Piece> = None;
        while piece.as_ref().is_none_or(|piece| piece.text.len() < PIECE) {
            let last = piece.as_ref().or(after).map(|piece| &piece.last);
            let rows = table.page(&mut self.executor, last).await?;
            let Some(newest) = rows.last().cloned() else { break };
            let piece = piece.get_or_insert_with(|| Piece {
                text: format!("{}\n", json!(columns)),
                rows: 0,
                last: newest.clone(),
            });
            for row in &rows {
                contents.add(row);
                let cells: Vec<Json> = row.0.iter().map(json_of).collect();
                piece.text += &Json::Array(cells).to_string();
                piece.text.push('\n');
            }
            piece.rows += rows.len() as u64;
            piece.last = newest;
        }
        Ok(piece)
    }
}

/// The migrations that are applied to a database that is in use: number and name.
async fn applied_to(executor: &mut Executor) -> Result<Vec<(i64, String)>> {
    let query = Query::select()
        .columns([Alias::new("version"), Alias::new("description")])
        .from(Alias::new("_sqlx_migrations"))
        .order_by(Alias::new("version"), Order::Asc)
        .to_owned();
    executor.all(&query).await
}

async fn count(executor: &mut Executor, table: &str) -> Result<u64> {
    let query = Query::select().expr(Expr::val(1).count()).from(Alias::new(table)).to_owned();
    Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count.unsigned_abs()))
}

/// The number of rows of each table of a database whose last migration is known, and the checksum of its contents.
pub async fn contents(db: &Db, last: i64) -> Result<BTreeMap<String, Contents>> {
    let mut found = BTreeMap::new();
    let mut read = db.snapshot().await?;
    for table in database_copy::tables_after(Some(last)).await? {
        found.insert(table.name.clone(), table.contents(&mut read).await?);
    }
    Ok(found)
}

/// How many rows a table of a database has.
pub async fn rows(db: &Db, table: &str) -> Result<u64> {
    count(&mut db.read().await?, table).await
}

fn applied(status: &MigrationStatus) -> Vec<(i64, String)> {
    let known = status.known.iter().filter(|(_, _, is_applied)| *is_applied);
    let known = known.map(|(number, name, _)| (*number, name.clone()));
    known.chain(status.unknown.iter().cloned()).collect()
}

const COPY: &str = "backup-";
const COPY_ENDING: &str = ".part";

/// The name of this process's copy of a database.
fn copy_name(file: &Path) -> PathBuf {
    file.with_extension(format!("{COPY}{}{COPY_ENDING}", std::process::id()))
}

/// Deletes copies that processes left which were killed while they made a backup, and one of this process.
fn sweep(file: &Path) {
    let Some((folder, stem)) = file.parent().zip(file.file_stem().and_then(|stem| stem.to_str())) else {
        return;
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let prefix = format!("{stem}.{COPY}");
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(COPY_ENDING));
        let Some(process) = process.and_then(|number| number.parse::<u32>().ok()) else { continue };
        if process == std::process::id() || !Path::new("/proc").join(process.to_string()).exists() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn json_of(cell: &Cell) -> Json {
    match cell {
        Cell::Nothing => Json::Null,
        Cell::Number(number) => json!(number),
        Cell::Text(text) => json!(text),
        Cell::Bytes(bytes) => json!({ "base64": STANDARD.encode(bytes) }),
    }
}

fn cell_of(value: Json) -> Option<Cell> {
    Some(match value {
        Json::Null => Cell::Nothing,
        Json::Number(number) => Cell::Number(number.as_i64()?),
        Json::String(text) => Cell::Text(text),
        Json::Object(object) => Cell::Bytes(STANDARD.decode(object.get("base64")?.as_str()?).ok()?),
        _ => return None,
    })
}

/// Inserts a piece of a table into a database with the same columns. Returns the number of rows.
pub async fn load(db: &Db, table: &str, piece: &str) -> Result<u64> {
    let unreadable = || Error::Refused(format!("rows of the table {table} can't be read"));
    let mut lines = piece.lines();
    let columns: Vec<String> =
        lines.next().and_then(|line| serde_json::from_str(line).ok()).ok_or_else(unreadable)?;
    let mut rows = Vec::new();
    for line in lines {
        let values: Vec<Json> = serde_json::from_str(line).map_err(|_| unreadable())?;
        let cells: Option<Vec<Cell>> = values.into_iter().map(cell_of).collect();
        let cells = cells.filter(|cells| cells.len() == columns.len()).ok_or_else(unreadable)?;
        rows.push(Cells(cells));
    }
    let columns: Vec<Alias> = columns.into_iter().map(Alias::new).collect();
    let count = rows.len() as u64;
    database_copy::insert_rows(db, &Alias::new(table), &columns, rows).await?;
    Ok(count)
}

/// Makes the tables of an empty database as they are after a migration.
pub async fn make_tables(url: &str, last: i64) -> Result<()> {
    match url.strip_prefix("sqlite:") {
        Some(file) => {
            let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
            let mut connection = options.connect().await?;
            migrations::up_sqlite_to(&mut connection, Some(last)).await?;
            Ok(connection.close().await?)
        }
        None => migrations::up_mysql_to(&mut mysql::connect(url).await?, Some(last)).await,
    }
}

/// Empties all tables of a database that a restore that was interrupted had begun to fill.
pub async fn empty(db: &Db, last: Option<i64>) -> Result<()> {
    let mut tx = db.begin().await?;
    for table in database_copy::tables_after(last).await? {
        let delete = Query::delete().from_table(Alias::new(&table.name)).to_owned();
        tx.execute(&delete).await?;
    }
    tx.commit(|| ()).await
}

/// Checks the file of an embedded database, and applies pending migrations to it.
pub async fn upgrade_file(file: &Path) -> Result<()> {
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await?;
    let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut connection).await?;
    if found != "ok" {
        return Err(Error::Refused(format!("the database is damaged: {found}")));
    }
    migrations::of_sqlite(&mut connection).await?.is_behind(migrations::Tables::Update)?;
    migrations::up_sqlite(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Prepares a database that was restored from a backup for its clients and for a new life.
///
/// Clients may know events that are lost. So all streams continue at far higher sequence numbers and no events are
/// kept: to each cursor from before, all events up to now are missing, and the client loads its chats anew. Leases,
/// tickets, pushes that waited and the work that was in progress end. Messages that were scheduled for a time between the
/// backup and now were perhaps sent then; they are marked as failed, with a code and a reason, and their authors decide.
/// So are deliveries of webhooks, and webhooks begin with the next event.
pub async fn begin_anew(
    db: &Db,
    now: Time,
    (code, reason): (&str, &str),
    archive: &Map<String, Json>,
) -> Result<()> {
    let mut tx = db.begin().await?;
    audit::insert_maintenance(&mut tx, "operator", AuditAction::BackupRestore, archive.clone(), now).await?;
    let advance = Query::update().table(St::Table).value(St::Seq, Expr::col(St::Seq).add(JUMP)).to_owned();
    tx.execute(&advance).await?;
    tx.execute(&Query::delete().from_table(E::Table).to_owned()).await?;
    tx.execute(&Query::delete().from_table(L::Table).to_owned()).await?;
    tx.execute(&Query::delete().from_table(T::Table).to_owned()).await?;
    // No file with a search index is of this database.
    settings::remove(&mut tx, search_file::SETTING).await?;
    // They were sent in the meantime.
    push::delete_waiting(&mut tx).await?;
    let overdue = Query::update()
        .table(S::Table)
        .value(S::Failure, code)
        .value(S::Reason, reason)
        .and_where(Expr::col(S::DueAt).lte(now))
        .and_where(Expr::col(S::Failure).is_null())
        .to_owned();
    tx.execute(&overdue).await?;
    let undelivered = Query::update()
        .table(D::Table)
        .value(D::NextAt, Option::<Time>::None)
        .value(D::Failure, reason)
        .and_where(Expr::col(D::NextAt).is_not_null())
        .to_owned();
    tx.execute(&undelivered).await?;
    let last = Query::select()
        .column((St::Table, St::Seq))
        .from(St::Table)
        .and_where(Expr::col((St::Table, St::Id)).equals((C::Table, C::ChatId)))
        .to_owned();
    let skip = Query::update().table(C::Table).value(C::Seq, Expr::from(last)).to_owned();
    tx.execute(&skip).await?;
    tx.commit(|| ()).await
}
