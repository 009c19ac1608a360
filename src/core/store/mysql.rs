//! MySQL and MariaDB: connecting, session settings and the versions that are supported.

mod pool;
mod pooled_connection;
mod rights;

use std::str::FromStr;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlSslMode};
use sqlx::{ConnectOptions, Connection};
use url::Url;

use self::pool::Connector;
pub use self::pool::Pool;
pub use self::pooled_connection::PooledConnection;
use super::migrations::{self, MigrationStatus, Tables};
use super::{Error, Result, pool as pools};

/// Prepared statements kept per connection. The server limits those of all connections, by default to 16,382.
const STATEMENTS: usize = 256;
/// A batch of posts must fit into one packet.
const LEAST_PACKET: i64 = 16 * 1024 * 1024;

/// The settings of every session, whatever the server's defaults are. A transaction sees what others have committed and
/// locks only the rows that it finds, so what it relies on is locked explicitly. Values are never truncated silently.
const SESSION: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
     time_zone = '+00:00', default_storage_engine = InnoDB, innodb_lock_wait_timeout = 10; \
     SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// Opens `mysql://…` and applies pending migrations.
pub(super) async fn open(url: &str, connections: u32, tables: Tables) -> Result<Pool> {
    let options = options(url)?;
    let mut connection = reach(&options).await?;
    let flavour = examine(&mut connection).await?;
    wait_for_others(&mut connection).await?;
    if migrations::of_mysql(&mut connection).await?.is_behind(tables)? {
        rights::for_migrations(&mut connection).await?;
        migrations::up_mysql(&mut connection).await?;
    }
    rights::for_server(&mut connection).await?;
    let _ = connection.close().await;
    let pool = pools::open(Connector::new(options, vec![SESSION, flavour.timeout()]), connections)?;
    check_session(&mut *pools::get(&pool).await?, flavour).await?;
    Ok(pool)
}

/// Which migrations are applied, and whether the account may apply the others. Changes nothing.
pub(super) async fn check_migrations(url: &str) -> Result<MigrationStatus> {
    let mut connection = reach(&options(url)?).await?;
    examine(&mut connection).await?;
    wait_for_others(&mut connection).await?;
    let status = migrations::of_mysql(&mut connection).await?;
    if status.is_behind(Tables::Update)? {
        rights::for_migrations(&mut connection).await?;
    }
    let _ = connection.close().await;
    Ok(status)
}

/// A connection for migrations.
pub(super) async fn connect(url: &str) -> Result<MySqlConnection> {
    let mut connection = reach(&options(url)?).await?;
    wait_for_others(&mut connection).await?;
    Ok(connection)
}

/// Takes a lock for migrations until the connection ends, so that of several servers that start together only one
/// migrates, and none mistakes a running migration for an interrupted one. sqlx's own lock does not work here: its
/// infinite timeout means no timeout to MariaDB.
async fn wait_for_others(connection: &mut MySqlConnection) -> Result<()> {
    const LOCK: &str =
        "SELECT COALESCE(GET_LOCK(CONCAT('besedka ', LEFT(SHA2(database(), 256), 40)), 3600), 0)";
    let is_ours: i64 = sqlx::query_scalar(LOCK).fetch_one(connection).await?;
    match is_ours {
        1 => Ok(()),
        _ => Err(refused("another server has been changing its tables for an hour")),
    }
}

async fn reach(options: &MySqlConnectOptions) -> Result<MySqlConnection> {
    options.connect().await.map_err(|error| match error {
        sqlx::Error::Tls(why) => refused(format!(
            "no encrypted connection to its server: {why}; give it a certificate, or say ssl-mode=DISABLED in its \
             address if the network between is your own"
        )),
        sqlx::Error::Io(why) if why.get_ref().is_some_and(|cause| cause.is::<rustls::Error>()) => {
            refused(format!("no encrypted connection to its server: {why}"))
        }
        sqlx::Error::Io(why) => refused(format!("its server can't be reached: {why}")),
        error => error.into(),
    })
}

/// The kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    MySql,
    MariaDb,
}

impl Flavour {
    /// The longest time of a query; the two servers use different units.
    fn timeout(self) -> &'static str {
        match self {
            Self::MySql => "SET SESSION max_execution_time = 10000",
            Self::MariaDb => "SET SESSION max_statement_time = 10",
        }
    }

    fn isolation(self) -> &'static str {
        match self {
            Self::MySql => "@@transaction_isolation",
            Self::MariaDb => "@@tx_isolation",
        }
    }
}

fn refused(why: impl Into<String>) -> Error {
    Error::Refused(why.into())
}

fn options(text: &str) -> Result<MySqlConnectOptions> {
    // Errors do not contain the URL, because it may contain a password.
    let url = Url::parse(text).map_err(|_| refused("its address can't be read"))?;
    let mut options = MySqlConnectOptions::from_str(text)
        .map_err(|error| refused(format!("its address can't be read: {error}")))?;
    if options.get_database().is_none_or(str::is_empty) {
        return Err(refused("its address names no database; it must be mysql://USER:PASSWORD@HOST/NAME"));
    }
    let chosen = url.query_pairs().any(|(name, _)| matches!(&*name, "ssl-mode" | "sslmode"));
    if !chosen && options.get_socket().is_none() && !is_here(options.get_host()) {
        options = options.ssl_mode(MySqlSslMode::Required);
    }
    Ok(options.statement_cache_capacity(STATEMENTS).disable_statement_logging())
}

fn is_here(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Checks that the server is supported.
async fn examine(connection: &mut MySqlConnection) -> Result<Flavour> {
    let (version, packet): (String, i64) =
        sqlx::query_as("SELECT VERSION(), CAST(@@max_allowed_packet AS SIGNED)")
            .fetch_one(connection)
            .await?;
    if packet < LEAST_PACKET {
        return Err(refused(format!("its max_allowed_packet is {packet} bytes; 16M are needed at least")));
    }
    flavour(&version)
}

fn flavour(version: &str) -> Result<Flavour> {
    // MariaDB before 11 prefixes its version with 5.5.5, for clients that expect MySQL's.
    let plain = version.strip_prefix("5.5.5-").unwrap_or(version);
    let mut numbers = plain.split(['.', '-']).map(|part| part.parse::<u32>().unwrap_or_default());
    let number = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    let (flavour, least) = match version.contains("MariaDB") {
        true => (Flavour::MariaDb, (10, 6)),
        false => (Flavour::MySql, (8, 0)),
    };
    if number < least {
        return Err(refused(format!(
            "it is version {version}; MySQL 8.0 or MariaDB 10.6 is needed at least"
        )));
    }
    Ok(flavour)
}

/// Checks that a session has the requested settings, which a proxy might override.
async fn check_session(connection: &mut MySqlConnection, flavour: Flavour) -> Result<()> {
    let query = format!(
        "SELECT CAST(@@sql_mode AS CHAR), CAST(@@time_zone AS CHAR), CAST({} AS CHAR), \
         CAST(@@character_set_connection AS CHAR)",
        flavour.isolation()
    );
    let (mode, zone, isolation, charset): (String, String, String, String) =
        sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_one(connection).await?;
    let is = mode.contains("STRICT_ALL_TABLES")
        && zone == "+00:00"
        && isolation == "READ-COMMITTED"
        && charset == "utf8mb4";
    match is {
        true => Ok(()),
        false => Err(refused(format!(
            "its sessions are not as they must be: sql_mode {mode}, time_zone {zone}, isolation {isolation}, \
             character set {charset}"
        ))),
    }
}

/// Translates a server error.
pub(super) fn meaning(refusal: &MySqlDatabaseError) -> Option<Error> {
    Some(match refusal.number() {
        // Deadlock; lock wait timeout; the row has changed.
        1213 | 1205 | 1020 => Error::Again,
        // The transaction of a closed connection is rolled back.
        _ if is_last_word(refusal) => Error::Again,
        // Disk full; table full.
        1021 | 1114 => Error::Full,
        // Too many connections; query killed; query timeout; read-only.
        1040 | 1203 | 1226 | 1290 | 1317 | 1836 | 1969 | 3024 => Error::Unavailable,
        _ => return None,
    })
}

/// Whether the server closes the connection with this error: it shuts down, the connection was killed or idle for too
/// long. The numbers are those of both servers.
fn is_last_word(refusal: &MySqlDatabaseError) -> bool {
    matches!(refusal.number(), 1053 | 1080 | 1152 | 1184 | 1927 | 3169 | 4031)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_are_refused_in_words() {
        for (version, known) in [
            ("8.0.36", Flavour::MySql),
            ("9.7.4-2", Flavour::MySql),
            ("10.6.1-MariaDB", Flavour::MariaDb),
            ("5.5.5-10.11.19-MariaDB-0+deb12u1", Flavour::MariaDb),
            ("11.8.2-MariaDB-ubu2404-log", Flavour::MariaDb),
        ] {
            assert_eq!(flavour(version).unwrap(), known, "{version}");
        }
        for version in ["5.7.44-log", "10.5.29-MariaDB", "5.5.5-10.3.39-MariaDB", "whatever"] {
            let refusal = flavour(version).unwrap_err().to_string();
            assert!(refusal.contains("MySQL 8.0 or MariaDB 10.6"), "{refusal}");
        }
    }

    #[test]
    fn another_machine_is_asked_for_tls_unless_told_otherwise() {
        let mode = |url| options(url).unwrap().get_ssl_mode();
        assert!(matches!(mode("mysql://u:p@db.example/b"), MySqlSslMode::Required));
        assert!(matches!(mode("mysql://u:p@10.0.0.2/b"), MySqlSslMode::Required));
        assert!(matches!(mode("mysql://u:p@db.example/b?ssl-mode=disabled"), MySqlSslMode::Disabled));
        assert!(matches!(mode("mysql://u:p@db/b?ssl-mode=VERIFY_CA&ssl-ca=/ca.pem"), MySqlSslMode::VerifyCa));
        for here in ["mysql://u@localhost/b", "mysql://u@127.0.0.1:3307/b", "mysql://u@[::1]/b"] {
            assert!(matches!(mode(here), MySqlSslMode::Preferred), "{here}");
        }
    }

    #[test]
    fn a_refused_address_is_not_shown() {
        for url in [
            "mysql://u:secret@db.example/",
            "mysql://u:secret@db example/b",
            "mysql://u:secret@db/b?ssl-mode=x",
        ] {
            let refusal = options(url).unwrap_err().to_string();
            assert!(!refusal.contains("secret"), "{refusal}");
        }
    }
}
