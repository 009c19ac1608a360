//! What pages say of themselves, below the messages that link to them. What the guard refuses is
//! tested where it stands (`src/core/integrations`).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::server::{Person, Socket, TestServer};

/// A web server with pages of one title each, which it can hold back.
struct Site {
    at: SocketAddr,
    asked: Arc<Mutex<HashMap<String, usize>>>,
    status: Arc<Mutex<&'static str>>,
    open: watch::Sender<bool>,
}

impl Site {
    async fn start() -> Self {
        Self::at("127.0.0.1:0").await
    }

    async fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let at = listener.local_addr().unwrap();
        let (asked, status) =
            (Arc::<Mutex<HashMap<String, usize>>>::default(), Arc::new(Mutex::new("200 OK")));
        let (open, gate) = watch::channel(true);
        let (log, says) = (asked.clone(), status.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (log, says, mut gate) = (log.clone(), says.clone(), gate.clone());
                tokio::spawn(async move {
                    let mut socket = BufReader::new(socket);
                    let mut request = String::new();
                    while !request.ends_with("\r\n\r\n") {
                        if socket.read_line(&mut request).await.unwrap_or_default() == 0 {
                            return;
                        }
                    }
                    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                    let status = *says.lock().unwrap();
                    *log.lock().unwrap().entry(path.clone()).or_default() += 1;
                    if gate.wait_for(|open| *open).await.is_err() {
                        return;
                    }
                    let page = format!(
                        "<title>Page {path}</title><meta property=og:description content='Words of {path}'>\
                         <meta property=og:site_name content=Site>"
                    );
                    let head = "Content-Type: text/html; charset=utf-8\r\nConnection: close";
                    let _ = socket
                        .write_all(format!("HTTP/1.1 {status}\r\n{head}\r\n\r\n{page}").as_bytes())
                        .await;
                });
            }
        });
        Self { at, asked, status, open }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    /// How often a page was asked for.
    fn asked(&self, path: &str) -> usize {
        self.asked.lock().unwrap().get(path).copied().unwrap_or_default()
    }

    /// Waits until a page was asked for so often.
    async fn until_asked(&self, path: &str, times: usize) {
        let asked = async {
            while self.asked(path) < times {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), asked).await.expect("the page is asked for");
    }
}

/// A server that may read pages of this machine, two people of it and their chat.
async fn start() -> (TestServer, Person, Person, i64) {
    let server = TestServer::with(&["--rate-limits", "off", "--link-preview-allow", "127.0.0.1"]).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Links", &[&bob]).await;
    (server, ann, bob, chat)
}

/// The next time that a message is told with so many previews.
async fn until_shown(socket: &mut Socket, id: &Value, previews: usize) -> Value {
    loop {
        let message = socket.until("message.updated").await;
        if message["id"] == *id && count(&message) == previews {
            return message;
        }
    }
}

fn count(message: &Value) -> usize {
    message["previews"].as_array().map_or(0, Vec::len)
}

async fn read(person: &Person, message: &Value) -> Value {
    person.get(&format!("/messages/{}", message["id"])).await.expect(200)
}

#[tokio::test]
async fn a_message_is_told_again_with_what_the_page_says() {
    let (_server, ann, bob, chat) = start().await;
    let site = Site::start().await;
    let cursor = bob.cursor().await;
    let mut socket = bob.socket().await;
    let url = site.url("/a#part");
    let sent = ann.post_text(chat, &format!("Look: {url}, and again {url}.")).await;
    assert!(sent.get("previews").is_none(), "a message goes out at once: {sent}");

    let told = until_shown(&mut socket, &sent["id"], 1).await;
    let preview = json!({"url": url, "title": "Page /a", "description": "Words of /a", "site_name": "Site"});
    assert_eq!(told["previews"], json!([preview]));
    assert_eq!(told["edited_at"], Value::Null);
    assert_eq!(read(&ann, &sent).await, told);
    let missed = bob.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    assert!(missed.to_string().contains("Words of /a"), "{missed}");
    assert_eq!(site.asked("/a"), 1);
}

#[tokio::test]
async fn previews_stand_in_the_order_of_the_links_and_code_has_none() {
    let (_server, ann, _, chat) = start().await;
    let site = Site::start().await;
    let mut socket = ann.socket().await;
    let links: String = (1..=7).map(|n| site.url(&format!("/{n} "))).collect();
    let sent = ann.post_text(chat, &format!("`{}` {links}", site.url("/code"))).await;
    let told = until_shown(&mut socket, &sent["id"], 5).await;
    let titles: Vec<_> =
        told["previews"].as_array().unwrap().iter().map(|p| p["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Page /1", "Page /2", "Page /3", "Page /4", "Page /5"]);
    assert_eq!((site.asked("/code"), site.asked("/6")), (0, 0));
}

#[tokio::test]
async fn a_page_is_read_once_for_all_who_link_to_it() {
    let (server, ann, bob, chat) = start().await;
    let site = Site::start().await;
    let mut socket = ann.socket().await;
    site.open.send(false).unwrap();
    let mut sent = Vec::new();
    for n in 0..10 {
        let author = if n % 2 == 0 { &ann } else { &bob };
        sent.push(author.post_text(chat, &site.url(&format!("/popular#{n}"))).await);
    }
    site.until_asked("/popular", 1).await;
    site.open.send(true).unwrap();
    let mut open: Vec<_> = sent.iter().map(|message| message["id"].clone()).collect();
    while !open.is_empty() {
        let told = socket.until("message.updated").await;
        assert_eq!(count(&told), 1);
        open.retain(|id| *id != told["id"]);
    }
    assert_eq!(site.asked("/popular"), 1);

    // For a week it is not asked again, and then once.
    server.clock.advance(Duration::from_secs(6 * 24 * 3_600));
    let (ann, mut socket) = renewed(&ann).await;
    let sent = ann.post_text(chat, &site.url("/popular")).await;
    until_shown(&mut socket, &sent["id"], 1).await;
    assert_eq!(site.asked("/popular"), 1);
    server.clock.advance(Duration::from_secs(2 * 24 * 3_600));
    let (ann, mut socket) = renewed(&ann).await;
    let sent = ann.post_text(chat, &site.url("/popular")).await;
    until_shown(&mut socket, &sent["id"], 1).await;
    assert_eq!(site.asked("/popular"), 2);
}

async fn renewed(person: &Person) -> (Person, Socket) {
    let person = person.renewed().await;
    let socket = person.socket().await;
    (person, socket)
}

#[tokio::test]
async fn a_page_that_sent_nothing_is_asked_again_after_an_hour() {
    let (server, ann, _, chat) = start().await;
    let site = Site::start().await;
    *site.status.lock().unwrap() = "503 Service Unavailable";
    ann.post_text(chat, &site.url("/later")).await;
    site.until_asked("/later", 1).await;
    // Long before this one is read, it is known that the other sent nothing.
    *site.status.lock().unwrap() = "200 OK";
    let mut socket = ann.socket().await;
    let after = ann.post_text(chat, &site.url("/after")).await;
    until_shown(&mut socket, &after["id"], 1).await;

    server.clock.advance(Duration::from_secs(59 * 60));
    let (ann, mut socket) = renewed(&ann).await;
    let both = ann.post_text(chat, &format!("{} {}", site.url("/later"), site.url("/after"))).await;
    until_shown(&mut socket, &both["id"], 1).await;
    assert_eq!(site.asked("/later"), 1);
    server.clock.advance(Duration::from_secs(2 * 60));
    let last = ann.post_text(chat, &site.url("/later")).await;
    until_shown(&mut socket, &last["id"], 1).await;
    assert_eq!(site.asked("/later"), 2);
    // What was found later is there for those who asked before.
    assert_eq!(count(&read(&ann, &both).await), 2);
}

#[tokio::test]
async fn what_a_page_sent_stays_while_it_is_away() {
    let (server, ann, _, chat) = start().await;
    let site = Site::start().await;
    let mut socket = ann.socket().await;
    let old = ann.post_text(chat, &site.url("/a")).await;
    until_shown(&mut socket, &old["id"], 1).await;
    *site.status.lock().unwrap() = "404 Not Found";
    server.clock.advance(Duration::from_secs(8 * 24 * 3_600));
    let ann = server.again(&ann, "ann").await;
    let mut socket = ann.socket().await;
    let new = ann.post_text(chat, &site.url("/a")).await;
    until_shown(&mut socket, &new["id"], 1).await;
    assert_eq!((site.asked("/a"), count(&read(&ann, &old).await)), (2, 1));
}

#[tokio::test]
async fn an_edit_brings_the_previews_of_what_it_says_now() {
    let (_server, ann, _, chat) = start().await;
    let site = Site::start().await;
    let mut socket = ann.socket().await;
    let sent = ann.post_text(chat, "no link yet").await;
    let path = format!("/messages/{}", sent["id"]);
    ann.patch(&path, json!({"content": site.url("/b")})).await.expect(200);
    let told = until_shown(&mut socket, &sent["id"], 1).await;
    assert_eq!(told["previews"][0]["title"], "Page /b");
    let edited_at = told["edited_at"].clone();
    assert!(edited_at.is_string());
    let plain = ann.patch(&path, json!({"content": "no link any more"})).await.expect(200);
    assert_eq!(count(&plain), 0);
    let deleted = ann.post_text(chat, &site.url("/b")).await;
    ann.delete(&format!("/messages/{}", deleted["id"])).await.expect(204);
    assert_eq!(count(&read(&ann, &deleted).await), 0);
}

/// As another node does it; on one, what runs in the background waits for it anyway.
#[tokio::test]
async fn what_is_edited_while_its_page_is_read_is_told_as_it_is_then() {
    let (server, ann, bob, chat) = start().await;
    if !server.database.is_mysql() {
        // SQLite has one writer at a time: what it reads is not changed by others before it commits.
        return;
    }
    let site = Site::start().await;
    let mut socket = bob.socket().await;
    site.open.send(false).unwrap();
    let sent = ann.post_text(chat, &site.url("/a")).await;
    site.until_asked("/a", 1).await;
    let edit = format!(
        "SELECT id FROM chat WHERE id = {chat} FOR UPDATE; UPDATE message SET text = 'edited' WHERE id = {}",
        sent["id"]
    );
    let busy = server.database.busy_with(&edit, server.dir.path()).await;
    site.open.send(true).unwrap();
    let question = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'";
    let waiting = async {
        while server.count(question).await == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("it waits for the chat");
    busy.over().await;
    let told = until_shown(&mut socket, &sent["id"], 1).await;
    assert_eq!(told["content"], "edited");
}

#[tokio::test]
async fn the_author_takes_previews_away_for_good() {
    let (server, ann, bob, chat) = start().await;
    let site = Site::start().await;
    let stranger = server.person("eve").await;
    let mut socket = bob.socket().await;
    let sent = ann.post_text(chat, &site.url("/a")).await;
    until_shown(&mut socket, &sent["id"], 1).await;
    let path = format!("/messages/{}/previews", sent["id"]);
    bob.delete(&path).await.refused(403, "forbidden");
    stranger.delete(&path).await.refused(403, "forbidden");
    server.nobody().delete(&path).await.refused(401, "unauthorized");
    ann.delete("/messages/1/previews").await.refused(404, "not_found");
    assert_eq!(count(&read(&bob, &sent).await), 1);

    ann.delete(&path).await.expect(204);
    let told = until_shown(&mut socket, &sent["id"], 0).await;
    assert_eq!(told["edited_at"], Value::Null);
    ann.delete(&path).await.expect(204);
    // Neither an edit nor another message with the link brings them back.
    ann.patch(&format!("/messages/{}", sent["id"]), json!({"content": format!("see {}", site.url("/a"))}))
        .await
        .expect(200);
    let other = ann.post_text(chat, &site.url("/a")).await;
    until_shown(&mut socket, &other["id"], 1).await;
    assert_eq!(count(&read(&bob, &sent).await), 0);

    let gone = ann.post_text(chat, "soon gone").await;
    ann.delete(&format!("/messages/{}", gone["id"])).await.expect(204);
    ann.delete(&format!("/messages/{}/previews", gone["id"])).await.refused(404, "not_found");
}

#[tokio::test]
async fn more_links_than_can_wait_are_read_in_the_end() {
    let (_server, ann, _, chat) = start().await;
    let site = Site::start().await;
    let mut socket = ann.socket().await;
    site.open.send(false).unwrap();
    let mut open = Vec::new();
    for n in 0..60 {
        let links: String = (0..5).map(|m| site.url(&format!("/{n}/{m} "))).collect();
        open.push(ann.post_text(chat, &links).await["id"].clone());
    }
    site.open.send(true).unwrap();
    while !open.is_empty() {
        let told = socket.until("message.updated").await;
        open.retain(|id| *id != told["id"] || count(&told) < 5);
    }
}

#[tokio::test]
async fn what_was_not_read_before_a_restart_is_read_after_it() {
    let (server, ann, _, chat) = start().await;
    let site = Site::start().await;
    site.open.send(false).unwrap();
    let sent = ann.post_text(chat, &site.url("/a")).await;
    site.until_asked("/a", 1).await;
    let server = server.restart().await;
    let ann = Person { url: server.url.clone(), ..ann };
    let mut socket = ann.socket().await;
    site.open.send(true).unwrap();
    if count(&read(&ann, &sent).await) == 0 {
        until_shown(&mut socket, &sent["id"], 1).await;
    }
}

#[tokio::test]
async fn nobody_is_asked_who_is_not_public_or_when_previews_are_off() {
    let (closed, open) = (Site::at("127.0.0.2:0").await, Site::start().await);
    let (_server, ann, _, chat) = start().await;
    let mut socket = ann.socket().await;
    let sent = ann.post_text(chat, &format!("{} {}", closed.url("/secret"), open.url("/open"))).await;
    let told = until_shown(&mut socket, &sent["id"], 1).await;
    assert_eq!(told["previews"][0]["title"], "Page /open");
    assert_eq!(closed.asked("/secret"), 0);

    let flags = ["--rate-limits", "off", "--link-previews", "off", "--link-preview-allow", "127.0.0.1"];
    let off = TestServer::with(&flags).await;
    let bob = off.person("bob").await;
    let eve = off.person("eve").await;
    let chat = bob.direct(&eve).await;
    bob.post_text(chat, &open.url("/off")).await;
    // As long as a page takes that is read.
    let sent = ann.post_text(sent["chat_id"].as_i64().unwrap(), &open.url("/on")).await;
    until_shown(&mut socket, &sent["id"], 1).await;
    assert_eq!(open.asked("/off"), 0);
}
