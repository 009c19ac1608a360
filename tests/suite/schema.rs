//! The tables as migrations make them, in both databases, against the names that statements use (`store/schema.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sqlx::{Connection, MySqlConnection, SqliteConnection};
use tempfile::TempDir;

use crate::database::Database;
use crate::skip::leave;

/// A table as it is declared, in words that both databases have.
#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    /// By name: what it holds, and whether that may be missing.
    columns: BTreeMap<String, (&'static str, bool)>,
    primary: Vec<String>,
    /// The columns of each, and whether it is unique.
    indexes: BTreeSet<(Vec<String>, bool)>,
}

type Tables = BTreeMap<String, Table>;

/// The full-text index is each database's own.
const SEARCH_INDEX: &str = "search_index";

#[tokio::test]
async fn every_table_and_column_has_its_name_in_the_store_and_no_other_has() {
    let mut named = named();
    named.remove(SEARCH_INDEX);
    let made = of_sqlite().await;
    let columns = |table: &Table| table.columns.keys().cloned().collect::<BTreeSet<_>>();
    let made: BTreeMap<_, _> = made.iter().map(|(name, table)| (name.clone(), columns(table))).collect();
    assert_eq!(named, made);
}

#[tokio::test]
async fn both_databases_have_the_same_tables() {
    let (dir, database) = (TempDir::new().unwrap(), Database::new().await);
    if !database.is_mysql() {
        return leave("there is only one database");
    }
    database.open(dir.path()).await.close().await;
    let (sqlite, mut mysql) = (of_sqlite().await, of_mysql(&database.url(dir.path())).await);
    // Nodes that share a database find a key by its index; the one server of an embedded database remembers it.
    let by_fingerprint = (vec!["fingerprint".to_owned()], true);
    assert!(mysql.get_mut("idempotency_key").unwrap().indexes.remove(&by_fingerprint));
    assert_eq!(sqlite.keys().collect::<Vec<_>>(), mysql.keys().collect::<Vec<_>>());
    for (name, table) in &sqlite {
        assert_eq!(table, &mysql[name], "{name}: SQLite's is on the left");
    }
}

/// What `tables!` in the store names.
fn named() -> BTreeMap<String, BTreeSet<String>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/core/store/schema.rs");
    let text = std::fs::read_to_string(file).unwrap();
    let (_, tables) = text.split_once("\ntables! {").unwrap();
    let lines = tables.lines().filter(|line| !line.trim_start().starts_with("//"));
    let tables = lines.collect::<Vec<_>>().join(" ");
    let table = |text: &str| {
        let (name, columns) = text.split_once('{')?;
        let columns = columns.split(',').map(str::trim).filter(|name| !name.is_empty()).map(snake);
        Some((snake(name.trim()), columns.collect()))
    };
    tables.split('}').filter_map(table).collect()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

async fn of_sqlite() -> Tables {
    let dir = TempDir::new().unwrap();
    let url = format!("sqlite:{}", dir.path().join("db").display());
    besedka::store::Db::open(&url, 2).await.unwrap().close().await;
    let mut file = SqliteConnection::connect(&url).await.unwrap();
    let names: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
         AND name NOT LIKE '_sqlx_%' AND name NOT LIKE 'search_index%'",
    )
    .fetch_all(&mut file)
    .await
    .unwrap();
    let mut tables = Tables::new();
    for (name,) in names {
        let table = tables.entry(name.clone()).or_default();
        let columns: Vec<(String, String, bool, i64)> =
            sqlx::query_as("SELECT name, type, \"notnull\" <> 0, pk FROM pragma_table_info(?) ORDER BY pk")
                .bind(&name)
                .fetch_all(&mut file)
                .await
                .unwrap();
        for (column, kind, is_needed, place) in columns {
            if place > 0 {
                table.primary.push(column.clone());
            }
            table.columns.insert(column, (holds(&kind), !is_needed && place == 0));
        }
        let indexes: Vec<(String, bool)> =
            sqlx::query_as("SELECT name, \"unique\" <> 0 FROM pragma_index_list(?) WHERE origin <> 'pk'")
                .bind(&name)
                .fetch_all(&mut file)
                .await
                .unwrap();
        for (index, is_unique) in indexes {
            let columns: Vec<(String,)> =
                sqlx::query_as("SELECT name FROM pragma_index_info(?) ORDER BY seqno")
                    .bind(index)
                    .fetch_all(&mut file)
                    .await
                    .unwrap();
            table.indexes.insert((columns.into_iter().map(|(column,)| column).collect(), is_unique));
        }
    }
    tables
}

async fn of_mysql(url: &str) -> Tables {
    let mut connection = MySqlConnection::connect(url).await.unwrap();
    let columns: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), CAST(data_type AS CHAR), \
         CAST(is_nullable AS CHAR) FROM information_schema.columns WHERE table_schema = DATABASE() \
         AND table_name NOT IN ('_sqlx_migrations', 'search_index')",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut tables = Tables::new();
    for (table, column, kind, may_be_missing) in columns {
        let table = tables.entry(table).or_default();
        table.columns.insert(column, (holds(&kind), may_be_missing == "YES"));
    }
    let indexed: Vec<(String, String, String, i64)> = sqlx::query_as(
        "SELECT CAST(table_name AS CHAR), CAST(index_name AS CHAR), CAST(column_name AS CHAR), \
         CAST(non_unique AS SIGNED) FROM information_schema.statistics WHERE table_schema = DATABASE() \
         AND table_name NOT IN ('_sqlx_migrations', 'search_index') \
         ORDER BY table_name, index_name, seq_in_index",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut indexes: BTreeMap<(String, String), (Vec<String>, bool)> = BTreeMap::new();
    for (table, index, column, is_double) in indexed {
        let (columns, is_unique) = indexes.entry((table, index)).or_default();
        columns.push(column);
        *is_unique = is_double == 0;
    }
    for ((table, name), index) in indexes {
        let table = tables.get_mut(&table).unwrap();
        if name == "PRIMARY" {
            table.primary = index.0;
        } else {
            table.indexes.insert(index);
        }
    }
    tables
}

/// What a type holds, whatever it is called.
fn holds(kind: &str) -> &'static str {
    match kind.to_ascii_lowercase().as_str() {
        "integer" | "bigint" => "number",
        "text" | "varchar" | "mediumtext" => "text",
        "blob" | "binary" | "varbinary" => "bytes",
        other => panic!("a type that no table has: {other}"),
    }
}
