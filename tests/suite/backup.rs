//! Backups: made while people talk, restored elsewhere, and refused when they should be.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use besedka::backup::{self, Access, BackupPlace, Identities, Target};
use besedka::files::AwsEnv;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database::Database;
use crate::others::{Answer, Other};
use crate::process::{Process, ended};
use crate::server::{PASSWORD, Person, Storage, TestServer};
use crate::skip::{leave, skip};
use crate::small_disk::SmallDisk;
use crate::v1::push;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// Runs a command of the program to its end.
async fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_besedka"));
    command.args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Why a command was refused: a sentence.
#[track_caller]
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Where a command finds the data of a server.
struct Place {
    dir: TempDir,
    database: Database,
}

impl Place {
    async fn new() -> Self {
        Self { dir: TempDir::new().unwrap(), database: Database::new().await }
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn flags(&self) -> Vec<String> {
        let folder = self.folder();
        let url = self.database.url(&folder);
        ["--data-dir", folder.to_str().unwrap(), "--database-url", &url].map(str::to_owned).to_vec()
    }

    async fn run(&self, command: &[&str]) -> Output {
        let flags = self.flags();
        let all: Vec<&str> = command.iter().copied().chain(flags.iter().map(String::as_str)).collect();
        run(&all).await
    }

    /// Restores into it; on a server that was named for the tests, the database is emptied of its tables first.
    async fn restore(&self, archive: &Path) -> Output {
        self.database.unmake().await;
        self.run(&["restore", archive.to_str().unwrap()]).await
    }

    async fn start(&self) -> Process {
        let url = self.database.url(&self.folder());
        Process::start(&self.folder(), &["--database-url", &url]).await
    }
}

/// Backs up a running server with its own flags.
async fn back_up(server: &TestServer, more: &[&str]) -> Output {
    let folder = server.dir.path().to_str().unwrap();
    let url = server.database.url(server.dir.path());
    let flags = ["backup", "--data-dir", folder, "--database-url", &url];
    let all: Vec<&str> = flags.iter().chain(more).copied().collect();
    run(&all).await
}

/// The archives in a folder, the oldest first.
fn archives(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        entries.filter(|file| file.to_str().unwrap().contains(".tar.zst")).collect();
    found.sort();
    found
}

/// The one archive in a folder.
fn only_archive(folder: &Path) -> PathBuf {
    let mut found = archives(folder);
    assert_eq!(found.len(), 1, "{found:?}");
    found.pop().unwrap()
}

/// Gives an archive a name of an earlier day: names have seconds, and the next one may be made in the same.
fn moved_out_of_the_way(archive: &Path) -> PathBuf {
    let moved = archive.with_file_name("besedka-20200101T000000Z.tar.zst");
    std::fs::rename(archive, &moved).unwrap();
    let list = archive.with_extension("").with_extension("files");
    std::fs::rename(list, archive.with_file_name("besedka-20200101T000000Z.files")).unwrap();
    moved
}

/// The files beside the archives in a folder.
fn copies(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("besedka-files")).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Posts an uploaded file.
async fn post_file(person: &Person, chat: i64, kind: &str, file: &str) {
    let body = json!({"chat_id": chat, "type": kind, "payload": {"attachment_id": file}});
    person.post("/messages", body).await.expect(201);
}

/// The same person at another server.
async fn sign_in(process: &Process, person: &Person, name: &str) -> Person {
    let reply = process.nobody().post("/auth/login", json!({"username": name, "password": PASSWORD})).await;
    Person { id: person.id, ..process.nobody().with(&reply.expect(200)) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_busy_server_is_consistent_and_everything_is_there_again() {
    let server = TestServer::storing(Storage::Folder, &["--rate-limits", "off"]).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Сад", &[&bob]).await;
    let file = ann.upload("cat.png", "image/png", PNG.to_vec()).await;
    post_file(&ann, chat, "image", &file).await;
    let stop = Arc::new(AtomicBool::new(false));
    let posting = tokio::spawn({
        let (bob, stop) = (bob.clone(), stop.clone());
        async move {
            let mut number = 0;
            while !stop.load(Ordering::SeqCst) {
                bob.post_text(chat, &format!("{number}")).await;
                number += 1;
            }
            number
        }
    });
    let target = TempDir::new().unwrap();
    let made = back_up(&server, &[target.path().to_str().unwrap(), "--verify"]).await;
    let printed = succeeded(&made);
    assert!(printed.contains("restored to a temporary file and compared"), "{printed}");
    stop.store(true, Ordering::SeqCst);
    let posted: usize = posting.await.unwrap();
    let archive = only_archive(target.path());
    let leftovers: Vec<_> = std::fs::read_dir(server.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("part"))
        .collect();
    assert!(leftovers.is_empty(), "{leftovers:?}");

    let place = Place::new().await;
    let printed = succeeded(&place.restore(&archive).await);
    assert!(printed.contains("Restored"), "{printed}");
    let process = place.start().await;
    // Tokens from before are valid, because the secret came along.
    let ann_there = Person { url: process.url.clone(), ..ann.clone() };
    let texts = ann_there.texts(chat).await;
    let numbers: Vec<usize> = texts.iter().rev().map(|text| text.parse().unwrap()).collect();
    let count = numbers.len();
    assert!(numbers.is_sorted() && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "none is missing");
    assert!(count <= posted);
    let info = ann_there.get(&format!("/attachments/{file}/info")).await.expect(200);
    let link = info["url"].as_str().unwrap();
    let link = if link.starts_with('/') { format!("{}{link}", process.url) } else { link.to_owned() };
    let bytes = ann_there.http.get(&link).send().await.unwrap();
    assert_eq!(bytes.status(), 200, "{info}");
    assert_eq!(bytes.bytes().await.unwrap().as_ref(), PNG);
    let recorded = ann_there.get("/admin/audit?action=backup.restore").await.expect(200);
    assert_eq!(recorded.as_array().unwrap().len(), 1, "{recorded}");
    assert_eq!(recorded[0]["actor"]["type"], "operator");
    assert_eq!(recorded[0]["details"]["archive"], archive.display().to_string());
    ann_there.post_text(chat, "снова здесь").await;
    let bob_there = sign_in(&process, &bob, "bob").await;
    assert_eq!(bob_there.texts(chat).await[0], "снова здесь");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_with_a_cursor_from_before_a_restore_load_everything_anew() {
    let server = TestServer::storing(Storage::Folder, &["--rate-limits", "off"]).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    ann.post_text(chat, "kept").await;
    let at_backup = bob.cursor().await;
    let target = TempDir::new().unwrap();
    succeeded(&back_up(&server, &[target.path().to_str().unwrap()]).await);
    ann.post_text(chat, "lost").await;
    let later = bob.cursor().await;

    let place = Place::new().await;
    succeeded(&place.restore(&only_archive(target.path())).await);
    let process = place.start().await;
    let there = |person: &Person| Person { url: process.url.clone(), ..person.clone() };
    let (ann, bob) = (there(&ann), there(&bob));
    // More happens than was lost: positions from before exist again, with other events.
    for text in ["new", "newer", "newest"] {
        ann.post_text(chat, text).await;
    }
    for cursor in [at_backup, later] {
        let (mut next, mut gaps) = (cursor, Vec::new());
        loop {
            let page = bob.get(&format!("/sync?cursor={next}")).await.expect(200);
            gaps.extend(page["gaps"].as_array().unwrap().iter().map(|gap| gap["chat_id"].clone()));
            assert_eq!(page["events"], json!([]), "what comes after a gap is loaded with it");
            next = page["cursor"].as_str().unwrap().to_owned();
            if page["has_more"] == false {
                break;
            }
        }
        assert!(gaps.len() == 2 && gaps.contains(&json!(chat)) && gaps.contains(&json!(null)), "{gaps:?}");
        ann.post_text(chat, "after").await;
        let page = bob.get(&format!("/sync?cursor={next}")).await.expect(200);
        assert_eq!((page["events"].as_array().unwrap().len(), &page["gaps"]), (1, &json!([])), "{page}");
    }
    assert_eq!(bob.texts(chat).await, ["after", "after", "newest", "newer", "new", "kept"]);
    let unread = bob.get("/chats").await.expect(200)[0]["unread_count"].clone();
    assert_eq!(unread, 6, "messages are counted, not positions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_index_is_not_restored_and_one_that_is_left_there_is_not_used() {
    let server = TestServer::storing(Storage::Folder, &["--rate-limits", "off"]).await;
    if server.database.is_mysql() {
        return leave("MySQL's index is in the database");
    }
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let kept = ann.post_text(chat, "rose").await;
    let finds = async |ann: &Person, word: &str, count: usize| {
        let found = async {
            while ann.get(&format!("/search?q={word}")).await.expect(200)["results"].as_array().unwrap().len()
                != count
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), found).await.expect(word);
    };
    finds(&ann, "rose", 1).await;
    let target = TempDir::new().unwrap();
    succeeded(&back_up(&server, &[target.path().to_str().unwrap()]).await);
    ann.patch(&format!("/messages/{}", kept["id"]), json!({"content": "lily"})).await.expect(200);
    finds(&ann, "lily", 1).await;
    let index = "besedka-search.db";
    let left = server.dir.path().join(index);
    server.running.stop().await;

    let place = Place::new().await;
    std::fs::create_dir(place.folder()).unwrap();
    std::fs::copy(&left, place.folder().join(index)).unwrap();
    succeeded(&place.restore(&only_archive(target.path())).await);
    assert!(!place.folder().join(index).exists(), "it is deleted");
    // Somebody puts it there once more.
    std::fs::copy(&left, place.folder().join(index)).unwrap();
    let process = place.start().await;
    let ann = Person { url: process.url.clone(), ..ann };
    finds(&ann, "rose", 1).await;
    finds(&ann, "lily", 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_scheduled_before_a_restore_is_not_sent_again() {
    let server = TestServer::storing(Storage::Folder, &["--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    for hours in [1, 3] {
        let send_at = (server.running.now() + Duration::from_secs(hours * 3_600)).iso();
        let body = json!({"chat_id": chat, "content": format!("in {hours} h"), "send_at": send_at});
        ann.post("/scheduled", body).await.expect(201);
    }
    let target = TempDir::new().unwrap();
    succeeded(&back_up(&server, &[target.path().to_str().unwrap()]).await);
    let archive = only_archive(target.path());
    let archive = BackupPlace::of_archive(archive.to_str().unwrap()).unwrap();
    let place = Place::new().await;
    place.database.unmake().await;
    let (folder, aws, identities) = (place.folder(), AwsEnv::default(), Identities::default());
    let to = Target {
        data_dir: &folder,
        database_url: &place.database.url(&folder),
        database_connections: 4,
        storage: &format!("file:{}", folder.join("files").display()).parse().unwrap(),
        secret_file: &folder.join("secret.key"),
        access: Access::new(&aws, &identities),
    };
    let two_hours_later = server.running.now() + Duration::from_secs(2 * 3_600);
    backup::restore(&archive, &to, two_hours_later).await.unwrap();
    let process = place.start().await;
    let ann = Person { url: process.url.clone(), ..ann };
    let waiting = ann.get("/scheduled").await.expect(200);
    assert_eq!(waiting[0]["failure"]["code"], "restored", "{waiting}");
    assert_eq!(waiting[1]["failure"], json!(null), "{waiting}");
    assert_eq!(ann.texts(chat).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_that_waited_before_a_restore_are_not_sent_again() {
    let allow = ["--webhook-allow", "127.0.0.1"];
    let server =
        TestServer::storing(Storage::Folder, &[&["--rate-limits", "off"][..], &allow].concat()).await;
    let program = Other::saying(Answer::new(200, "")).await;
    program.says(Answer::new(500, ""));
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let body = json!({"name": "x", "url": program.url});
    let hook = ann.post(&format!("/chats/{chat}/outgoing-webhooks"), body).await.expect(201);
    ann.post_text(chat, "waits").await;
    program.until_asked(1).await;
    let target = TempDir::new().unwrap();
    succeeded(&back_up(&server, &[target.path().to_str().unwrap()]).await);
    let TestServer { running, .. } = server;
    running.stop().await;
    let place = Place::new().await;
    succeeded(&place.restore(&only_archive(target.path())).await);
    let url = place.database.url(&place.folder());
    let process = Process::start(&place.folder(), &["--database-url", &url, allow[0], allow[1]]).await;
    let ann = Person { url: process.url.clone(), ..ann };
    let deliveries = ann.get(&format!("/outgoing-webhooks/{}/deliveries", hook["id"])).await.expect(200);
    assert_eq!(deliveries[0]["state"], "failed", "{deliveries}");
    assert!(deliveries[0]["failure"].as_str().unwrap().contains("restored"), "{deliveries}");
    ann.post_text(chat, "new").await;
    let asked = program.until_asked(2).await;
    assert_eq!(asked[1].json()["data"]["content"], "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_server_pushes_what_is_new_with_the_same_key_and_nothing_that_waited() {
    let server = TestServer::storing(Storage::Folder, &push::FLAGS).await;
    let service = push::PushService::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let device = push::Device::of(&service, "bob", &bob).await;
    let chat = ann.direct(&bob).await;
    let key = ann.get("/push/key").await.expect(200);
    service.answers("503 Service Unavailable");
    ann.post_text(chat, "before").await;
    service.told(&device, 1).await;
    assert_eq!(server.count("SELECT COUNT(*) FROM push_delivery").await, 1, "it waits");
    let target = TempDir::new().unwrap();
    succeeded(&back_up(&server, &[target.path().to_str().unwrap()]).await);
    server.running.stop().await;
    service.answers("201 Created");
    let place = Place::new().await;
    succeeded(&place.restore(&only_archive(target.path())).await);
    let url = place.database.url(&place.folder());
    let flags = [&push::FLAGS[2..], &["--database-url", &url]].concat();
    let process = Process::start(&place.folder(), &flags).await;
    assert_eq!(place.database.count(&place.folder(), "SELECT COUNT(*) FROM push_delivery").await, 0);
    let ann = Person { url: process.url.clone(), ..ann };
    ann.post_text(chat, "after").await;
    let told = service.told(&device, 2).await;
    assert_eq!(told[1]["text"], "after", "the device is known there");
    assert_eq!(ann.get("/push/key").await.expect(200), key);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_foreign_or_newer_archive_is_refused_and_nothing_is_touched() {
    let server = TestServer::storing(Storage::Folder, &["--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    ann.post_text(chat, "kept").await;
    let target = TempDir::new().unwrap();
    succeeded(&back_up(&server, &[target.path().to_str().unwrap()]).await);
    let archive = only_archive(target.path());
    let whole = std::fs::read(&archive).unwrap();
    let wrong = target.path().join("wrong.tar.zst");
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let repacked = |change: &Change<'_>| repack(&whole, change);
    let half = whole[..whole.len() / 2].to_vec();
    let newer = of_newer(&whole);
    let changed_file = repacked(&|name, mut bytes| {
        if name == "secret.key" {
            bytes[0] ^= 1;
        }
        Some(bytes)
    });
    let missing_file = repacked(&|name, bytes| (name != "secret.key").then_some(bytes));
    let without_end = repacked(&|name, bytes| (name != "manifest.json").then_some(bytes));
    let foreign = repacked(&|name, bytes| (name != "besedka-backup.json").then_some(bytes));
    for (bytes, word) in [
        (half, "damaged"),
        (flipped(whole.len() / 2), "damaged"),
        (flipped(whole.len() - 2), "damaged"),
        (b"PK\x03\x04 something else".to_vec(), "damaged"),
        (Vec::new(), "damaged"),
        (newer, "newer"),
        (changed_file, "secret.key differs"),
        (missing_file, "damaged"),
        (without_end, "its end is missing"),
        (foreign, "not a backup of Besedka"),
    ] {
        std::fs::write(&wrong, &bytes).unwrap();
        let place = Place::new().await;
        let printed = refused(&place.restore(&wrong).await);
        assert!(printed.contains(word), "{word}: {printed}");
        assert!(!place.folder().exists(), "{word}: nothing was touched");
        let printed = refused(&run(&["restore", "--verify", wrong.to_str().unwrap()]).await);
        assert!(printed.contains(word), "{word}: {printed}");
    }
    assert!(refused(&run(&["restore", "/nowhere/at-all.tar.zst"]).await).contains("there is no file"));
    // Where there is a server already.
    let folder = server.dir.path().to_str().unwrap();
    let url = server.database.url(server.dir.path());
    let over =
        run(&["restore", archive.to_str().unwrap(), "--data-dir", folder, "--database-url", &url]).await;
    assert!(refused(&over).contains("already"));
    assert_eq!(ann.texts(chat).await, ["kept"]);
}

/// The archive as a newer version would make it: with a migration more.
fn of_newer(archive: &[u8]) -> Vec<u8> {
    let add = |bytes: &[u8]| {
        let mut told: Value = serde_json::from_slice(bytes).unwrap();
        told["migrations"].as_array_mut().unwrap().push(json!([9999, "flying"]));
        told
    };
    let header = std::cell::RefCell::new(Vec::new());
    repack(archive, &|name, bytes| {
        Some(match name {
            "besedka-backup.json" => {
                let text = add(&bytes).to_string().into_bytes();
                header.replace(text.clone());
                text
            }
            "manifest.json" => {
                let mut manifest = add(&bytes);
                let sum = digest(&SHA256, &header.borrow());
                let hex: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
                manifest["parts"][0]["sha256"] = json!(hex);
                manifest["parts"][0]["size"] = json!(header.borrow().len());
                manifest.to_string().into_bytes()
            }
            _ => bytes,
        })
    })
}

/// What becomes of an entry, by its name and content; `None` leaves it out.
type Change<'a> = dyn Fn(&str, Vec<u8>) -> Option<Vec<u8>> + 'a;

/// Packs an archive anew with other content, as somebody with `tar` and `zstd` would.
fn repack(archive: &[u8], change: &Change<'_>) -> Vec<u8> {
    use std::io::Read;
    let mut old = tar::Archive::new(zstd::Decoder::new(archive).unwrap());
    let mut new = tar::Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
    for entry in old.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if let Some(bytes) = change(&name, bytes) {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            new.append_data(&mut header, &name, bytes.as_slice()).unwrap();
        }
    }
    new.into_inner().unwrap().finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_backups_are_kept_and_nothing_else_is_deleted() {
    let server = TestServer::storing(Storage::Folder, &["--rate-limits", "off"]).await;
    server.person("ann").await;
    let target = TempDir::new().unwrap();
    let folder = target.path().to_str().unwrap();
    for name in ["besedka-20200101T000000Z.tar.zst", "besedka-20200102T000000Z.tar.zst", "holiday.tar.zst"] {
        std::fs::write(target.path().join(name), "x").unwrap();
    }
    let printed = succeeded(&back_up(&server, &[folder, "--keep", "2"]).await);
    assert!(printed.contains("deleted besedka-20200101T000000Z.tar.zst"), "{printed}");
    let names: Vec<String> = archives(target.path())
        .iter()
        .map(|file| file.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(
        (names[0].as_str(), names[2].as_str()),
        ("besedka-20200102T000000Z.tar.zst", "holiday.tar.zst")
    );
    // A file that exists is not overwritten.
    let file = target.path().join("holiday.tar.zst");
    assert!(refused(&back_up(&server, &[file.to_str().unwrap()]).await).contains("exists already"));
    assert_eq!(std::fs::read(&file).unwrap(), b"x");
    // Nothing is made where there is no server.
    let nowhere = TempDir::new().unwrap();
    let none = run(&["backup", "--data-dir", nowhere.path().join("data").to_str().unwrap()]).await;
    assert!(refused(&none).contains("there is no server"));
    assert!(!nowhere.path().join("data").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_is_killed_starts_no_server_and_is_done_again() {
    let server = TestServer::storing(Storage::Folder, &["--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    for number in 0..20 {
        let file =
            ann.upload(&format!("{number}.bin"), "application/octet-stream", noise(400_000, number)).await;
        post_file(&ann, chat, "file", &file).await;
    }
    let target = TempDir::new().unwrap();
    succeeded(&back_up(&server, &[target.path().to_str().unwrap()]).await);
    let archive = only_archive(target.path());
    let place = Place::new().await;
    place.database.unmake().await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_besedka"))
        .args(["restore", archive.to_str().unwrap()])
        .args(place.flags())
        .spawn()
        .unwrap();
    let note = place.folder().join("restore-in-progress");
    while !note.exists() && child.try_wait().unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    child.kill().unwrap();
    ended(&mut child).await;
    if !note.exists() {
        return leave("the restore was over before it could be killed");
    }
    let started = place.run(&["user", "list"]).await;
    assert!(refused(&started).contains("was interrupted"));
    succeeded(&place.run(&["restore", archive.to_str().unwrap()]).await);
    let process = place.start().await;
    let ann = Person { url: process.url.clone(), ..ann };
    let messages = ann.get(&format!("/messages?chat_id={chat}&limit=200")).await.expect(200);
    let messages = messages.as_array().unwrap();
    assert_eq!(messages.iter().filter(|message| message["type"] == "file").count(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_killed_leaves_no_archive_and_the_next_one_cleans_up() {
    let server = TestServer::storing(Storage::Folder, &["--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    for number in 0..20 {
        let file =
            ann.upload(&format!("{number}.bin"), "application/octet-stream", noise(400_000, number)).await;
        post_file(&ann, chat, "file", &file).await;
    }
    let target = TempDir::new().unwrap();
    let url = server.database.url(server.dir.path());
    let mut child = Command::new(env!("CARGO_BIN_EXE_besedka"))
        .args(["backup", target.path().to_str().unwrap(), "--database-url", &url])
        .args(["--data-dir", server.dir.path().to_str().unwrap()])
        .spawn()
        .unwrap();
    let is_begun = || std::fs::read_dir(target.path()).unwrap().next().is_some();
    while !is_begun() && child.try_wait().unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    child.kill().unwrap();
    ended(&mut child).await;
    ann.post_text(chat, "still here").await;
    let names = || -> Vec<String> {
        let entries = std::fs::read_dir(target.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    for whole in names().iter().filter(|name| name.ends_with(".tar.zst")) {
        // It was faster than the signal: then it is complete.
        let file = target.path().join(whole);
        succeeded(&run(&["restore", "--verify", file.to_str().unwrap()]).await);
    }
    let other = TempDir::new().unwrap();
    succeeded(&back_up(&server, &[other.path().to_str().unwrap(), "--verify"]).await);
    let rest: Vec<_> = std::fs::read_dir(server.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".part"))
        .collect();
    assert!(rest.is_empty(), "{rest:?}");
}

/// Bytes that can't be compressed.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut dice = crate::server::Dice(seed);
    (0..length).map(|_| u8::try_from(dice.roll(256)).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_are_made_on_schedule_and_told_in_metrics() {
    let target = TempDir::new().unwrap();
    let folder = target.path().to_str().unwrap();
    let flags =
        ["--rate-limits", "off", "--backup-every", "24h", "--backup-to", folder, "--backup-keep", "2"];
    let server = TestServer::storing(Storage::Folder, &flags).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    ann.post_text(chat, "kept").await;
    let messenger = &server.running.messenger;
    for day in 1..=4 {
        // Of several nodes one runs the jobs, while its lease lasts; it is renewed several times a second.
        messenger.run_due_jobs().await;
        messenger.back_up_if_due().await;
        messenger.back_up_if_due().await;
        let measured = messenger.measure().await.unwrap();
        let last = measured.last_backup.unwrap();
        assert_eq!(measured.last_verified_backup, Some(last.started_at));
        assert!(!measured.last_backup_failed && last.bytes > 1_000);
        let made = archives(target.path()).len();
        assert_eq!(made, day.min(2), "one a day, and two are kept");
        server.clock.advance(Duration::from_secs(24 * 3_600));
    }
    let status = server.again(&ann, "ann").await.get("/admin/status").await.expect(200);
    assert_eq!(
        (status["backups"].as_array().unwrap().len(), &status["last_backup"]["failure"]),
        (4, &json!(null))
    );
    assert_eq!(status["last_backup"]["started_at"], status["last_verified_backup_at"], "{status}");
    // A place that can't be used is told, and tried again after an hour.
    std::fs::remove_dir_all(target.path()).unwrap();
    std::fs::write(target.path(), "no folder").unwrap();
    messenger.run_due_jobs().await;
    messenger.back_up_if_due().await;
    assert!(messenger.measure().await.unwrap().last_backup_failed);
    std::fs::remove_file(target.path()).unwrap();
    messenger.back_up_if_due().await;
    assert!(messenger.measure().await.unwrap().last_backup_failed, "not at once");
    server.clock.advance(Duration::from_secs(3_600));
    messenger.run_due_jobs().await;
    messenger.back_up_if_due().await;
    assert!(!messenger.measure().await.unwrap().last_backup_failed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_fails_its_verification_replaces_no_older_one() {
    let flags = ["--rate-limits", "off", "--backup-every", "24h", "--backup-keep", "2", "--backup-to"];
    let target = TempDir::new().unwrap();
    let folder = target.path().to_str().unwrap();
    let server = TestServer::storing(Storage::Folder, &[&flags[..], &[folder]].concat()).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let file = ann.upload("a.bin", "application/octet-stream", noise(1_000, 1)).await;
    post_file(&ann, chat, "file", &file).await;
    let messenger = &server.running.messenger;
    // Whether it failed.
    let made_after = async |later: Duration| {
        server.clock.advance(later);
        messenger.run_due_jobs().await;
        messenger.back_up_if_due().await;
        messenger.measure().await.unwrap().last_backup_failed
    };
    let (hour, day) = (Duration::from_secs(3_600), Duration::from_secs(24 * 3_600));
    assert!(!made_after(day).await && !made_after(day).await);
    let good = archives(target.path());
    assert_eq!(good.len(), 2);
    // The copy beside them is changed, not cut short: only a verification can notice.
    let copy = copies(target.path()).pop().unwrap();
    std::fs::write(&copy, noise(1_000, 2)).unwrap();
    assert!(made_after(day).await);
    for _ in 0..3 {
        assert!(made_after(hour).await);
        assert_eq!(archives(target.path()), good);
    }
    let printed = refused(&back_up(&server, &[folder, "--verify", "--keep", "1"]).await);
    assert!(printed.contains("was changed"), "{printed}");
    assert_eq!(archives(target.path()), good);
    // Once it is mended, backups are kept and deleted as before.
    std::fs::write(&copy, noise(1_000, 1)).unwrap();
    assert!(!made_after(hour).await);
    let after = archives(target.path());
    assert_eq!((after.len(), &after[0]), (2, &good[1]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_damaged_in_the_storage_stops_no_backup() {
    let target = TempDir::new().unwrap();
    let folder = target.path().to_str().unwrap();
    let flags = ["--rate-limits", "off", "--backup-every", "24h", "--backup-to", folder];
    let server = TestServer::storing(Storage::Folder, &flags).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let file = ann.upload("a.bin", "application/octet-stream", noise(1_000, 1)).await;
    post_file(&ann, chat, "file", &file).await;
    let stored = std::fs::read_dir(server.dir.path().join("files").join(&file)).unwrap().next().unwrap();
    std::fs::write(stored.unwrap().path(), noise(1_000, 2)).unwrap();
    let messenger = &server.running.messenger;
    messenger.run_due_jobs().await;
    messenger.back_up_if_due().await;
    let measured = messenger.measure().await.unwrap();
    assert!(!measured.last_backup_failed && measured.last_verified_backup.is_some());
    only_archive(target.path());
    // Whoever makes one by hand hears of the file.
    let other = TempDir::new().unwrap();
    let printed = refused(&back_up(&server, &[other.path().to_str().unwrap(), "--verify"]).await);
    assert!(printed.contains("1 files are missing or damaged"), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_goes_to_a_bucket_and_comes_back() {
    let server = TestServer::storing(Storage::Behind, &["--rate-limits", "off"]).await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let file = ann.upload("cat.png", "image/png", PNG.to_vec()).await;
    post_file(&ann, chat, "image", &file).await;
    ann.post_text(chat, "cat").await;
    let folder = TempDir::new().unwrap();
    let backups = crate::bucket::Bucket::over(folder.path()).await;
    let credentials =
        [("AWS_ACCESS_KEY_ID", crate::bucket::KEY_ID), ("AWS_SECRET_ACCESS_KEY", crate::bucket::SECRET)];
    let endpoint = format!("endpoint={}", backups.url);
    let to = format!("s3://{}/team/?{endpoint}", crate::bucket::NAME);
    let storage = server.bucket.as_ref().unwrap().storage_url("&direct=off");
    let with = |arguments: Vec<String>| async move {
        let mut command = Command::new(env!("CARGO_BIN_EXE_besedka"));
        command.args(arguments).envs(credentials);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    let url = server.database.url(server.dir.path());
    let data = server.dir.path().to_str().unwrap();
    let flags =
        ["backup", &to, "--verify", "--data-dir", data, "--database-url", &url, "--storage-url", &storage];
    succeeded(&with(flags.map(str::to_owned).to_vec()).await);
    let archive = only_archive(&folder.path().join(crate::bucket::NAME).join("team"));
    let name = archive.file_name().unwrap().to_str().unwrap();
    let place = Place::new().await;
    place.database.unmake().await;
    let from = format!("s3://{}/team/{name}?{endpoint}", crate::bucket::NAME);
    let mut arguments = vec!["restore".to_owned(), from];
    arguments.extend(place.flags());
    succeeded(&with(arguments).await);
    let process = place.start().await;
    let ann = Person { url: process.url.clone(), ..ann };
    assert_eq!(ann.texts(chat).await, ["cat"]);
    let kept = place.folder().join("files").join(&file);
    assert!(kept.exists(), "files are in a folder now");
}

/// The example of the specification of age's format.
const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
const IDENTITY: &str = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

/// A key that opens nothing here.
const OTHER_IDENTITY: &str = "AGE-SECRET-KEY-1XSL3GA63T27PW4449CNPDH48CPKQJ333L6RHYQ5DP66Y6GLRS5LQL2V2K9";

/// A server with a message and a file, and the key files that its backups are opened with.
struct Sealed {
    server: TestServer,
    ann: Person,
    chat: i64,
    file: String,
    keys: TempDir,
}

impl Sealed {
    async fn new() -> Self {
        let server = TestServer::storing(Storage::Folder, &["--rate-limits", "off"]).await;
        let ann = server.person("ann").await;
        let chat = ann.group("Garden", &[]).await;
        let file = ann.upload("cat.png", "image/png", PNG.to_vec()).await;
        post_file(&ann, chat, "image", &file).await;
        ann.post_text(chat, "a secret sentence").await;
        let keys = TempDir::new().unwrap();
        std::fs::write(keys.path().join("key.txt"), format!("# a test's\n{IDENTITY}\n")).unwrap();
        std::fs::write(keys.path().join("other.txt"), OTHER_IDENTITY).unwrap();
        std::fs::write(keys.path().join("recipients"), format!("# the team\n{RECIPIENT}\n")).unwrap();
        Self { server, ann, chat, file, keys }
    }

    fn key(&self, name: &str) -> String {
        self.keys.path().join(name).to_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_backup_is_restored_with_its_key_alone() {
    let sealed = Sealed::new().await;
    let target = TempDir::new().unwrap();
    let to = target.path().to_str().unwrap();
    let printed = succeeded(
        &back_up(&sealed.server, &[to, "--verify", "--encrypt-to", &sealed.key("recipients")]).await,
    );
    assert!(
        printed.contains("restored to a temporary file and compared") && printed.contains("is encrypted"),
        "{printed}"
    );
    let archive = only_archive(target.path());
    let name = archive.to_str().unwrap();
    assert!(name.ends_with(".tar.zst.age"), "{name}");
    let copies = copies(target.path());
    assert_eq!(copies.len(), 1);
    for file in [&archive, &copies[0]] {
        let bytes = std::fs::read(file).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n-> X25519 "), "{file:?}");
        assert!(!bytes.windows(8).any(|part| part == &PNG[..8]), "{file:?}");
    }
    // Without its key, with another one, and with something else.
    let (key, other) = (sealed.key("key.txt"), sealed.key("other.txt"));
    let nothing = sealed.key("recipients");
    for (flags, words) in [
        (&[][..], "--identity"),
        (&["--identity", &other], "another key"),
        (&["--identity", &nothing], "no usable key"),
        (&["--identity", "/nowhere/key.txt"], "can't be read"),
    ] {
        let place = Place::new().await;
        place.database.unmake().await;
        let printed = refused(&place.run(&[&["restore", name], flags].concat()).await);
        assert!(printed.contains(words) && !printed.contains("AGE-SECRET-KEY-1G"), "{words}: {printed}");
        assert!(!place.folder().exists(), "{words}: nothing was touched");
        let printed = refused(&run(&[&["restore", "--verify", name], flags].concat()).await);
        assert!(printed.contains(words), "{words}: {printed}");
    }
    succeeded(&run(&["restore", "--verify", name, "--identity", &other, "--identity", &key]).await);
    let place = Place::new().await;
    place.database.unmake().await;
    succeeded(&place.run(&["restore", name, "--identity", &key]).await);
    let process = place.start().await;
    let ann = Person { url: process.url.clone(), ..sealed.ann.clone() };
    assert_eq!(ann.texts(sealed.chat).await[0], "a secret sentence");
    let restored =
        std::fs::read_dir(place.folder().join("files").join(&sealed.file)).unwrap().next().unwrap();
    assert_eq!(std::fs::read(restored.unwrap().path()).unwrap(), PNG);
    // A changed byte is noticed, and nothing is touched.
    let mut bytes = std::fs::read(&archive).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let wrong = target.path().join("wrong.tar.zst.age");
    std::fs::write(&wrong, bytes).unwrap();
    let place = Place::new().await;
    place.database.unmake().await;
    let printed = refused(&place.run(&["restore", wrong.to_str().unwrap(), "--identity", &key]).await);
    assert!(printed.contains("damaged") && !place.folder().exists(), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_none_and_names_that_do_not_fit_are_refused_before_anything_is_made() {
    let sealed = Sealed::new().await;
    let target = TempDir::new().unwrap();
    let file = |name: &str| target.path().join(name).to_str().unwrap().to_owned();
    for (to, key, words) in [
        (file("b.tar.zst.age"), IDENTITY, "secret key"),
        (file("b.tar.zst.age"), "age1nothing", "age-keygen"),
        (file("b.tar.zst.age"), "/nowhere/recipients", "neither"),
        (file("b.tar.zst"), RECIPIENT, ".tar.zst.age"),
    ] {
        let output = back_up(&sealed.server, &[&to, "--encrypt-to", key]).await;
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && printed.contains(words), "{key}: {printed}");
    }
    let printed = refused(&back_up(&sealed.server, &[&file("b.tar.zst.age")]).await);
    assert!(printed.contains("--encrypt-to"), "{printed}");
    assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ordinary_age_tool_opens_a_backup_and_makes_one_that_is_restored() {
    let age = |arguments: &[&str]| Command::new("age").args(arguments).output();
    if age(&["--version"]).is_err() {
        return skip("there is no age: tests/deps.sh backup installs it");
    }
    let sealed = Sealed::new().await;
    let target = TempDir::new().unwrap();
    let file = |name: &str| target.path().join(name).to_str().unwrap().to_owned();
    let (encrypted, plain, again) = (file("b.tar.zst.age"), file("b.tar.zst"), file("again.tar.zst.age"));
    succeeded(&back_up(&sealed.server, &[&encrypted, "--encrypt-to", RECIPIENT]).await);
    let key = sealed.key("key.txt");
    succeeded(&age(&["--decrypt", "-i", &key, "-o", &plain, &encrypted]).unwrap());
    // What age decrypted is an ordinary archive.
    let printed = succeeded(&run(&["restore", "--verify", &plain]).await);
    assert!(printed.contains("1 files"), "{printed}");
    // What age encrypts, for this key and another one, is read.
    let other = age_keygen(target.path());
    succeeded(&age(&["--encrypt", "-r", &other, "-r", RECIPIENT, "-o", &again, &plain]).unwrap());
    succeeded(&run(&["restore", "--verify", &again, "--identity", &key]).await);
    let armoured = file("letters.tar.zst.age");
    succeeded(&age(&["--encrypt", "--armor", "-r", RECIPIENT, "-o", &armoured, &plain]).unwrap());
    let printed = refused(&run(&["restore", "--verify", &armoured, "--identity", &key]).await);
    assert!(printed.contains("age --decrypt"), "{printed}");
}

/// Makes a key; returns the public one.
fn age_keygen(folder: &Path) -> String {
    let file = folder.join("made.txt");
    let made = Command::new("age-keygen").args(["-o", file.to_str().unwrap()]).output().unwrap();
    succeeded(&made);
    let text = std::fs::read_to_string(&file).unwrap();
    text.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_copied_once_and_deleted_when_no_kept_backup_names_it() {
    let flags = ["--rate-limits", "off", "--backup-every", "24h", "--backup-keep", "2", "--backup-to"];
    let target = TempDir::new().unwrap();
    let server =
        TestServer::storing(Storage::Folder, &[&flags[..], &[target.path().to_str().unwrap()]].concat())
            .await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    let messenger = &server.running.messenger;
    // The server makes one when it starts.
    let back_up = async || {
        server.clock.advance(Duration::from_secs(24 * 3_600));
        messenger.run_due_jobs().await;
        messenger.back_up_if_due().await;
        let made = messenger.measure().await.unwrap();
        let is_new = made.last_backup.unwrap().started_at + Duration::from_secs(3_600) > server.running.now();
        assert!(is_new && !made.last_backup_failed);
    };
    let send = async |ann: &Person, name: &str, seed: u64| {
        let file = ann.upload(name, "application/octet-stream", noise(300_000, seed)).await;
        let body = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": file}});
        ann.post("/messages", body).await.expect(201)["id"].as_i64().unwrap()
    };
    let first = send(&ann, "one.bin", 1).await;
    back_up().await;
    let one = copies(target.path());
    assert_eq!(one.len(), 1);
    let written = std::fs::metadata(&one[0]).unwrap().modified().unwrap();
    let ann = server.again(&ann, "ann").await;
    send(&ann, "two.bin", 2).await;
    back_up().await;
    let two = copies(target.path());
    assert_eq!(two.len(), 2);
    assert!(two.contains(&one[0]));
    assert_eq!(std::fs::metadata(&one[0]).unwrap().modified().unwrap(), written, "it was not copied again");
    let sizes: Vec<u64> =
        archives(target.path()).iter().map(|file| std::fs::metadata(file).unwrap().len()).collect();
    assert!(sizes.iter().all(|size| *size < 300_000), "files are beside: {sizes:?}");
    // Both are restored from either.
    let newest = archives(target.path()).pop().unwrap();
    let place = Place::new().await;
    succeeded(&place.restore(&newest).await);
    let process = place.start().await;
    let there = sign_in(&process, &ann, "ann").await;
    let messages = there.get(&format!("/messages?chat_id={chat}")).await.expect(200);
    for (message, seed) in
        messages.as_array().unwrap().iter().filter(|message| message["type"] == "file").zip([2, 1])
    {
        let id = message["payload"]["attachment_id"].as_str().unwrap();
        let stored = std::fs::read_dir(place.folder().join("files").join(id)).unwrap().next().unwrap();
        assert!(std::fs::read(stored.unwrap().path()).unwrap() == noise(300_000, seed), "{seed}");
    }
    // One is deleted from the server. While a kept backup names it, it stays.
    let ann = server.again(&ann, "ann").await;
    ann.delete(&format!("/messages/{first}")).await.expect(204);
    messenger.clean_up().await.unwrap();
    let old = written - Duration::from_secs(2 * 24 * 3_600);
    for file in &two {
        std::fs::File::options().write(true).open(file).unwrap().set_modified(old).unwrap();
    }
    let stranger = target.path().join("besedka-files").join("somebody-else.txt");
    std::fs::write(&stranger, "x").unwrap();
    std::fs::File::options().write(true).open(&stranger).unwrap().set_modified(old).unwrap();
    back_up().await;
    assert!(one[0].exists(), "the second backup names it");
    back_up().await;
    assert!(!one[0].exists(), "no backup names it");
    assert_eq!(copies(target.path()).len(), 2, "the other file, and what is not ours");
    assert!(stranger.exists());
    for archive in archives(target.path()) {
        succeeded(&run(&["restore", "--verify", archive.to_str().unwrap()]).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_beside_an_archive_that_is_missing_cut_short_or_changed_is_noticed() {
    let sealed = Sealed::new().await;
    let target = TempDir::new().unwrap();
    succeeded(&back_up(&sealed.server, &[target.path().to_str().unwrap()]).await);
    let archive = only_archive(target.path());
    let copy = copies(target.path()).pop().unwrap();
    let whole = std::fs::read(&copy).unwrap();
    assert_eq!(whole, PNG);
    let changed = [&PNG[..PNG.len() - 1], b"x"].concat();
    for (content, words) in
        [(None, "is not beside it"), (Some(&PNG[..10]), "is incomplete"), (Some(&changed[..]), "was changed")]
    {
        match content {
            Some(content) => std::fs::write(&copy, content).unwrap(),
            None => std::fs::remove_file(&copy).unwrap(),
        }
        let place = Place::new().await;
        let printed = refused(&place.restore(&archive).await);
        assert!(printed.contains(words), "{words}: {printed}");
        assert!(!place.folder().exists(), "{words}: nothing was touched");
        let printed = refused(&run(&["restore", "--verify", archive.to_str().unwrap()]).await);
        assert!(printed.contains(words), "{words}: {printed}");
    }
    // One that is cut short is copied again by the next backup, and all is well.
    std::fs::write(&copy, &PNG[..10]).unwrap();
    std::fs::remove_file(&archive).unwrap();
    succeeded(&back_up(&sealed.server, &[target.path().to_str().unwrap(), "--verify"]).await);
    assert_eq!(std::fs::read(&copy).unwrap(), PNG);
    // A file is self-contained.
    let file = target.path().join("all.tar.zst");
    succeeded(&back_up(&sealed.server, &[file.to_str().unwrap()]).await);
    std::fs::remove_file(&copy).unwrap();
    succeeded(&run(&["restore", "--verify", file.to_str().unwrap()]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_a_backup_and_the_earlier_ones_stay_whole() {
    let Some(disk) = SmallDisk::mount(32) else { return };
    let sealed = Sealed::new().await;
    let to = disk.path().join("backups");
    std::fs::create_dir(&to).unwrap();
    let to = to.to_str().unwrap();
    succeeded(&back_up(&sealed.server, &[to]).await);
    let first = moved_out_of_the_way(&only_archive(Path::new(to)));
    for number in 0..10 {
        let (name, content) = (format!("{number}.bin"), noise(400_000, number));
        let file = sealed.ann.upload(&name, "application/octet-stream", content).await;
        post_file(&sealed.ann, sealed.chat, "file", &file).await;
    }
    let stuffing = disk.path().join("stuffing");
    disk.fill_but(&stuffing, 1_000_000);
    let stopped = refused(&back_up(&sealed.server, &[to, "--keep", "1"]).await);
    assert!(stopped.contains("the disk is full"), "{stopped}");
    let kept = only_archive(Path::new(to));
    assert_eq!(kept, first);
    succeeded(&run(&["restore", "--verify", kept.to_str().unwrap()]).await);
    std::fs::remove_file(&stuffing).unwrap();
    let printed = succeeded(&back_up(&sealed.server, &[to, "--verify", "--keep", "1"]).await);
    assert!(printed.contains("and 11 attachment files"), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_a_restore_which_is_done_again() {
    let Some(disk) = SmallDisk::mount(32) else { return };
    let sealed = Sealed::new().await;
    for number in 0..10 {
        let (name, content) = (format!("{number}.bin"), noise(400_000, number));
        let file = sealed.ann.upload(&name, "application/octet-stream", content).await;
        post_file(&sealed.ann, sealed.chat, "file", &file).await;
    }
    let target = TempDir::new().unwrap();
    succeeded(&back_up(&sealed.server, &[target.path().to_str().unwrap()]).await);
    let archive = only_archive(target.path());
    let stuffing = disk.path().join("stuffing");
    disk.fill_but(&stuffing, 3_000_000);
    let place = Place { dir: TempDir::new_in(disk.path()).unwrap(), database: Database::new().await };
    let stopped = refused(&place.restore(&archive).await);
    assert!(stopped.contains("the disk is full"), "{stopped}");
    let started = place.run(&["user", "list"]).await;
    assert!(!started.status.success(), "what is half there is no server");
    std::fs::remove_file(&stuffing).unwrap();
    succeeded(&place.run(&["restore", archive.to_str().unwrap()]).await);
    let process = place.start().await;
    let ann = Person { url: process.url.clone(), ..sealed.ann.clone() };
    let messages = ann.get(&format!("/messages?chat_id={}&limit=200", sealed.chat)).await.expect(200);
    assert_eq!(messages.as_array().unwrap().iter().filter(|message| message["type"] == "file").count(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_killed_leaves_the_earlier_ones_whole() {
    let sealed = Sealed::new().await;
    let target = TempDir::new().unwrap();
    let to = target.path().to_str().unwrap();
    succeeded(&back_up(&sealed.server, &[to]).await);
    let first = only_archive(target.path());
    for number in 0..20 {
        let (name, content) = (format!("{number}.bin"), noise(400_000, number));
        let file = sealed.ann.upload(&name, "application/octet-stream", content).await;
        post_file(&sealed.ann, sealed.chat, "file", &file).await;
    }
    let url = sealed.server.database.url(sealed.server.dir.path());
    let kept = moved_out_of_the_way(&first);
    let mut child = Command::new(env!("CARGO_BIN_EXE_besedka"))
        .args(["backup", to, "--keep", "1", "--database-url", &url])
        .args(["--data-dir", sealed.server.dir.path().to_str().unwrap()])
        .spawn()
        .unwrap();
    while copies(target.path()).len() < 5 && child.try_wait().unwrap().is_none() {
        tokio::task::yield_now().await;
    }
    child.kill().unwrap();
    ended(&mut child).await;
    if !kept.exists() {
        return leave("the backup was over before it could be killed");
    }
    succeeded(&run(&["restore", "--verify", kept.to_str().unwrap()]).await);
    // The next one goes on where that one was killed.
    let printed = succeeded(&back_up(&sealed.server, &[to, "--verify", "--keep", "1"]).await);
    assert!(printed.contains("and 21 attachment files") && !printed.contains("of which 20 of"), "{printed}");
    succeeded(&run(&["restore", "--verify", only_archive(target.path()).to_str().unwrap()]).await);
}
