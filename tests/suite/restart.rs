//! A database server that is killed, and comes back: a real one, a process of its own.
//!
//! Which one, `BESEDKA_TEST_ENGINE` says (`tests/databases.sh`); without it there is none to kill.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::{Connection, Executor, MySqlConnection};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::database::{Database, engine};
use crate::server::{Person, TestServer};
use crate::skip::leave;
use crate::traffic::{Poster, check, history};

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_killed_under_load_loses_nothing_and_is_found_again() {
    let Some(kind) = engine() else { return leave("there is no MariaDB or MySQL to kill") };
    let folder = TempDir::new().unwrap();
    let mut engine = Engine::start(&kind, folder.path()).await;
    engine.connect().await.unwrap().execute("CREATE DATABASE besedka").await.unwrap();
    let url = format!("{}/besedka", engine.url);
    let server = TestServer::on(Database::at(url), &["--rate-limits", "off"]).await;
    let people = [server.person("ann").await, server.person("bob").await];
    let chat = people[0].group("Garden", &[&people[1]]).await;
    let mut posters: Vec<Poster> = (0..6).map(|name| Poster::new(&people[name % 2], chat, name)).collect();
    let count = posters[0].count.clone();
    for poster in &mut posters {
        poster.count = count.clone();
    }
    for round in 0..2 {
        let stop = Arc::new(AtomicBool::new(false));
        let posting = posters.into_iter().map(|poster| tokio::spawn(poster.post_until(stop.clone())));
        let posting: Vec<_> = posting.collect();
        // Who reads waits for it, and receives of nothing.
        let reading = (round == 0).then(|| tokio::spawn(read_until(people[0].clone(), stop.clone())));
        posted(&count, 20).await;
        engine.kill();
        // Once it is back before anybody gives up waiting, once only after that.
        if round == 1 {
            timeout(PATIENCE, until_refused(&people[0])).await.expect("who waits is told so in time");
        }
        engine = Engine::start(&kind, folder.path()).await;
        // In the second round they may have given up.
        if round == 0 {
            posted(&count, 20).await;
        }
        stop.store(true, Ordering::SeqCst);
        posters = join_all(posting).await.into_iter().map(Result::unwrap).collect();
        if let Some(reading) = reading {
            reading.await.unwrap();
        }
        people[0].get("/chats").await.expect(200);
        for poster in &mut posters {
            poster.repeat_what_got_no_answer().await;
        }
    }
    let acknowledged: usize = posters.iter().map(|poster| poster.acknowledged.len()).sum();
    assert!(acknowledged > 20, "{acknowledged}");
    check(&history(&people[1], chat).await, &posters);
    server.running.stop().await;
}

/// Waits until so many more posts were acknowledged.
async fn posted(count: &AtomicUsize, more: usize) {
    let enough = count.load(Ordering::SeqCst) + more;
    let acknowledged = async {
        while count.load(Ordering::SeqCst) < enough {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, acknowledged).await.expect("posts are acknowledged");
}

/// Reads until the server says that it waited for the database in vain.
async fn until_refused(person: &Person) {
    let refused = person.get("/chats").await;
    assert_eq!((refused.status, refused.header("Retry-After")), (503, "1"), "{}", refused.body);
}

async fn read_until(person: Person, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        person.get("/chats").await.expect(200);
    }
}

/// A server of the kind, on the data in a folder and always at the same port.
pub struct Engine {
    child: Child,
    pub url: String,
}

impl Engine {
    pub async fn start(kind: &str, folder: &Path) -> Self {
        let port = port_of(folder);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/databases.sh");
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let child = Command::new(script)
            .args(["serve", kind, folder.to_str().unwrap(), &port.to_string()])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let engine = Self { child, url: format!("mysql://besedka:besedka@127.0.0.1:{port}") };
        let answers = async {
            while engine.connect().await.is_err() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, answers).await.expect("it starts in time");
        engine
    }

    pub async fn connect(&self) -> sqlx::Result<MySqlConnection> {
        MySqlConnection::connect(&self.url).await
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free when it was asked for first.
fn port_of(folder: &Path) -> u16 {
    let file = folder.join("port");
    if let Ok(port) = std::fs::read_to_string(&file) {
        return port.parse().unwrap();
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    std::fs::write(file, port.to_string()).unwrap();
    port
}
