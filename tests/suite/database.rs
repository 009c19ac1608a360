//! Where a test keeps its data: SQLite in the test's own folder or, when `BESEDKA_TEST_DATABASE` names a server, a
//! database there (`tests/databases.sh`).
//!
//! MySQL takes seconds to make the tables, and far less to empty them. So the databases of tests that are over are
//! emptied and used again, by other processes too: a list on the server names them.

use std::path::Path;
use std::time::Duration;

use besedka::store::Db;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, Row, SqliteConnection};

/// Databases whose tests are over.
const IDLE: &str = "CREATE DATABASE IF NOT EXISTS besedka_tests; \
    CREATE TABLE IF NOT EXISTS besedka_tests.idle (number BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(64) NOT NULL)";
/// How many younger ones a database waits for: what a test started may go on for a moment after it.
const RESTING: i64 = 3;

/// A database for one test.
pub struct Database {
    /// Its name on the server that was named for the tests; nothing when it is not there.
    name: Option<String>,
    /// Where it is, when it is neither there nor in the test's folder.
    elsewhere: Option<String>,
}

/// The server that was named for the tests, if any.
pub fn server() -> Option<String> {
    environment("BESEDKA_TEST_DATABASE").map(|url| url.trim_end_matches('/').to_owned())
}

/// What kind of server that is.
pub fn engine() -> Option<String> {
    environment("BESEDKA_TEST_ENGINE")
}

/// Who signed that server's certificate: a file.
pub fn authority() -> Option<String> {
    environment("BESEDKA_TEST_AUTHORITY")
}

#[expect(clippy::disallowed_methods, reason = "it concerns the tests and is no setting")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Database {
    pub async fn new() -> Self {
        let Some(server) = server() else { return Self { name: None, elsewhere: None } };
        let mut connection = MySqlConnection::connect(&server).await.unwrap();
        let name = match take_idle(&mut connection).await {
            Some(name) => {
                empty(&mut connection, &name).await;
                name
            }
            None => {
                let name = format!("besedka_{}", uuid::Uuid::new_v4().simple());
                let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
                run(&mut connection, &create).await;
                name
            }
        };
        Self { name: Some(name), elsewhere: None }
    }

    /// One that the test looks after.
    pub fn at(url: String) -> Self {
        Self { name: None, elsewhere: Some(url) }
    }

    /// Where it is, as a setting says it.
    pub fn url(&self, folder: &Path) -> String {
        if let Some(url) = &self.elsewhere {
            return url.clone();
        }
        match (&self.name, server()) {
            (Some(name), Some(server)) => format!("{server}/{name}"),
            _ => format!("sqlite:{}", folder.join("besedka.db").display()),
        }
    }

    pub fn is_mysql(&self) -> bool {
        self.name.is_some()
    }

    /// Takes its tables away too, on a server that was named for the tests.
    pub async fn unmake(&self) {
        let (Some(name), Some(server)) = (&self.name, server()) else { return };
        let mut connection = MySqlConnection::connect(&server).await.unwrap();
        run(&mut connection, &format!("DROP DATABASE {name}")).await;
        let create = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
        run(&mut connection, &create).await;
    }

    pub async fn open(&self, folder: &Path) -> Db {
        Db::open(&self.url(folder), 16).await.unwrap()
    }

    /// Changes something that no API changes. What is in the statement is the test's own.
    pub async fn change(&self, folder: &Path, statement: &str) {
        let url = self.url(folder);
        let statement = AssertSqlSafe(statement.to_owned());
        match &self.name {
            None => {
                let mut connection = SqliteConnection::connect(&url).await.unwrap();
                sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            Some(_) => {
                let mut connection = MySqlConnection::connect(&url).await.unwrap();
                sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
            }
        }
    }

    /// Where its search index is. SQLite's is a file, to which the database is attached.
    async fn index(&self, folder: &Path) -> SqliteConnection {
        let database = self.url(folder).strip_prefix("sqlite:").unwrap().to_owned();
        let file = besedka::store::search_file::path(Path::new(&database));
        let mut index = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
        sqlx::query("ATTACH ? AS messages").bind(database).execute(&mut index).await.unwrap();
        index
    }

    /// Changes something in the search index or the database.
    pub async fn change_index(&self, folder: &Path, statement: &str) {
        if self.is_mysql() {
            return self.change(folder, statement).await;
        }
        let mut index = self.index(folder).await;
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut index).await.unwrap();
        index.close().await.unwrap();
    }

    /// A number in the search index or the database.
    pub async fn count_index(&self, folder: &Path, question: &str) -> i64 {
        if self.is_mysql() {
            return self.count(folder, question).await;
        }
        let question = AssertSqlSafe(question.to_owned());
        sqlx::query_scalar(question).fetch_one(&mut self.index(folder).await).await.unwrap()
    }

    /// Lets nobody write the search index, which must be a file of its own.
    pub async fn busy_index(&self, folder: &Path) -> Busy {
        let mut index = self.index(folder).await;
        index.execute("BEGIN; DELETE FROM search_place WHERE number = 0").await.unwrap();
        Busy::Sqlite(index)
    }

    /// Keeps it busy.
    pub async fn busy(&self, folder: &Path) -> Busy {
        let url = self.url(folder);
        match &self.name {
            None => {
                let mut connection = SqliteConnection::connect(&url).await.unwrap();
                connection.execute("BEGIN IMMEDIATE").await.unwrap();
                Busy::Sqlite(connection)
            }
            Some(_) => self.busy_with("SELECT id FROM stream FOR UPDATE", folder).await,
        }
    }

    /// Begins a transaction with some statements, on a server that was named for the tests.
    pub async fn busy_with(&self, statements: &str, folder: &Path) -> Busy {
        let mut connection = MySqlConnection::connect(&self.url(folder)).await.unwrap();
        run(&mut connection, &format!("BEGIN; {statements}")).await;
        Busy::MySql(connection)
    }

    /// A number that no API tells.
    pub async fn count(&self, folder: &Path, question: &str) -> i64 {
        let url = self.url(folder);
        let question = AssertSqlSafe(question.to_owned());
        match &self.name {
            None => {
                let mut connection = SqliteConnection::connect(&url).await.unwrap();
                sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap()
            }
            Some(_) => {
                let mut connection = MySqlConnection::connect(&url).await.unwrap();
                sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap()
            }
        }
    }
}

/// Somebody who lets nobody write what is told to others, until it is over.
pub enum Busy {
    Sqlite(SqliteConnection),
    MySql(MySqlConnection),
}

impl Busy {
    pub async fn over(self) {
        match self {
            Self::Sqlite(mut connection) => drop(connection.execute("COMMIT").await.unwrap()),
            Self::MySql(mut connection) => drop(connection.execute("COMMIT").await.unwrap()),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (Some(name), Some(server)) = (self.name.take(), server()) else { return };
        // A destructor can't wait for the test's own runtime. One that fails leaves a database that nobody uses again.
        let added = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = MySqlConnection::connect(&server).await?;
                let add = sqlx::query("INSERT INTO besedka_tests.idle (name) VALUES (?)").bind(name);
                add.execute(&mut connection).await
            })
        });
        drop(added.join());
    }
}

/// The database that has been idle for the longest time, taken off the list.
async fn take_idle(connection: &mut MySqlConnection) -> Option<String> {
    run(connection, IDLE).await;
    let mut transaction = connection.begin().await.unwrap();
    let idle: Option<(i64, String)> = sqlx::query_as(
        "SELECT number, name FROM besedka_tests.idle \
         WHERE number <= (SELECT MAX(number) FROM besedka_tests.idle) - ? \
         ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED",
    )
    .bind(RESTING)
    .fetch_optional(&mut *transaction)
    .await
    .unwrap();
    if let Some((number, _)) = &idle {
        let remove = sqlx::query("DELETE FROM besedka_tests.idle WHERE number = ?").bind(number);
        remove.execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    idle.map(|(_, name)| name)
}

/// Takes everything out of a database, after whoever still uses it.
async fn empty(connection: &mut MySqlConnection, name: &str) {
    loop {
        // Not out of information_schema: MySQL stumbles there over what is binary in others' statements.
        let all = connection.fetch_all("SHOW PROCESSLIST").await.unwrap();
        let of_it = |row: &MySqlRow| row.get::<Option<String>, _>("db").as_deref() == Some(name);
        let users: Vec<u64> =
            all.iter().filter(|row| of_it(row)).map(|row| row.get_unchecked("Id")).collect();
        if users.is_empty() {
            break;
        }
        for id in users {
            // It may have gone by itself.
            let _ = sqlx::raw_sql(AssertSqlSafe(format!("KILL {id}"))).execute(&mut *connection).await;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let tables: Vec<(String,)> = sqlx::query_as(
        "SELECT CAST(table_name AS CHAR) FROM information_schema.tables \
         WHERE table_schema = ? AND table_name <> '_sqlx_migrations'",
    )
    .bind(name)
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let emptied: String = tables.iter().map(|(table,)| format!("DELETE FROM {name}.{table};")).collect();
    if !emptied.is_empty() {
        run(connection, &emptied).await;
    }
}

async fn run(connection: &mut MySqlConnection, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await.unwrap();
}

#[test]
fn each_filter_for_the_databases_names_a_module() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let read = |name: &str| std::fs::read_to_string(tests.join(name)).unwrap();
    let filters = read("databases.filter") + &read("mysql.filter");
    let filters = filters.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for filter in filters {
        let module = filter.strip_suffix("::").expect("a module").replace("::", "/");
        let file = tests.join("suite").join(module).with_extension("rs");
        assert!(file.exists(), "{filter}: there is no {}", file.display());
    }
}
