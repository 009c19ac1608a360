//! Migrations: forth, back, how far, and a whole database on its way into another one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use besedka::messenger::Clock;
use besedka::model::{Stream, Time};
use besedka::store::{Db, Tables, TrialOutcome, database_copy, streams};
use sqlx::migrate::Migrator;
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::database::Database;
use crate::server::{Person, TestServer};
use crate::skip::leave;

/// The time of the machine.
fn now() -> Time {
    Clock::default().now()
}

#[tokio::test]
async fn an_older_database_is_copied_before_its_tables_change() {
    let dir = TempDir::new().unwrap();
    let (older, before, newest) = older();
    {
        let url = format!("{}?mode=rwc", url(dir.path()));
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let migrator = Migrator::new(older.path()).await.unwrap();
        migrator.run(&mut connection).await.unwrap();
        sqlx::query("INSERT INTO stream (id, seq) VALUES (7, 0)").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
    let refused = Db::open_with(&url(dir.path()), 2, Tables::Leave).await.err().unwrap().to_string();
    assert!(refused.contains("besedka migrate up"), "{refused}");
    assert_eq!(copies(dir.path()).len(), 0, "it was left as it is");
    let db = Db::open(&url(dir.path()), 2).await.unwrap();
    assert_eq!(seqs(&db).await, [0], "what it held is there");
    db.close().await;
    assert_eq!(Db::migration_status(&url(dir.path())).await.unwrap().last(), Some(newest));
    let copies = copies(dir.path());
    assert_eq!(copies.len(), 1, "{copies:?}");
    let copy = format!("sqlite:{}", copies[0].display());
    assert_eq!(Db::migration_status(&copy).await.unwrap().last(), Some(before));
    let mut copy = SqliteConnection::connect(&copy).await.unwrap();
    let held: i64 =
        sqlx::query_scalar("SELECT count(*) FROM stream WHERE id = 7").fetch_one(&mut copy).await.unwrap();
    assert_eq!(held, 1);
    Db::open(&url(dir.path()), 2).await.unwrap().close().await;
    assert_eq!(self::copies(dir.path()).len(), 1, "once");
}

/// Back to an older version and forth again, twice: a copy that is there is another day's.
#[tokio::test]
async fn each_change_of_the_tables_has_a_copy_of_its_own() {
    let dir = TempDir::new().unwrap();
    let url = url(dir.path());
    open(dir.path()).await.close().await;
    let newest = Db::migration_status(&url).await.unwrap().last().unwrap();
    let held = async |file: &Path| {
        let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        let held = sqlx::query_scalar("SELECT count(*) FROM stream WHERE id > 1000 AND seq = 77");
        let held: i64 = held.fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        held
    };
    for day in 1..=2 {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let insert = sqlx::query("INSERT INTO stream (id, seq) VALUES (?, 77)").bind(1000 + day);
        insert.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let copy = Db::revert(&url, newest - 1, now()).await.unwrap().unwrap();
        assert_eq!(held(&copy).await, day);
        open(dir.path()).await.close().await;
        let mut before: Vec<i64> = Vec::new();
        for copy in copies(dir.path()) {
            before.push(held(&copy).await);
        }
        before.sort_unstable();
        assert_eq!(before, (1..=day).collect::<Vec<_>>());
    }
    // A change that fails leaves no copy, however often the server is started.
    Db::revert(&url, 150, now()).await.unwrap();
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("CREATE TABLE audit_entry (own INTEGER)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    for _ in 0..2 {
        assert!(Db::open(&url, 2).await.is_err());
        assert_eq!(copies(dir.path()).len(), 2);
    }
}

/// `besedka migrate up --dry-run`: whether it succeeds, and what it says.
async fn dry_run(url: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_besedka"));
    command.args(["migrate", "up", "--dry-run", "--database-url", url]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    (output.status.success(), said.concat())
}

/// The names of the files in a folder.
fn files(dir: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| !name.ends_with("-shm") && !name.ends_with("-wal")).collect()
}

#[tokio::test]
async fn a_dry_run_tries_the_migrations_and_changes_nothing() {
    let dir = TempDir::new().unwrap();
    let url = url(dir.path());
    let (is_fine, said) = dry_run(&url).await;
    assert!(is_fine && said.contains("there is no database yet"), "{said}");
    assert_eq!(files(dir.path()).len(), 0);
    open(dir.path()).await.close().await;
    let (is_fine, said) = dry_run(&url).await;
    assert!(is_fine && said.contains("there is nothing to do"), "{said}");
    Db::revert(&url, 150, now()).await.unwrap();
    let before = (files(dir.path()), Db::migration_status(&url).await.unwrap().last());
    let (is_fine, said) = dry_run(&url).await;
    assert!(is_fine, "{said}");
    for part in ["0160  would be applied  audit entry\n", "would be copied first", "all of them succeed"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("0150"), "{said}");
    assert_eq!((files(dir.path()), Db::migration_status(&url).await.unwrap().last()), before);
    // One that fails is found before it is applied.
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("CREATE TABLE audit_entry (own INTEGER)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let (is_fine, said) = dry_run(&url).await;
    assert!(!is_fine && said.contains("audit_entry") && said.contains("Nothing was changed"), "{said}");
    assert_eq!((files(dir.path()), Db::migration_status(&url).await.unwrap().last()), before);
}

#[tokio::test]
async fn a_dry_run_with_too_little_room_says_so() {
    let dir = TempDir::new().unwrap();
    let url = url(dir.path());
    open(dir.path()).await.close().await;
    Db::revert(&url, 150, now()).await.unwrap();
    let size = |file: &Path| std::fs::metadata(file).unwrap().len();
    let none = Db::try_migrations(&url, |_| Some(0)).await.unwrap();
    assert!(matches!(none.outcome, TrialOutcome::NoRoom), "{:?}", none.outcome);
    assert!(none.copy.unwrap().bytes > 0);
    let one = Db::try_migrations(&url, |file| Some(std::fs::metadata(file).unwrap().len())).await.unwrap();
    assert!(matches!(one.outcome, TrialOutcome::NoRoomToTry), "{:?}", one.outcome);
    assert_eq!(one.copy.unwrap().free, Some(size(Path::new(url.trim_start_matches("sqlite:")))));
}

#[tokio::test]
async fn a_dry_run_of_mysql_lists_and_changes_nothing() {
    let (dir, database) = (TempDir::new().unwrap(), Database::new().await);
    if !database.is_mysql() {
        return leave("SQLite has tests of its own");
    }
    database.open(dir.path()).await.close().await;
    let url = database.url(dir.path());
    Db::revert(&url, 150, now()).await.unwrap();
    let (is_fine, said) = dry_run(&url).await;
    assert!(is_fine && said.contains("0160  would be applied") && said.contains("only listed"), "{said}");
    assert_eq!(Db::migration_status(&url).await.unwrap().last(), Some(150));
}

#[tokio::test]
async fn a_migration_that_fails_leaves_the_database_as_it_was() {
    let dir = TempDir::new().unwrap();
    let mut connection = SqliteConnection::connect(&format!("{}?mode=rwc", url(dir.path()))).await.unwrap();
    // One of the last migrations creates a table of this name.
    sqlx::query("CREATE TABLE backup (own INTEGER)").execute(&mut connection).await.unwrap();
    let failed = Db::open(&url(dir.path()), 2).await.err().unwrap().to_string();
    assert!(failed.contains("backup"), "{failed}");
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'";
    let tables: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await.unwrap();
    assert_eq!(tables, 1, "nothing was made");
    sqlx::query("DROP TABLE backup").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    open(dir.path()).await.close().await;
}

#[tokio::test]
async fn tables_that_are_newer_are_borne_unless_something_was_taken_from_them() {
    let (dir, database) = (TempDir::new().unwrap(), Database::new().await);
    database.open(dir.path()).await.close().await;
    let add = |number: i64, name: &str| {
        format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES ({number}, '{name}', true, x'00', 0)"
        )
    };
    database.change(dir.path(), &add(9998, "more columns")).await;
    let url = database.url(dir.path());
    Db::open(&url, 2).await.unwrap().close().await;
    assert_eq!(Db::migration_status(&url).await.unwrap().last(), Some(9998));
    database.change(dir.path(), &add(9999, "drop columns")).await;
    let refused = Db::open(&url, 2).await.err().unwrap().to_string();
    assert!(refused.contains("newer Besedka") && refused.contains("9999"), "{refused}");
    database.change(dir.path(), "DELETE FROM _sqlx_migrations WHERE version > 9000").await;
}

/// Before migration 90 keys were stored by their fingerprint.
#[tokio::test]
async fn keys_of_requests_stay_when_they_are_stored_by_time() {
    let (dir, database) = (TempDir::new().unwrap(), Database::new().await);
    database.open(dir.path()).await.close().await;
    let url = database.url(dir.path());
    let key = "SELECT count(*) FROM idempotency_key WHERE at = 5 AND status = 201 AND subject = 'x'";
    Db::revert(&url, 89, now()).await.unwrap();
    let columns = "(fingerprint, body, status, subject, at)";
    let digest = format!("x'{}'", "0f".repeat(16));
    let values = format!("VALUES ({digest}, {digest}, 201, 'x', 5)");
    database.change(dir.path(), &format!("INSERT INTO idempotency_key {columns} {values}")).await;
    database.open(dir.path()).await.close().await;
    assert_eq!(database.count(dir.path(), key).await, 1);
    Db::revert(&url, 89, now()).await.unwrap();
    assert_eq!(database.count(dir.path(), key).await, 1, "and back");
}

/// Since migration 103 a message of SQLite is its own event, and holds the key of the request that posted it.
#[tokio::test]
async fn events_and_keys_of_messages_get_rows_again_on_the_way_back() {
    let (dir, database) = (TempDir::new().unwrap(), Database::new().await);
    if database.is_mysql() {
        return leave("MySQL has these rows anyway");
    }
    database.open(dir.path()).await.close().await;
    let digest = "0f".repeat(16);
    for statement in [
        "INSERT INTO stream (id, seq, pruned_seq) VALUES (7, 2, 1)".to_owned(),
        format!(
            "INSERT INTO message (id, chat_id, seq, author_id, kind, text, sent_at, request_key) VALUES \
             (8, 7, 1, 3, 1, 'pruned', 4, NULL), (9, 7, 2, 3, 1, 'kept', 5, x'{digest}{digest}323031')"
        ),
    ] {
        database.change(dir.path(), &statement).await;
    }
    Db::revert(&database.url(dir.path()), 102, now()).await.unwrap();
    let key = format!(
        "SELECT count(*) FROM idempotency_key \
         WHERE fingerprint = x'{digest}' AND at = 5 AND status = 201 AND subject = 'message:9'"
    );
    assert_eq!(database.count(dir.path(), &key).await, 1);
    let event =
        "SELECT count(*) FROM event WHERE stream_id = 7 AND seq = 2 AND kind = 1 AND subject = 9 AND at = 5";
    assert_eq!(database.count(dir.path(), event).await, 1);
    assert_eq!(database.count(dir.path(), "SELECT count(*) FROM event").await, 1);
}

/// Since migration 180 SQLite's search index is a file of its own.
#[tokio::test]
async fn the_search_index_leaves_the_database() {
    let (dir, database) = (TempDir::new().unwrap(), Database::new().await);
    if database.is_mysql() {
        return leave("MySQL's index is in the database");
    }
    database.open(dir.path()).await.close().await;
    Db::revert(&database.url(dir.path()), 179, now()).await.unwrap();
    for statement in [
        "INSERT INTO search_place (number, message_id) VALUES (1, 8)",
        "INSERT INTO search_index (rowid, tokens) VALUES (1, 'rose')",
    ] {
        database.change(dir.path(), statement).await;
    }
    database.open(dir.path()).await.close().await;
    for question in [
        "SELECT count(*) FROM search_place",
        "SELECT count(*) FROM search_index WHERE search_index MATCH 'rose'",
    ] {
        assert_eq!(database.count(dir.path(), question).await, 0, "{question}");
    }
}

/// A step back takes away what the step forth brought, all the way, and forth again.
#[tokio::test]
async fn every_migration_has_its_way_back() {
    let (dir, database) = (TempDir::new().unwrap(), Database::new().await);
    database.open(dir.path()).await.close().await;
    let url = database.url(dir.path());
    let known = Db::migration_status(&url).await.unwrap().known;
    let [.., (before, ..), (newest, ..)] = known[..] else { panic!("{known:?}") };
    database.change(dir.path(), "INSERT INTO stream (id, seq) VALUES (7, 3)").await;
    let copy = Db::revert(&url, before, now()).await.unwrap();
    assert_eq!(Db::migration_status(&url).await.unwrap().last(), Some(before));
    assert_eq!(copy.is_some(), !database.is_mysql(), "MySQL can't be copied from here");
    if let Some(copy) = copy {
        let copy = Db::migration_status(&format!("sqlite:{}", copy.display())).await.unwrap();
        assert_eq!(copy.last(), Some(newest));
    }
    // The way back and the way forth are in the audit log, as long as it is there.
    Db::open_recording(&url, 2, "system", now()).await.unwrap().close().await;
    Db::open_recording(&url, 2, "system", now()).await.unwrap().close().await;
    for (by, from, to) in [("operator", newest, before), ("system", before, newest)] {
        let recorded = format!(
            "SELECT count(*) FROM audit_entry WHERE action = 'database.migrate' AND actor_kind = '{by}' \
             AND details = '{{\"from\":{from},\"to\":{to}}}'"
        );
        assert_eq!(database.count(dir.path(), &recorded).await, 1, "{recorded}");
    }
    Db::revert(&url, 0, now()).await.unwrap();
    assert_eq!(Db::migration_status(&url).await.unwrap().last(), None);
    let left = match database.is_mysql() {
        true => "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()",
        false => "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    };
    assert_eq!(database.count(dir.path(), left).await, 1, "the table of migrations alone");
    let db = database.open(dir.path()).await;
    assert_eq!(seqs(&db).await, [0; 0]);
    db.close().await;
}

#[test]
fn both_databases_have_the_same_migrations_and_names_say_what_takes_away() {
    let (sqlite, mysql) = (migrations("sqlite"), migrations("mysql"));
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, mysql);
    let numbers: Vec<i64> = names(&sqlite, ".up.sql").map(number).collect();
    assert!(numbers.is_sorted_by(|one, next| one < next), "a number stands twice: {numbers:?}");
    assert_eq!(
        names(&sqlite, ".up.sql").collect::<Vec<_>>(),
        names(&sqlite, ".down.sql").collect::<Vec<_>>()
    );
    for database in ["sqlite", "mysql"] {
        for name in names(&sqlite, ".up.sql") {
            let text = std::fs::read_to_string(folder(database).join(format!("{name}.up.sql"))).unwrap();
            let text = text.to_uppercase();
            let takes_away =
                ["DROP ", "RENAME ", "MODIFY ", "CHANGE "].iter().any(|word| text.contains(word));
            assert_eq!(takes_away, name[5..].starts_with("drop"), "{database}/{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_database_moves_into_another_and_goes_on_where_it_was_interrupted() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Сад", &[&bob]).await;
    let mut printed = Vec::new();
    for round in 0..620 {
        printed.push(ann.post_text(chat, &format!("Привет, {round} 🌿")).await["id"].clone());
    }
    let loved = &printed[0];
    bob.put(&format!("/messages/{loved}/reactions/🌿"), serde_json::json!({})).await.expect(200);
    let TestServer { dir, database, running, .. } = server;
    running.stop().await;

    let elsewhere = TempDir::new().unwrap();
    // From SQLite or from MySQL into SQLite; and back.
    let (from, to) = (database.url(dir.path()), url(elsewhere.path()));
    let (back, folder) = (Database::new().await, TempDir::new().unwrap());
    for (from, to, interrupted) in [(from, to.clone(), true), (to, back.url(folder.path()), false)] {
        let (source, target) = (Db::open(&from, 2).await.unwrap(), Db::open(&to, 2).await.unwrap());
        let moved = database_copy::copy(&source, &target, Time(1), |_, _| ()).await.unwrap();
        assert!(moved.iter().all(|table| table.from == table.to && table.already == 0), "{moved:?}");
        assert_eq!(rows(&moved, "reaction"), (1, 0));
        if interrupted {
            let file = elsewhere.path().join("besedka.db");
            let mut connection =
                SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
            let cut =
                "DELETE FROM message WHERE id > (SELECT id FROM message ORDER BY id LIMIT 1 OFFSET 400)";
            sqlx::query(cut).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            let again = database_copy::copy(&source, &target, Time(1), |_, _| ()).await.unwrap();
            assert!(again.iter().all(|table| table.from == table.to), "{again:?}");
            assert_eq!(rows(&again, "message").1, 401, "what was there is not copied again");
            assert!(rows(&again, "message").0 >= 219);
        }
        source.close().await;
        target.close().await;
    }

    let server = TestServer::on(Database::at(url(elsewhere.path())), &["--rate-limits", "off"]).await;
    let ann = server.again(&Person { url: server.url.clone(), ..ann }, "ann").await;
    assert_eq!(ann.texts(chat).await[0], "Привет, 619 🌿");
    let message = ann.get(&format!("/messages/{loved}")).await.expect(200);
    assert_eq!(message["reactions"][0]["emoji"], "🌿");
    let found = async {
        while ann.get("/search?q=привет").await.expect(200)["results"].as_array().is_none_or(Vec::is_empty)
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), found).await.expect("it is indexed anew");
    ann.post_text(chat, "and on").await;
}

#[tokio::test]
async fn nothing_is_copied_over_something_else() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (source, target) = (open(one.path()).await, open(two.path()).await);
    for (db, id) in [(&source, 7), (&target, 8)] {
        let mut tx = db.begin().await.unwrap();
        streams::create(&mut tx, &[Stream(id)]).await.unwrap();
        tx.commit(|| ()).await.unwrap();
    }
    let refused = database_copy::copy(&source, &target, Time(1), |_, _| ()).await.unwrap_err().to_string();
    assert!(refused.contains("something else"), "{refused}");
    assert_eq!(streams::seqs(&mut target.read().await.unwrap(), &[Stream(7)]).await.unwrap().len(), 0);
    let lease = "INSERT INTO lease (name, holder, until) VALUES ('node 3', 5, 100)";
    let file = format!("sqlite:{}", one.path().join("besedka.db").display());
    let mut connection = SqliteConnection::connect(&file).await.unwrap();
    sqlx::query(lease).execute(&mut connection).await.unwrap();
    let refused = database_copy::copy(&source, &target, Time(99), |_, _| ()).await.unwrap_err().to_string();
    assert!(refused.contains("stop it first"), "{refused}");
}

fn rows(moved: &[database_copy::Moved], table: &str) -> (u64, u64) {
    let moved = moved.iter().find(|moved| moved.table == table).unwrap();
    (moved.copied, moved.already)
}

async fn open(folder: &Path) -> Db {
    Db::open(&url(folder), 2).await.unwrap()
}

fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("besedka.db").display())
}

async fn seqs(db: &Db) -> Vec<i64> {
    let seqs = streams::seqs(&mut db.read().await.unwrap(), &[Stream(7)]).await.unwrap();
    seqs.values().copied().collect()
}

fn copies(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().contains("before")).collect()
}

fn folder(database: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database)
}

fn migrations(database: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder(database)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn names<'a>(files: &'a BTreeSet<String>, ending: &'a str) -> impl Iterator<Item = &'a str> {
    files.iter().filter_map(move |name| name.strip_suffix(ending))
}

fn number(migration: &str) -> i64 {
    migration.split('_').next().unwrap().parse().unwrap()
}

/// All migrations of SQLite but the newest, in a folder; and the numbers of their last one and of the newest.
fn older() -> (TempDir, i64, i64) {
    let (all, older) = (migrations("sqlite"), TempDir::new().unwrap());
    let mut kept: Vec<_> = names(&all, ".up.sql").collect();
    let newest = kept.pop().unwrap();
    for name in &kept {
        let file = format!("{name}.up.sql");
        std::fs::copy(folder("sqlite").join(&file), older.path().join(&file)).unwrap();
    }
    (older, number(kept.last().unwrap()), number(newest))
}
