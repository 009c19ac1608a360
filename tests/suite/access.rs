//! Getting into MySQL or MariaDB: by TLS, with the rights that it takes, and several servers at once.
//!
//! On SQLite there is nothing to get into.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use besedka::store::{Db, Error};
use deadpool::managed::{Manager, Metrics};
use futures_util::future::join_all;
use futures_util::poll;
use sea_query::{Expr, Query, SelectStatement};
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::database::{Database, authority, server};
use crate::relay::Relay;
use crate::server::TestServer;
use crate::skip::leave;

/// A database that nobody else uses.
struct Fresh {
    server: String,
    name: String,
    admin: MySqlConnection,
}

impl Fresh {
    /// Nothing without a server.
    async fn new(name: &str) -> Option<Self> {
        let Some(server) = server() else {
            leave("it is about a server of MariaDB or MySQL");
            return None;
        };
        let mut admin = MySqlConnection::connect(&server).await.unwrap();
        let name = format!("besedka_{}_{name}", std::process::id());
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        Some(Self { server, name, admin })
    }

    fn url(&self, query: &str) -> String {
        format!("{}/{}{query}", self.server, self.name)
    }

    async fn run(&mut self, statement: &str) {
        let statement = statement.replace("{name}", &self.name);
        self.admin.execute(AssertSqlSafe(statement)).await.unwrap();
    }

    /// Whether a connection waits for the end of `SLEEP`.
    async fn is_sleeping(&mut self, connection: i64) -> bool {
        let question =
            "SELECT count(*) FROM information_schema.processlist WHERE id = ? AND state = 'User sleep'";
        let found: i64 =
            sqlx::query_scalar(question).bind(connection).fetch_one(&mut self.admin).await.unwrap();
        found > 0
    }

    /// Ends all connections to the database.
    async fn kill_connections(&mut self) {
        let query = "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = ?";
        let ids: Vec<i64> =
            sqlx::query_scalar(query).bind(&self.name).fetch_all(&mut self.admin).await.unwrap();
        for id in ids {
            // It may have ended by itself.
            let _ = self.admin.execute(AssertSqlSafe(format!("KILL {id}"))).await;
        }
    }

    async fn tables(&mut self) -> i64 {
        let question = "SELECT count(*) FROM information_schema.tables WHERE table_schema = ?";
        sqlx::query_scalar(question).bind(&self.name).fetch_one(&mut self.admin).await.unwrap()
    }
}

async fn refused(url: &str) -> String {
    Db::open(url, 2).await.err().expect("it is refused").to_string()
}

#[tokio::test]
async fn a_connection_is_encrypted_and_the_certificate_is_looked_at() {
    let Some(fresh) = Fresh::new("tls").await else { return };
    let authority = authority().unwrap();
    for query in [
        "?ssl-mode=REQUIRED".to_owned(),
        format!("?ssl-mode=VERIFY_CA&ssl-ca={authority}"),
        format!("?ssl-mode=VERIFY_IDENTITY&ssl-ca={authority}"),
    ] {
        let db = Db::open(&fresh.url(&query), 2).await.unwrap();
        let Db::MySql(pool) = &db else { panic!("it is no MySQL") };
        let mut connection = pool.get().await.unwrap();
        let (_, cipher): (String, String) = sqlx::query_as("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert!(!cipher.is_empty(), "{query}");
        drop(connection);
        db.close().await;
    }
    let refused = refused(&fresh.url("?ssl-mode=VERIFY_CA")).await;
    assert!(refused.contains("no encrypted connection") && refused.contains("certificate"), "{refused}");
}

#[tokio::test]
async fn nobody_between_talks_a_connection_out_of_tls() {
    let Some(fresh) = Fresh::new("stripped").await else { return };
    let direct = url::Url::parse(&fresh.url("?ssl-mode=REQUIRED")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut between = direct.clone();
    between.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let target = format!("127.0.0.1:{}", direct.port().unwrap());
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            tokio::spawn(strip(near, TcpStream::connect(target.clone()).await.unwrap()));
        }
    });
    let refused = refused(between.as_str()).await;
    assert!(
        refused.contains("no encrypted connection") && refused.contains("ssl-mode=DISABLED"),
        "{refused}"
    );
}

/// Passes everything on, but that the server speaks TLS.
async fn strip(mut near: TcpStream, mut far: TcpStream) -> std::io::Result<()> {
    let mut head = [0; 4];
    far.read_exact(&mut head).await?;
    let mut greeting = vec![0; usize::from(u16::from_le_bytes([head[0], head[1]]))];
    far.read_exact(&mut greeting).await?;
    // The protocol, the server's version up to a zero, its thread, a nonce and a zero; then what it can.
    let version = greeting[1..].iter().position(|byte| *byte == 0).unwrap();
    greeting[1 + version + 1 + 4 + 8 + 1 + 1] &= !0x08;
    near.write_all(&head).await?;
    near.write_all(&greeting).await?;
    copy_bidirectional(&mut near, &mut far).await.map(drop)
}

#[tokio::test]
async fn a_user_without_a_right_is_told_which_and_nothing_is_half_done() {
    let Some(mut fresh) = Fresh::new("rights").await else { return };
    fresh.run("CREATE USER IF NOT EXISTS {name}@'127.0.0.1' IDENTIFIED BY 'rights'").await;
    fresh.run("GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON {name}.* TO {name}@'127.0.0.1'").await;
    let theirs = fresh.url("").replace("besedka:besedka@", &format!("{}:rights@", fresh.name));
    let sentence = refused(&theirs).await;
    assert!(sentence.contains("right to ALTER, INDEX"), "{sentence}");
    assert_eq!(fresh.tables().await, 0);
    Db::open(&fresh.url(""), 2).await.unwrap().close().await;
    fresh.run("REVOKE CREATE ON {name}.* FROM {name}@'127.0.0.1'").await;
    Db::open(&theirs, 2).await.expect("who keeps need not make").close().await;
    fresh.run("REVOKE DELETE ON {name}.* FROM {name}@'127.0.0.1'").await;
    let sentence = refused(&theirs).await;
    assert!(sentence.contains("right to DELETE"), "{sentence}");
    fresh.run("DROP USER {name}@'127.0.0.1'").await;
}

/// The number that the server gives the only connection of a pool.
fn number() -> SelectStatement {
    Query::select().expr(Expr::cust("CAST(CONNECTION_ID() AS SIGNED)")).to_owned()
}

async fn connection(db: &Db) -> i64 {
    let (number,): (i64,) = db.read().await.unwrap().one(&number()).await.unwrap().unwrap();
    number
}

#[tokio::test]
async fn a_connection_whose_answer_nobody_awaits_is_not_used_again() {
    let Some(fresh) = Fresh::new("given_up").await else { return };
    let db = Db::open(&fresh.url(""), 1).await.unwrap();
    let first = connection(&db).await;
    assert_eq!(connection(&db).await, first);
    {
        let long = Query::select().expr(Expr::cust("SLEEP(5)")).to_owned();
        let mut read = db.read().await.unwrap();
        let mut asked = std::pin::pin!(read.one::<(i64,)>(&long));
        assert!(poll!(&mut asked).is_pending());
    }
    assert_ne!(connection(&db).await, first);
    db.close().await;
}

#[tokio::test]
async fn whoever_asks_after_the_server_has_ended_a_connection_gets_another() {
    let Some(mut fresh) = Fresh::new("ended").await else { return };
    let db = Db::open(&fresh.url(""), 1).await.unwrap();
    let first = connection(&db).await;
    fresh.run(&format!("KILL {first}")).await;
    let second = connection(&db).await;
    assert_ne!(second, first);
    fresh.run(&format!("KILL {second}")).await;
    db.begin().await.unwrap().commit(|| ()).await.unwrap();
    // What was begun on a connection that ends is undone, and may be done again.
    let mut change = db.begin().await.unwrap();
    let (third,): (i64,) = change.one(&number()).await.unwrap().unwrap();
    fresh.run(&format!("KILL {third}")).await;
    let lost = change.one::<(i64,)>(&number()).await;
    assert!(matches!(lost, Err(Error::Again)), "{lost:?}");
    drop(change);
    // Also when the server says so itself, to whoever waits for an answer.
    let mut change = db.begin().await.unwrap();
    let (fourth,): (i64,) = change.one(&number()).await.unwrap().unwrap();
    let long = Query::select().expr(Expr::cust("SLEEP(5)")).to_owned();
    let (lost, ()) = tokio::join!(change.one::<(i64,)>(&long), async {
        while !fresh.is_sleeping(fourth).await {}
        fresh.run(&format!("KILL {fourth}")).await;
    });
    assert!(matches!(lost, Err(Error::Again)), "{lost:?}");
    drop(change);
    assert_ne!(connection(&db).await, third);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_do_not_notice_that_the_server_ends_connections() {
    let Some(mut fresh) = Fresh::new("reading").await else { return };
    let server = TestServer::on(Database::at(fresh.url("")), &["--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    let bob = server.person("bob").await;
    ann.group("Garden", &[&bob]).await;
    let answered = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let paths = ["/chats", "/users/me", "/sync", "/chats?limit=1"];
    let readers = (0..8).map(|index| {
        let (ann, path, answered, stop) = (ann.clone(), paths[index % 4], answered.clone(), stop.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::SeqCst) {
                ann.get(path).await.expect(200);
                answered.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for _ in 0..50 {
        let enough = answered.load(Ordering::SeqCst) + 20;
        while answered.load(Ordering::SeqCst) < enough && !readers.iter().any(JoinHandle::is_finished) {
            tokio::task::yield_now().await;
        }
        fresh.kill_connections().await;
    }
    stop.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    server.running.stop().await;
}

#[tokio::test]
async fn a_server_that_has_fallen_silent_is_not_waited_for_without_end() {
    let Some(fresh) = Fresh::new("silent").await else { return };
    let mut url = url::Url::parse(&fresh.url("")).unwrap();
    let relay = Relay::to(([127, 0, 0, 1], url.port().unwrap()).into()).await;
    url.set_port(Some(relay.address.port())).unwrap();
    let db = Db::open(url.as_str(), 1).await.unwrap();
    let first = connection(&db).await;

    relay.cut(true);
    let asked = tokio::spawn({
        let db = db.clone();
        async move { connection(&db).await }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    relay.cut(false);
    assert_ne!(asked.await.unwrap(), first, "another is asked");

    // One that rested for long is asked first whether it is still there.
    let Db::MySql(pool) = &db else { panic!("it is no MySQL") };
    let mut rested = pool.get().await.unwrap();
    let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
    let use_of_it = Metrics { created: long_ago, recycled: None, recycle_count: 0 };
    relay.cut(true);
    tokio::time::pause();
    pool.manager().recycle(&mut rested, &use_of_it).await.unwrap_err();
    tokio::time::resume();
    relay.cut(false);
    drop(rested);
    db.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_start_at_once_make_the_tables_once() {
    let Some(fresh) = Fresh::new("once").await else { return };
    let url = fresh.url("");
    for opened in join_all((0..4).map(|_| Db::open(&url, 2))).await {
        opened.unwrap().close().await;
    }
}
