//! Checks the account's privileges before migrations, because MySQL cannot roll back half a migration.
//!
//! For each privilege a statement is tried that needs it and changes nothing. If the table does not exist, the error is
//! about the table with the privilege, and about the privilege without it.

use sqlx::mysql::{MySqlConnection, MySqlDatabaseError};
use sqlx::{AssertSqlSafe, Executor};

use super::{Result, refused};

/// A table that does not exist.
const NOWHERE: &str = "besedka_nowhere";
/// A table that exists in every migrated database.
const EXISTING: &str = "stream";

/// The privileges that every server needs.
const REQUIRED: [(&str, &str); 4] = [
    ("SELECT", "SELECT 1 FROM {table} LIMIT 0"),
    ("INSERT", "INSERT INTO {table} (id, seq) SELECT id, seq FROM {table} WHERE false"),
    ("UPDATE", "UPDATE {table} SET seq = seq WHERE false"),
    ("DELETE", "DELETE FROM {table} WHERE false"),
];
/// The additional privileges that migrations need.
const FOR_MIGRATIONS: [(&str, &str); 3] = [
    ("CREATE", "CREATE TABLE {table} LIKE besedka_nowhere_either"),
    ("ALTER", "ALTER TABLE {table} ADD id BIGINT"),
    ("INDEX", "CREATE INDEX id ON {table} (id)"),
];

/// Fails if the account lacks a privilege that migrations need.
pub(super) async fn for_migrations(connection: &mut MySqlConnection) -> Result<()> {
    check(connection, REQUIRED.iter().chain(&FOR_MIGRATIONS), NOWHERE).await
}

/// Fails if the account lacks a privilege to read or write the tables.
pub(super) async fn for_server(connection: &mut MySqlConnection) -> Result<()> {
    check(connection, REQUIRED.iter(), EXISTING).await
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
    // Denied for the table; denied for the database.
    refusal.is_some_and(|refusal| matches!(refusal.number(), 1142 | 1044))
}
