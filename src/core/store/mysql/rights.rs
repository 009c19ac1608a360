//! What the account may do, asked before anything is changed: MySQL has no way back out of half a migration.
//!
//! Each right has a statement that needs it and does nothing. Where the table is missing, whoever has the right is
//! told of the table, and whoever lacks it of the right.

use sqlx::mysql::{MySqlConnection, MySqlDatabaseError};
use sqlx::{AssertSqlSafe, Executor};

use super::{Result, refused};

/// There is no such table.
const NOWHERE: &str = "besedka_nowhere";
/// This one is there in every database that is up to date.
const SOME: &str = "stream";

/// What every server needs.
const KEEPING: [(&str, &str); 4] = [
    ("SELECT", "SELECT 1 FROM {table} LIMIT 0"),
    ("INSERT", "INSERT INTO {table} (id, seq) SELECT id, seq FROM {table} WHERE false"),
    ("UPDATE", "UPDATE {table} SET seq = seq WHERE false"),
    ("DELETE", "DELETE FROM {table} WHERE false"),
];
/// What migrations need beside.
const MAKING: [(&str, &str); 3] = [
    ("CREATE", "CREATE TABLE {table} LIKE besedka_nowhere_either"),
    ("ALTER", "ALTER TABLE {table} ADD id BIGINT"),
    ("INDEX", "CREATE INDEX id ON {table} (id)"),
];

/// Refuses an account that could not do all that migrations do.
pub(super) async fn to_make_tables(connection: &mut MySqlConnection) -> Result<()> {
    check(connection, KEEPING.iter().chain(&MAKING), NOWHERE).await
}

/// Refuses an account that can't keep anything in the tables.
pub(super) async fn to_keep(connection: &mut MySqlConnection) -> Result<()> {
    check(connection, KEEPING.iter(), SOME).await
}

async fn check(
    connection: &mut MySqlConnection,
    rights: impl Iterator<Item = &(&'static str, &'static str)>,
    table: &str,
) -> Result<()> {
    let mut lacking = Vec::new();
    for (right, statement) in rights {
        let answer = connection.execute(AssertSqlSafe(statement.replace("{table}", table))).await;
        if answer.is_err_and(|error| is_denied(&error)) {
            lacking.push(*right);
        }
    }
    match lacking.is_empty() {
        true => Ok(()),
        false => Err(refused(format!(
            "its user lacks the right to {} there, which GRANT gives; nothing was changed",
            lacking.join(", ")
        ))),
    }
}

fn is_denied(error: &sqlx::Error) -> bool {
    let refusal =
        error.as_database_error().and_then(|refusal| refusal.try_downcast_ref::<MySqlDatabaseError>());
    // To the table; to the database.
    refusal.is_some_and(|refusal| matches!(refusal.number(), 1142 | 1044))
}
