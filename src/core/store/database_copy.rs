//! Copying a whole database into another one, whichever two they are.
//!
//! Table by table, and each in the order of its primary key, so that what was interrupted goes on where it stopped.
//! Both are read again at the end and compared. The index for searching is left out: a server makes it anew.

use aws_lc_rs::digest::{Context, SHA256};
use sea_query::{Alias, Cond, Expr, ExprTrait, Order, Query, SelectStatement, SimpleExpr, Value};
use sqlx::mysql::MySqlRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Connection, FromRow, Row as _, SqliteConnection, TypeInfo, ValueRef};

use super::schema::Lease as L;
use super::{Db, Error, Executor, Result, migrations};
use crate::model::Time;

/// How many rows are read at a time.
const PAGE: u64 = 500;
/// About how many bytes are written in one statement; a packet of MySQL holds 16 MiB.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What became of a table.
#[derive(Debug, Clone)]
pub struct Moved {
    pub table: String,
    /// How many rows were copied now, and how many were there from an earlier time.
    pub copied: u64,
    pub already: u64,
    /// What is in each of the two now.
    pub from: Contents,
    pub to: Contents,
}

/// What is in a table: so many rows, and the sum of the SHA-256 of each, in whatever order they are.
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

    fn add(&mut self, row: &Cells) {
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

/// Copies everything. The two have the same tables. `tell` hears of each table how many of its rows were copied.
///
/// # Errors
/// [`Error::Refused`] when a server runs on either, or the other holds something else already.
pub async fn copy(from: &Db, to: &Db, now: Time, mut tell: impl FnMut(&str, u64)) -> Result<Vec<Moved>> {
    for (db, which) in [(from, "from which it is copied"), (to, "to which it is copied")] {
        if is_in_use(db, now).await? {
            return Err(Error::Refused(format!("a server runs on the database {which}; stop it first")));
        }
    }
    // Nothing is to change meanwhile. MySQL has no such lock; there the comparison shows it.
    let _still = if from.is_shared() { None } else { Some(from.begin().await?) };
    let mut source = from.snapshot().await?;
    let tables = tables().await?;
    let mut moved = Vec::with_capacity(tables.len());
    for table in &tables {
        let last = table.last(&mut to.read().await?).await?;
        let already = match &last {
            Some(last) => table.begun(&mut source, to, last).await?,
            None => 0,
        };
        let copied = table.bring(&mut source, to, last, &mut tell).await?;
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

/// Whether a node holds a number in it.
async fn is_in_use(db: &Db, now: Time) -> Result<bool> {
    let question = Query::select()
        .expr(Expr::val(1))
        .from(L::Table)
        .and_where(Expr::col(L::Name).like("node %"))
        .and_where(Expr::col(L::Until).gt(now))
        .limit(1)
        .to_owned();
    Ok(db.read().await?.one::<(i64,)>(&question).await?.is_some())
}

/// A table, as both databases have it.
struct Table {
    name: String,
    columns: Vec<Alias>,
    /// Which of them are text: MySQL does not tell that apart from bytes where letters are compared as they are.
    texts: Vec<bool>,
    /// The places of the columns of its primary key, in its order.
    key: Vec<usize>,
}

/// All tables but those that belong to running servers or can be made anew, as the migrations make them.
async fn tables() -> Result<Vec<Table>> {
    let mut model = SqliteConnection::connect("sqlite::memory:").await?;
    migrations::up_sqlite(&mut model).await?;
    let names: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND name NOT LIKE 'search\\_%' ESCAPE '\\' AND name <> 'lease' \
         ORDER BY name",
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
        let key = key.into_iter().map(|(place, _)| place).collect();
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
        self.key.iter().filter_map(|place| Some((*place, self.columns.get(*place)?)))
    }

    fn ordered(&self, order: Order) -> SelectStatement {
        let mut question = Query::select();
        question.columns(self.columns.iter().cloned()).from(self.alias());
        for (_, column) in self.key() {
            question.order_by(column.clone(), order.clone());
        }
        question
    }

    async fn last(&self, run: &mut Executor) -> Result<Option<Cells>> {
        Ok(self.read(run.all(&self.ordered(Order::Desc).limit(1).to_owned()).await?).pop())
    }

    async fn page(&self, run: &mut Executor, after: Option<&Cells>) -> Result<Vec<Cells>> {
        let mut question = self.ordered(Order::Asc);
        if let Some(after) = after {
            question.cond_where(self.beyond(after));
        }
        Ok(self.read(run.all(&question.limit(PAGE).to_owned()).await?))
    }

    /// What comes after a row. Databases see of the first column at once where to begin.
    fn beyond(&self, row: &Cells) -> Cond {
        let mut any = Cond::any();
        for (depth, (place, column)) in self.key().enumerate() {
            let mut all = Cond::all();
            for (place, column) in self.key().take(depth) {
                all = all.add(Expr::col(column.clone()).eq(row.value(place)));
            }
            any = any.add(all.add(Expr::col(column.clone()).gt(row.value(place))));
        }
        let mut beyond = Cond::all().add(any);
        if let Some((place, first)) = self.key().next() {
            beyond = beyond.add(Expr::col(first.clone()).gte(row.value(place)));
        }
        beyond
    }

    /// How many rows there are up to one.
    async fn count(&self, run: &mut Executor, upto: &Cells) -> Result<u64> {
        let question = Query::select()
            .expr(Expr::val(1).count())
            .from(self.alias())
            .cond_where(self.beyond(upto).not())
            .to_owned();
        Ok(run.one::<(i64,)>(&question).await?.map_or(0, |(count,)| count.unsigned_abs()))
    }

    /// The row that has the key of another.
    async fn find(&self, run: &mut Executor, row: &Cells) -> Result<Option<Cells>> {
        let mut question = self.ordered(Order::Asc);
        for (place, column) in self.key() {
            question.and_where(Expr::col(column.clone()).eq(row.value(place)));
        }
        Ok(self.read(run.all(&question).await?).pop())
    }

    /// Rows with text where text is.
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

    /// How many rows were copied before; a refusal when others are there.
    async fn begun(&self, source: &mut Executor, to: &Db, last: &Cells) -> Result<u64> {
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

    /// Copies what comes after a row.
    async fn bring(
        &self,
        source: &mut Executor,
        to: &Db,
        mut last: Option<Cells>,
        tell: &mut impl FnMut(&str, u64),
    ) -> Result<u64> {
        let mut copied = 0;
        loop {
            let rows = self.page(source, last.as_ref()).await?;
            let Some(newest) = rows.last().cloned() else { return Ok(copied) };
            copied += rows.len() as u64;
            let mut tx = to.begin().await?;
            let mut rows = rows.into_iter().peekable();
            while rows.peek().is_some() {
                let mut insert = Query::insert();
                insert.into_table(self.alias()).columns(self.columns.iter().cloned());
                let mut bytes = 0;
                while bytes < MOST_BYTES
                    && let Some(row) = rows.next()
                {
                    bytes += row.weight();
                    insert.values_panic(row.0.into_iter().map(|cell| SimpleExpr::Value(cell.into())));
                }
                tx.execute(&insert).await?;
            }
            tx.commit(|| ()).await?;
            tell(&self.name, copied);
            last = Some(newest);
        }
    }

    async fn contents(&self, run: &mut Executor) -> Result<Contents> {
        let (mut contents, mut last) = (Contents::default(), None);
        loop {
            let rows = self.page(run, last.as_ref()).await?;
            rows.iter().for_each(|row| contents.add(row));
            match rows.into_iter().next_back() {
                Some(newest) => last = Some(newest),
                None => return Ok(contents),
            }
        }
    }
}

/// A row, whatever is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cells(Vec<Cell>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    Nothing,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cells {
    fn value(&self, place: usize) -> Value {
        self.0.get(place).cloned().unwrap_or(Cell::Nothing).into()
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
                let cell = |place: usize| {
                    let raw = row.try_get_raw(place)?;
                    if raw.is_null() {
                        return Ok(Cell::Nothing);
                    }
                    let kind = raw.type_info().name().to_owned();
                    Ok(match kind.contains("INT") {
                        true => Cell::Number(row.try_get(place)?),
                        false => Cell::Bytes(row.try_get_unchecked(place)?),
                    })
                };
                (0..row.len()).map(cell).collect::<sqlx::Result<_>>().map(Self)
            }
        }
    };
}

cells!(SqliteRow);
cells!(MySqlRow);
