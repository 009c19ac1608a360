//! `/users/me/export`: a zip of one's own.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::time::Duration;

use besedka::messenger::{Error, ExportPart};
use besedka::model::Scopes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Person, TestServer};

/// What stands in a zip, by name.
type Files = BTreeMap<String, Vec<u8>>;

fn unzip(bytes: Vec<u8>) -> Files {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = Files::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(file.name().unwrap().into_owned(), bytes);
    }
    files
}

fn json_of(files: &Files, name: &str) -> Value {
    serde_json::from_slice(files.get(name).unwrap_or_else(|| panic!("{name} in {:?}", files.keys()))).unwrap()
}

fn lines_of(files: &Files, name: &str) -> Vec<Value> {
    let text = std::str::from_utf8(&files[name]).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn link(person: &Person) -> String {
    let link = person.post("/users/me/export", json!({})).await.expect(200);
    link["url"].as_str().unwrap().to_owned()
}

async fn export(person: &Person) -> Files {
    let response = person.request(Method::GET, "/users/me/export").send().await.unwrap();
    assert_eq!(response.status(), 200);
    unzip(response.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn everything_that_one_may_read_is_in_it_and_nothing_else() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let (group, direct) = (anna.group("Сад 🌳", &[&bob]).await, anna.direct(&bob).await);
    let foreign = bob.group("Not hers", &[]).await;
    bob.post_text(foreign, "a secret").await;
    for number in 0..230 {
        anna.post_text(group, &format!("Привет {number}")).await;
    }
    bob.post_text(direct, "to anna").await;
    let hidden = bob.post_text(direct, "hidden").await["id"].clone();
    anna.delete(&format!("/messages/{hidden}?for=me")).await;
    let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let file = anna.upload("Сад 1/..\\план.bin", "application/octet-stream", bytes.clone()).await;
    let payload = json!({"chat_id": direct, "type": "file", "payload": {"attachment_id": file}});
    anna.post("/messages", payload).await.expect(201);
    let of_bob = bob.upload("bob.txt", "text/plain", b"bob's".to_vec()).await;
    let payload = json!({"chat_id": direct, "type": "file", "payload": {"attachment_id": of_bob}});
    bob.post("/messages", payload).await.expect(201);
    anna.with_token(&["read"]).await;

    let url = link(&anna).await;
    let response = anna.http.get(&url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/zip");
    assert!(header("content-disposition").starts_with("attachment; filename=\"besedka-2"));
    assert_eq!(header("cache-control"), "private, no-store");
    let files = unzip(response.bytes().await.unwrap().to_vec());

    assert_eq!(json_of(&files, "profile.json"), anna.get("/users/me").await.expect(200));
    assert_eq!(json_of(&files, "tokens.json").as_array().unwrap().len(), 1);
    assert_eq!(json_of(&files, "sessions.json").as_array().unwrap().len(), 1);
    assert_eq!(json_of(&files, "export.json")["user_id"], anna.id);
    let of_group = lines_of(&files, &format!("chats/{group}/messages-0001.ndjson"));
    let texts: Vec<_> =
        of_group.iter().filter(|m| m["type"] == "text").map(|m| m["content"].clone()).collect();
    let sent: Vec<_> = (0..230).map(|number| json!(format!("Привет {number}"))).collect();
    assert_eq!(texts, sent, "all of it, in order");
    let chat = json_of(&files, &format!("chats/{group}/chat.json"));
    assert_eq!(chat["title"], "Сад 🌳");
    let members = json_of(&files, &format!("chats/{group}/members.json"));
    assert_eq!(members.as_array().unwrap().len(), 2);
    let of_direct = lines_of(&files, &format!("chats/{direct}/messages-0001.ndjson"));
    let kinds: Vec<_> = of_direct.iter().map(|m| m["type"].clone()).collect();
    assert_eq!(kinds, ["text", "file", "file"], "without what one hid");
    let stored: Vec<_> = files.keys().filter(|name| name.starts_with("files/")).collect();
    assert_eq!(stored.len(), 1, "{stored:?}");
    assert!(stored[0].starts_with(&format!("files/{file}/")) && !stored[0].contains(".."), "{stored:?}");
    assert_eq!(files[stored[0]], bytes);
    assert!(!files.keys().any(|name| name.contains(&foreign.to_string())));
}

#[tokio::test]
async fn drafts_bookmarks_and_what_waits_are_in_it_too() {
    let server = TestServer::start().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let chat = anna.group("Сад", &[&bob]).await;
    anna.put(&format!("/chats/{chat}/draft"), json!({"content": "Let us"})).await.expect(200);
    let later = (server.clock.now() + Duration::from_secs(3_600)).iso();
    let later = json!({"chat_id": chat, "content": "Утро", "send_at": later});
    anna.post("/scheduled", later).await.expect(201);
    let mut marked = Vec::new();
    for number in 0..120 {
        let id = bob.post_text(chat, &format!("{number}")).await["id"].clone();
        anna.put(&format!("/messages/{id}/bookmark"), json!({"note": "why"})).await.expect(200);
        marked.insert(0, id);
    }

    let files = export(&anna).await;
    assert_eq!(json_of(&files, "drafts.json"), anna.get("/drafts").await.expect(200));
    assert_eq!(json_of(&files, "scheduled.json"), anna.get("/scheduled").await.expect(200));
    let bookmarks = lines_of(&files, "bookmarks.ndjson");
    let of: Vec<_> = bookmarks.iter().map(|bookmark| bookmark["message"]["id"].clone()).collect();
    assert_eq!(of, marked, "all of them, the newest first");
    assert_eq!(bookmarks[0]["note"], "why");

    let of_bob = export(&bob).await;
    assert_eq!(json_of(&of_bob, "drafts.json"), json!([]));
    assert_eq!(json_of(&of_bob, "scheduled.json"), json!([]));
    assert!(lines_of(&of_bob, "bookmarks.ndjson").is_empty(), "what others marked is not his");
    let readme = String::from_utf8(files["README.txt"].clone()).unwrap();
    for name in files.keys().filter(|name| !name.contains('/') && *name != "README.txt") {
        assert!(readme.contains(name.as_str()), "{name} is explained");
    }
}

#[tokio::test]
async fn a_link_lives_as_long_as_its_session_and_five_minutes() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let phone = server.again(&anna, "anna").await;
    let get = async |url: &str| anna.http.get(url).send().await.unwrap().status().as_u16();
    let (url, of_phone) = (link(&anna).await, link(&phone).await);
    assert_eq!(get(&url).await, 200);
    assert_eq!(get(&url[..url.len() - 2]).await, 403, "another signature");
    assert_eq!(get(&url.replace(&anna.id.to_string(), "1")).await, 403, "another person");
    for wrong in ["", "1.2.3", "a.b.c.d", "9999999999999999999999.1.1.a"] {
        assert_eq!(
            get(&format!("{}/api/v1/users/me/export?ticket={wrong}", anna.url)).await,
            403,
            "{wrong:?}"
        );
    }
    anna.delete("/sessions").await;
    assert_eq!(get(&of_phone).await, 401);
    server.clock.advance(Duration::from_secs(5 * 60 + 1));
    assert_eq!(get(&url).await, 403);
    server.nobody().get("/users/me/export").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn what_may_no_longer_be_read_while_it_is_made_is_not_in_it() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    let messenger = &server.running.messenger;
    let access = messenger.access(&bob.token, Scopes::READ).await.unwrap();
    let mut export = messenger.as_user(access).export().await.unwrap();
    while !matches!(export.next().await.unwrap().unwrap(), ExportPart::Chat(..)) {}
    ann.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    ann.post_text(chat, "Bob is gone").await;
    while let Some(part) = export.next().await.unwrap() {
        assert!(!matches!(part, ExportPart::Messages(_)));
    }
    drop(export);

    let mut export = messenger.as_user(access).export().await.unwrap();
    export.next().await.unwrap();
    bob.post("/auth/logout", Value::Null).await;
    assert!(matches!(export.next().await, Err(Error::SessionEnded)));
}

#[tokio::test]
async fn somebody_makes_one_at_a_time_and_three_an_hour() {
    let server = TestServer::with(&[]).await;
    let anna = server.person("anna").await;
    let bytes: Vec<u8> = (0..4_000_000_u32).flat_map(u32::to_le_bytes).collect();
    anna.upload("large.bin", "application/octet-stream", bytes).await;
    let first = anna.request(Method::GET, "/users/me/export").send().await.unwrap();
    assert_eq!(first.status(), 200);
    anna.get("/users/me/export").await.refused(409, "conflict");
    assert!(unzip(first.bytes().await.unwrap().to_vec()).keys().any(|name| name.ends_with("large.bin")));
    for _ in 0..2 {
        export(&anna).await;
    }
    anna.get("/users/me/export").await.refused(429, "too_many_requests");
}
