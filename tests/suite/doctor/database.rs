//! What is asked of the database differs: integrity and the file of SQLite, how a database server writes commits.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{examine, of, programs};
use crate::database::Database;
use crate::process::Process;

/// What is found while a database server writes commits to the disk in one of its ways; it is left as it was.
async fn examine_writing(database: &Database, folder: &Path, flags: &[&str], way: i64) -> Value {
    if !database.is_mysql() {
        return examine(flags).await.0;
    }
    let set = async |way| {
        let statement = format!("SET GLOBAL innodb_flush_log_at_trx_commit = {way}");
        database.change(folder, &statement).await;
    };
    let before =
        database.count(folder, "SELECT CAST(@@GLOBAL.innodb_flush_log_at_trx_commit AS SIGNED)").await;
    set(way).await;
    let (found, _) = examine(flags).await;
    set(before).await;
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_either_kind_is_examined() {
    let (dir, database) = (TempDir::new().unwrap(), Database::new().await);
    let (folder, url) = (dir.path().to_str().unwrap().to_owned(), database.url(dir.path()));
    let flags = ["--data-dir", &folder, "--database-url", &url];
    let process = Process::start(dir.path(), &flags[2..]).await;
    let ann = process.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    ann.post_text(chat, "hello").await;
    let backups = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_besedka"));
    command.args(["backup", backups.path().to_str().unwrap(), "--verify"]).args(flags);
    assert!(command.status().unwrap().success());
    let found = examine_writing(&database, dir.path(), &flags, 1).await;
    for sound in ["migrations", "database", "database-settings", "disk", "storage", "backup", "clock"] {
        assert_eq!(of(&found, sound).0, "ok", "{found:#}");
    }
    // Only a database server may be that of several nodes, each of which has a data folder of its own.
    let (scheduled, _) = examine(&[&flags[..], &["--backup-every", "24h"]].concat()).await;
    let severity = if database.is_mysql() { "warning" } else { "ok" };
    assert_eq!(of(&scheduled, "backup-to").0, severity, "{scheduled:#}");
    let said = |found: &Value, check: &str| of(found, check).1["summary"].as_str().unwrap().to_owned();
    if !database.is_mysql() {
        assert!(said(&found, "database-settings").starts_with("journal wal"), "{found:#}");
        return;
    }
    assert_eq!(said(&found, "database-settings"), "each commit is written to the disk");
    assert!(said(&found, "disk").contains("a server of its own"), "{found:#}");
    let hasty = examine_writing(&database, dir.path(), &flags, 2).await;
    let (severity, finding) = of(&hasty, "database-settings");
    assert_eq!(severity, "warning", "{hasty:#}");
    assert_eq!(programs(finding), ["MySQL or MariaDB"]);
}
