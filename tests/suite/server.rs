//! A server for a test, and people who use it.

mod person;
mod socket;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use besedka::config::Config;
use besedka::files::{AwsEnv, Migration};
use besedka::messenger::{Clock, Operator};
use besedka::server::{Running, Server, open_operator};
use clap::Parser;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub use self::person::{Person, Reply, fresh_key};
pub use self::socket::Socket;
use crate::bucket::{self, Bucket};
use crate::database::Database;

/// Long enough for anything that should happen; nothing that succeeds waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    config: Config,
}

/// Where the servers of the tests keep files: in a folder, or as `BESEDKA_TEST_STORAGE` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    Folder,
    /// In a bucket to which browsers go by themselves.
    Bucket,
    /// In a bucket behind the server.
    Behind,
}

impl Storage {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests is no setting of the server")]
    fn chosen() -> Self {
        match std::env::var("BESEDKA_TEST_STORAGE").as_deref() {
            Err(_) | Ok("" | "folder") => Self::Folder,
            Ok("bucket") => Self::Bucket,
            Ok("behind") => Self::Behind,
            Ok(other) => panic!("BESEDKA_TEST_STORAGE is folder, bucket or behind, not {other}"),
        }
    }
}

/// A running server with a folder of its own. Rate limits are off unless a test asks for them.
pub struct TestServer {
    pub dir: TempDir,
    pub database: Database,
    pub storage: Storage,
    /// When files are in one.
    pub bucket: Option<Bucket>,
    pub storage_url: Option<String>,
    pub clock: Clock,
    pub running: Running,
    pub url: String,
    flags: Vec<String>,
    http: reqwest::Client,
    /// Of the link for the first administrator.
    setup: Mutex<Option<String>>,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(&["--rate-limits", "off"]).await
    }

    /// With flags as on the command line.
    pub async fn with(flags: &[&str]) -> Self {
        Self::storing(Storage::chosen(), flags).await
    }

    /// At a port that something else has to know before.
    pub async fn at(port: u16, flags: &[&str]) -> Self {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let storage = (Storage::Folder, None, None);
        let dir = TempDir::new().unwrap();
        Self::listening(port, dir, Database::new().await, storage, Clock::default(), flags).await
    }

    /// On a database that the test looks after.
    pub async fn on(database: Database, flags: &[&str]) -> Self {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let storage = (Storage::Folder, None, None);
        Self::in_folder(TempDir::new().unwrap(), database, storage, Clock::default(), flags).await
    }

    /// In a folder that was prepared, at another time.
    pub async fn at_time(dir: TempDir, database: Database, clock: Clock) -> Self {
        let flags = ["--rate-limits", "off"].map(str::to_owned).to_vec();
        Self::in_folder(dir, database, (Storage::Folder, None, None), clock, flags).await
    }

    /// With files in a certain storage.
    pub async fn storing(storage: Storage, flags: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let bucket = match storage {
            Storage::Folder => None,
            Storage::Bucket | Storage::Behind => Some(Bucket::over(dir.path()).await),
        };
        let direct = if storage == Storage::Bucket { "&direct=on" } else { "&direct=off" };
        let storage_url = bucket.as_ref().map(|bucket| bucket.storage_url(direct));
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let storage = (storage, bucket, storage_url);
        Self::in_folder(dir, Database::new().await, storage, Clock::default(), flags).await
    }

    /// With files in a bucket that the test looks after.
    pub async fn over(storage: Storage, storage_url: &str, flags: &[&str]) -> Self {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let storage = (storage, None, Some(storage_url.to_owned()));
        Self::in_folder(TempDir::new().unwrap(), Database::new().await, storage, Clock::default(), flags)
            .await
    }

    async fn in_folder(
        dir: TempDir,
        database: Database,
        storage: (Storage, Option<Bucket>, Option<String>),
        clock: Clock,
        flags: Vec<String>,
    ) -> Self {
        Self::listening(0, dir, database, storage, clock, flags).await
    }

    async fn listening(
        port: u16,
        dir: TempDir,
        database: Database,
        (storage, bucket, storage_url): (Storage, Option<Bucket>, Option<String>),
        clock: Clock,
        flags: Vec<String>,
    ) -> Self {
        let mut args = kept_in(&dir, &database);
        if let Some(url) = &storage_url {
            args.extend(["--storage-url".to_owned(), url.clone()]);
        }
        args.extend(flags.iter().cloned());
        let mut config = Settings::parse_from(args).config;
        config.data.aws = aws(bucket::KEY_ID, bucket::SECRET);
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        config.clock = clock.clone();
        let mut running = Server::start(config, listener).await.unwrap();
        let url = format!("http://{}", running.address);
        let http = client();
        let setup = Mutex::new(running.setup_token.take().map(|setup| setup.token));
        Self { dir, database, storage, bucket, storage_url, clock, running, url, flags, http, setup }
    }

    /// Stops it gracefully and starts it again on the same data, at another port.
    pub async fn restart(self) -> Self {
        let Self { dir, database, storage, bucket, storage_url, clock, running, flags, .. } = self;
        running.stop().await;
        Self::in_folder(dir, database, (storage, bucket, storage_url), clock, flags).await
    }

    /// Stops it, changes its folder, and starts it again.
    pub async fn restart_after(self, change: impl FnOnce(&Path)) -> Self {
        let Self { dir, database, storage, bucket, storage_url, clock, running, flags, .. } = self;
        running.stop().await;
        change(dir.path());
        Self::in_folder(dir, database, (storage, bucket, storage_url), clock, flags).await
    }

    /// Stops it gracefully and starts it again with further flags, at the same port.
    pub async fn restart_with(self, more: &[&str]) -> Self {
        let Self { dir, database, storage, bucket, storage_url, clock, running, mut flags, .. } = self;
        let port = running.address.port();
        running.stop().await;
        flags.extend(more.iter().map(|flag| (*flag).to_owned()));
        Self::listening(port, dir, database, (storage, bucket, storage_url), clock, flags).await
    }

    /// Starts it again with files in a bucket, and what is not there yet where it was.
    pub async fn moving_to(self, storage_url: &str, before: &str) -> Self {
        let Self { dir, database, clock, running, mut flags, .. } = self;
        running.stop().await;
        flags.extend(["--storage-fallback-url".to_owned(), before.to_owned()]);
        let storage = (Storage::Bucket, None, Some(storage_url.to_owned()));
        Self::in_folder(dir, database, storage, clock, flags).await
    }

    /// Stops it and changes its folder; why it does not start again: a sentence.
    pub async fn refused_after(self, change: impl FnOnce(&Path)) -> String {
        let Self { dir, database, clock, running, .. } = self;
        running.stop().await;
        change(dir.path());
        let mut config = Settings::parse_from(kept_in(&dir, &database)).config;
        config.clock = clock;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        match Server::start(config, listener).await {
            Ok(_) => panic!("it starts"),
            Err(refused) => refused.to_string(),
        }
    }

    /// The way from one storage to another.
    pub fn moving(&self, from: &str, to: &str) -> Migration {
        let aws = aws(bucket::KEY_ID, bucket::SECRET);
        Migration::between(&from.parse().unwrap(), &to.parse().unwrap(), &aws).unwrap()
    }

    /// Why a server does not start with files in a bucket: a sentence.
    pub async fn refused(storage_url: &str, key_id: &str, secret: &str) -> String {
        let dir = TempDir::new().unwrap();
        let folder = dir.path().to_str().unwrap();
        let args = ["besedka", "--data-dir", folder, "--storage-url", storage_url];
        let mut config = Settings::parse_from(args).config;
        config.data.aws = aws(key_id, secret);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        match Server::start(config, listener).await {
            Ok(_) => panic!("it starts"),
            Err(refused) => refused.to_string(),
        }
    }

    /// Whether browsers send files past it, and fetch them elsewhere: the answers are the bucket's then.
    pub fn is_direct(&self) -> bool {
        self.storage == Storage::Bucket
    }

    /// Every file that is kept, in the folder or in the bucket.
    pub fn kept(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                // Something may go while it is looked at.
                let Ok(entry) = entry else { continue };
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => walk(&entry.path(), found),
                    _ => found.push(entry.path()),
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.dir.path().join(bucket::NAME), &mut found);
        found.sort();
        found
    }

    /// The messenger opened a second time on the same data, as an operator's command in another process opens it.
    pub async fn beside(&self) -> Operator {
        let config = Settings::parse_from(kept_in(&self.dir, &self.database)).config;
        open_operator(&config.data, config.settings().unwrap(), self.clock.clone()).await.unwrap()
    }

    /// The flags by which a command finds its data.
    pub fn place(&self) -> Vec<String> {
        kept_in(&self.dir, &self.database).split_off(1)
    }

    /// Changes something in the database that no API changes.
    pub async fn change(&self, statement: &str) {
        self.database.change(self.dir.path(), statement).await;
    }

    /// A number in the database that no API tells.
    pub async fn count(&self, question: &str) -> i64 {
        self.database.count(self.dir.path(), question).await
    }

    /// Changes the search index, or the database.
    pub async fn change_index(&self, statement: &str) {
        self.database.change_index(self.dir.path(), statement).await;
    }

    /// A number in the search index, or in the database.
    pub async fn count_index(&self, question: &str) -> i64 {
        self.database.count_index(self.dir.path(), question).await
    }

    /// The token of the link for the first administrator, for whoever asks first.
    pub fn setup_token(&self) -> Option<String> {
        self.setup.lock().unwrap().take()
    }

    /// Makes an account `<name>@example.com` with the password `password123`, signed in. The first one takes the link
    /// for the administrator.
    pub async fn person(&self, name: &str) -> Person {
        let mut body = json!({
            "email": format!("{name}@example.com"), "username": name, "password": PASSWORD, "display_name": name,
        });
        let path = match self.setup_token() {
            Some(token) => {
                body["token"] = json!(token);
                "/auth/setup"
            }
            None => "/auth/register",
        };
        let mut reply = self.nobody().post(path, body.clone()).await;
        // Another node has an administrator by now.
        if reply.status == 409 && path == "/auth/setup" {
            body.as_object_mut().unwrap().remove("token");
            reply = self.nobody().post("/auth/register", body).await;
        }
        let reply = reply.expect(201);
        Person {
            id: reply["user"]["id"].as_i64().unwrap(),
            token: reply["tokens"]["access_token"].as_str().unwrap().to_owned(),
            refresh: reply["tokens"]["refresh_token"].as_str().unwrap().to_owned(),
            ..self.nobody()
        }
    }

    /// Somebody who has an account, signed in once more, as on another device.
    pub async fn again(&self, person: &Person, name: &str) -> Person {
        let body = json!({"username": name, "password": PASSWORD});
        let tokens = self.nobody().post("/auth/login", body).await.expect(200);
        person.with(&tokens)
    }

    /// Somebody without a token.
    pub fn nobody(&self) -> Person {
        Person::nobody(&self.url, self.http.clone())
    }
}

/// The command line of a server that keeps everything there.
fn kept_in(dir: &TempDir, database: &Database) -> Vec<String> {
    let folder = dir.path().to_str().unwrap();
    ["besedka", "--data-dir", folder, "--database-url", &database.url(dir.path())].map(str::to_owned).to_vec()
}

fn aws(key_id: &str, secret: &str) -> AwsEnv {
    [("AWS_ACCESS_KEY_ID", key_id), ("AWS_SECRET_ACCESS_KEY", secret)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into_iter()
        .collect()
}

/// The server brings reqwest without a choice of cryptography; whoever makes a client makes the choice.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().timeout(PATIENCE).build().unwrap()
}

pub const PASSWORD: &str = "password123";

/// Whether it is a time as v1 writes it: UTC, ISO 8601 without a zone.
pub fn is_time(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits >= 14 && text.as_bytes()[10] == b'T' && !text.contains(['Z', '+', ' '])
}

/// The names of an object's fields.
pub fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// The names of events, in order.
pub fn names(frames: &[Value]) -> Vec<&str> {
    frames.iter().filter_map(|frame| frame["event"].as_str()).collect()
}

/// Chance that falls alike every time (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
}
