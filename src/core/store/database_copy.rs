//! Copying a whole database into another one, of the same or the other engine.
//!
//! Copies table by table in the order of the primary key, so that an interrupted copy can be resumed. At the end both
//! databases are read again and compared. The search index is left out; a server builds it anew.

use aws_lc_rs::digest::{Context, SHA256};
use sea_query::{Alias, Cond, Expr, ExprTrait, Order, Query, SelectStatement, SimpleExpr, Value};
use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, FromRow, Row as _, SqliteConnection, TypeInfo, ValueRef};

use super::schema::Lease as L;
use super::{Db, Error, Executor, Result, idempotency, migrations};
use crate::model::Time;

/// How many rows are read at a time.
const PAGE: u64 = 500;
/// The approximate size of one statement in bytes; MySQL accepts packets of 16 MiB.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The most values of one statement: SQLite allows 32,766.
const MAX_VALUES: usize = 30_000;

/// The result for one table.
#[derive(Debug, Clone)]
pub struct Moved {
    pub table: String,
    /// How many rows were copied now, and how many had been copied by an earlier run.
    pub copied: u64,
    pub already: u64,
    /// The contents of the two tables now.
    pub from: Contents,
    pub to: Contents,
}

/// The number of rows of a table, and the sum of their SHA-256 hashes, which does not depend on their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    pub rows: u64,
    sum: [u64; 4],
}

impl Contents {
    /// The checksum in 16 digits.
    pub fn checksum(&self) -> String {
        format!("{:016x}", self.sum[0])
    }

    pub(super) fn add(&mut self, row: &Cells) {
        let mut context = Context::new(&SHA256);
        for cell in &row.0 {
            cell.digest(&mut context);
        }
        let hash = context.finish();
        for (sum, part) in self.sum.iter_mut().zip(hash.as_ref().chunks_exact(8)) {
            *sum = sum.wrapping_add(u64::from_be_bytes(part.try_into().unwrap_or_default()));
        }
        self.rows += 1;
    }
}

/// Copies everything between databases with the same tables. `progress` is called with each table and the number of its
/// rows copied so far.
///
/// # Errors
/// [`Error::Refused`] when a server runs on either database, or the target has other data.
pub async fn copy(from: &Db, to: &Db, now: Time, mut progress: impl FnMut(&str, u64)) -> Result<Vec<Moved>> {
    for (db, which) in [(from, "from which it is copied"), (to, "to which it is copied")] {
        if is_in_use(db, now).await? {
            return Err(Error::Refused(format!("a server runs on the database {which}; stop it first")));
        }
    }
    if !from.is_shared() && to.is_shared() {
        idempotency::move_to_rows(from).await?;
    }
    // Locks SQLite against changes. On MySQL the comparison at the end would show them.
    let _lock = if from.is_shared() { None } else { Some(from.begin().await?) };
    let mut source = from.snapshot().await?;
    let tables = tables().await?;
    let mut moved = Vec::with_capacity(tables.len());
    for table in &tables {
        let last = table.last(&mut to.read().await?).await?;
        let already = match &last {
            Some(last) => table.count_copied(&mut source, to, last).await?,
            None => 0,
        };
        let copied = table.copy_after(&mut source, to, last, &mut progress).await?;
        moved.push(Moved {
            table: table.name.clone(),
            copied,
            already,
            from: Contents::default(),
            to: Contents::default(),
        });
    }
    let mut target = to.snapshot().await?;
    for (table, moved) in tables.iter().zip(&mut moved) {
        moved.from = table.contents(&mut source).await?;
        moved.to = table.contents(&mut target).await?;
    }
    Ok(moved)
}

/// Whether a running node holds a lease in it.
async fn is_in_use(db: &Db, now: Time) -> Result<bool> {
    let query = Query::select()
        .expr(Expr::val(1))
        .from(L::Table)
        .and_where(Expr::col(L::Name).like("node %"))
        .and_where(Expr::col(L::Until).gt(now))
        .limit(1)
        .to_owned();
    Ok(db.read().await?.one::<(i64,)>(&query).await?.is_some())
}

/// A table that both databases have.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Alias>,
    /// Which of them are text: MySQL does not distinguish text with a binary collation from bytes.
    texts: Vec<bool>,
    /// The indexes of the primary key's columns, in the order of the key.
    key: Vec<usize>,
}

/// All tables as the migrations create them, except leases, the search index and pushes that wait: a copy sends none again.
pub(super) async fn tables() -> Result<Vec<Table>> {
    tables_after(None).await
}

/// The same as they are after a migration.
pub(super) async fn tables_after(last: Option<i64>) -> Result<Vec<Table>> {
    let mut model = SqliteConnection::connect("sqlite::memory:").await?;
    migrations::up_sqlite_to(&mut model, last).await?;
    let names: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND name NOT LIKE 'search\\_%' ESCAPE '\\' \
         AND name NOT IN ('lease', 'push_message', 'push_delivery') ORDER BY name",
    )
    .fetch_all(&mut model)
    .await?;
    let mut tables = Vec::with_capacity(names.len());
    for (name,) in names {
        let columns: Vec<(String, i64, bool)> =
            sqlx::query_as("SELECT name, pk, type = 'TEXT' FROM pragma_table_info(?) ORDER BY cid")
                .bind(&name)
                .fetch_all(&mut model)
                .await?;
        let mut key: Vec<_> = columns.iter().enumerate().filter(|(_, (_, pk, _))| *pk > 0).collect();
        key.sort_by_key(|(_, (_, pk, _))| *pk);
        let key = key.into_iter().map(|(index, _)| index).collect();
        let texts = columns.iter().map(|(_, _, is_text)| *is_text).collect();
        let columns = columns.into_iter().map(|(column, ..)| Alias::new(column)).collect();
        tables.push(Table { name, columns, texts, key });
    }
    Ok(tables)
}

impl Table {
    fn alias(&self) -> Alias {
        Alias::new(&self.name)
    }

    fn key(&self) -> impl Iterator<Item = (usize, &Alias)> {
        self.key.iter().filter_map(|index| Some((*index, self.columns.get(*index)?)))
    }

    fn ordered(&self, order: Order) -> SelectStatement {
        let mut query = Query::select();
        query.columns(self.columns.iter().cloned()).from(self.alias());
        for (_, column) in self.key() {
            query.order_by(column.clone(), order.clone());
        }
        query
    }

    async fn last(&self, executor: &mut Executor) -> Result<Option<Cells>> {
        Ok(self.read(executor.all(&self.ordered(Order::Desc).limit(1).to_owned()).await?).pop())
    }

    pub(super) async fn page(&self, executor: &mut Executor, after: Option<&Cells>) -> Result<Vec<Cells>> {
        let mut query = self.ordered(Order::Asc);
        if let Some(after) = after {
            query.cond_where(self.beyond(after));
        }
        Ok(self.read(executor.all(&query.limit(PAGE).to_owned()).await?))
    }

    /// The rows after a row by primary key. The extra condition on the first column lets the engines use the index.
    fn beyond(&self, row: &Cells) -> Cond {
        let mut any = Cond::any();
        for (depth, (index, column)) in self.key().enumerate() {
            let mut all = Cond::all();
            for (index, column) in self.key().take(depth) {
                all = all.add(Expr::col(column.clone()).eq(row.value(index)));
            }
            any = any.add(all.add(Expr::col(column.clone()).gt(row.value(index))));
        }
        let mut beyond = Cond::all().add(any);
        if let Some((index, first)) = self.key().next() {
            beyond = beyond.add(Expr::col(first.clone()).gte(row.value(index)));
        }
        beyond
    }

    /// How many rows there are up to and including one.
    async fn count(&self, executor: &mut Executor, upto: &Cells) -> Result<u64> {
        let query = Query::select()
            .expr(Expr::val(1).count())
            .from(self.alias())
            .cond_where(self.beyond(upto).not())
            .to_owned();
        Ok(executor.one::<(i64,)>(&query).await?.map_or(0, |(count,)| count.unsigned_abs()))
    }

    /// The row with the same key as another.
    async fn find(&self, executor: &mut Executor, row: &Cells) -> Result<Option<Cells>> {
        let mut query = self.ordered(Order::Asc);
        for (index, column) in self.key() {
            query.and_where(Expr::col(column.clone()).eq(row.value(index)));
        }
        Ok(self.read(executor.all(&query).await?).pop())
    }

    /// Turns bytes into text in text columns.
    fn read(&self, mut rows: Vec<Cells>) -> Vec<Cells> {
        for (cell, is_text) in rows.iter_mut().flat_map(|row| row.0.iter_mut().zip(&self.texts)) {
            if let (Cell::Bytes(bytes), true) = (&cell, is_text)
                && let Ok(text) = str::from_utf8(bytes)
            {
                *cell = Cell::Text(text.to_owned());
            }
        }
        rows
    }

    /// How many rows were copied by an earlier run. Fails if the target has other rows.
    async fn count_copied(&self, source: &mut Executor, to: &Db, last: &Cells) -> Result<u64> {
        let there = self.count(&mut to.read().await?, last).await?;
        let same = self.find(source, last).await?.is_some_and(|row| row == *last);
        match same && self.count(source, last).await? == there {
            true => Ok(there),
            false => Err(Error::Refused(format!(
                "the database to which it is copied holds something else already (table {}); take an empty one",
                self.name
            ))),
        }
    }

    /// Copies the rows after one.
    async fn copy_after(
        &self,
        source: &mut Executor,
        to: &Db,
        mut last: Option<Cells>,
        progress: &mut impl FnMut(&str, u64),
    ) -> Result<u64> {
        let mut copied = 0;
        loop {
            let rows = self.page(source, last.as_ref()).await?;
            let Some(newest) = rows.last().cloned() else { return Ok(copied) };
            copied += rows.len() as u64;
            insert_rows(to, &self.alias(), &self.columns, rows).await?;
            progress(&self.name, copied);
            last = Some(newest);
        }
    }

    pub(super) async fn contents(&self, executor: &mut Executor) -> Result<Contents> {
        let (mut contents, mut last) = (Contents::default(), None);
        loop {
            let rows = self.page(executor, last.as_ref()).await?;
            rows.iter().for_each(|row| contents.add(row));
            match rows.into_iter().next_back() {
                Some(newest) => last = Some(newest),
                None => return Ok(contents),
            }
        }
    }
}

/// Inserts rows into a table, in one transaction.
pub(super) async fn insert_rows(to: &Db, table: &Alias, columns: &[Alias], rows: Vec<Cells>) -> Result<()> {
    let mut tx = to.begin().await?;
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut insert = Query::insert();
        insert.into_table(table.clone()).columns(columns.iter().cloned());
        let (mut bytes, mut values) = (0, 0);
        while bytes < MAX_BYTES
            && values + columns.len() <= MAX_VALUES
            && let Some(row) = rows.next()
        {
            bytes += row.weight();
            values += columns.len();
            insert.values_panic(row.0.into_iter().map(|cell| SimpleExpr::Value(cell.into())));
        }
        tx.execute(&insert).await?;
    }
    tx.commit(|| ()).await
}

/// The values of a row of any table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cells(pub(super) Vec<Cell>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Nothing,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cells {
    fn value(&self, index: usize) -> Value {
        self.0.get(index).cloned().unwrap_or(Cell::Nothing).into()
    }

    fn weight(&self) -> usize {
        let weight = |cell: &Cell| match cell {
            Cell::Nothing | Cell::Number(_) => 8,
            Cell::Text(text) => text.len(),
            Cell::Bytes(bytes) => bytes.len(),
        };
        self.0.iter().map(weight).sum()
    }
}

impl Cell {
    fn digest(&self, context: &mut Context) {
        let (kind, bytes): (u8, &[u8]) = match self {
            Self::Nothing => (0, &[]),
            Self::Number(number) => (1, &number.to_be_bytes()),
            Self::Text(text) => (2, text.as_bytes()),
            Self::Bytes(bytes) => (3, bytes),
        };
        context.update(&[kind]);
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    }
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Nothing => Self::BigInt(None),
            Cell::Number(number) => number.into(),
            Cell::Text(text) => text.into(),
            Cell::Bytes(bytes) => bytes.into(),
        }
    }
}

macro_rules! cells {
    ($row:ty) => {
        impl FromRow<'_, $row> for Cells {
            fn from_row(row: &$row) -> sqlx::Result<Self> {
                let cell = |index: usize| {
                    let raw = row.try_get_raw(index)?;
                    if raw.is_null() {
                        return Ok(Cell::Nothing);
                    }
                    let kind = raw.type_info().name().to_owned();
                    Ok(match kind.contains("INT") {
                        true => Cell::Number(row.try_get(index)?),
                        false => Cell::Bytes(row.try_get_unchecked(index)?),
                    })
                };
                (0..row.len()).map(cell).collect::<sqlx::Result<_>>().map(Self)
            }
        }
    };
}

cells!(SqliteRow);
cells!(MySqlRow);
