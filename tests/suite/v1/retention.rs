//! For how long the server keeps messages.

use std::collections::BTreeSet;
use std::time::Duration;

use besedka::messenger::{Clock, RetentionChange};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database::Database;
use crate::server::{Person, Socket, TestServer};

const DAY: Duration = Duration::from_secs(24 * 3_600);

fn id(message: &Value) -> i64 {
    message["id"].as_i64().unwrap()
}

async fn set(admin: &Person, change: Value) {
    admin.patch("/admin/retention", change).await.expect(204);
}

async fn preview(admin: &Person, query: &str) -> i64 {
    let counted = admin.get(&format!("/admin/retention/preview?{query}")).await.expect(200);
    counted["messages"].as_i64().unwrap()
}

/// Waits until all of these are told as deleted, each once.
async fn gone(socket: &mut Socket, ids: &[i64]) {
    let mut left = ids.to_vec();
    while !left.is_empty() {
        for id in socket.until("messages.deleted").await["ids"].as_array().unwrap() {
            let told = id.as_i64().unwrap();
            assert!(left.contains(&told), "{told} is told once");
            left.retain(|id| *id != told);
        }
    }
}

/// The jobs look for old messages once a minute.
async fn run_jobs(server: &TestServer) {
    server.clock.advance(Duration::from_secs(60));
    for _ in 0..3 {
        server.running.messenger.run_due_jobs().await;
    }
}

#[tokio::test]
async fn old_messages_are_deleted_in_all_chats_but_exempt_ones() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let (direct, group, kept) =
        (ann.direct(&bob).await, ann.group("Garden", &[&bob]).await, ann.group("Archive", &[&bob]).await);
    let saved = id(&ann.post("/chats", json!({"kind": "saved"})).await.expect(201));
    let mut old = Vec::new();
    for chat in [direct, group, saved] {
        old.push(id(&ann.post_text(chat, "old").await));
    }
    ann.put(&format!("/messages/{}/pin", old[1]), json!({})).await;
    let file = ann.upload("a.txt", "text/plain", b"secret".to_vec()).await;
    let body = json!({"chat_id": group, "type": "file", "payload": {"attachment_id": file}});
    old.push(id(&ann.post("/messages", body).await.expect(201)));
    ann.post_text(kept, "old").await;
    server.clock.advance(DAY * 5);
    let (ann, bob) = (ann.renewed().await, bob.renewed().await);
    let new = id(&ann.post_text(group, "new").await);
    assert_eq!(preview(&ann, "message_days=3").await, 5);
    assert_eq!(preview(&ann, "message_days=6").await, 0);
    assert_eq!(preview(&ann, &format!("message_days=3&exempt_chat_ids={kept},{direct}")).await, 3);
    assert_eq!(preview(&ann, "").await, 0, "messages are kept for ever until somebody says otherwise");
    let mut socket = ann.socket().await;
    set(&ann, json!({"message_days": 3, "exempt_chat_ids": [kept]})).await;
    gone(&mut socket, &old).await;
    assert_eq!(ann.texts(group).await, ["new"]);
    assert_eq!(ann.texts(kept).await, ["old"]);
    for chat in [direct, saved] {
        assert_eq!(ann.texts(chat).await, [""; 0]);
    }
    bob.get(&format!("/attachments/{file}")).await.refused(404, "not_found");
    for (chat, days) in [(group, json!(3)), (saved, json!(3)), (kept, Value::Null)] {
        let told = ann.get(&format!("/chats/{chat}/retention")).await.expect(200);
        assert_eq!(told, json!({"message_days": days}));
    }
    // What becomes too old later follows, and an exemption that ends ends for what is there.
    server.clock.advance(DAY * 3);
    run_jobs(&server).await;
    let ann = ann.renewed().await;
    assert_eq!(ann.get(&format!("/messages/{new}")).await.expect(200)["deleted"], true);
    assert_eq!(ann.texts(kept).await, ["old"]);
    set(&ann, json!({"exempt_chat_ids": []})).await;
    run_jobs(&server).await;
    assert_eq!(ann.texts(kept).await, [""; 0]);
    assert_eq!(preview(&ann, "").await, 0);
}

#[tokio::test]
async fn a_chat_s_own_shorter_lifetime_comes_first_and_a_longer_one_does_not_hold() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let (short, long) = (ann.group("Short", &[&bob]).await, ann.group("Long", &[&bob]).await);
    set(&ann, json!({"message_days": 7, "exempt_chat_ids": [short]})).await;
    let year = 365 * DAY.as_secs();
    for (chat, life) in [(short, DAY.as_secs()), (long, year)] {
        ann.patch(&format!("/chats/{chat}"), json!({"message_life": life})).await.expect(200);
        ann.post_text(chat, "text").await;
    }
    server.clock.advance(DAY);
    run_jobs(&server).await;
    let ann = ann.renewed().await;
    assert_eq!((ann.texts(short).await.len(), ann.texts(long).await.len()), (0, 1));
    server.clock.advance(DAY * 6);
    run_jobs(&server).await;
    assert_eq!(ann.renewed().await.texts(long).await, [""; 0]);
}

#[tokio::test]
async fn many_old_messages_go_in_several_runs_and_go_on_after_a_restart() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.direct(&bob).await;
    for number in 0..230 {
        ann.post_text(chat, &number.to_string()).await;
    }
    server.clock.advance(DAY * 2);
    let ann = ann.renewed().await;
    let cursor = ann.cursor().await;
    set(&ann, json!({"message_days": 1})).await;
    let server = server.restart().await;
    let ann = Person { url: server.url.clone(), ..ann };
    let mut socket = ann.resume(&cursor).await;
    let mut told = 0;
    while told < 230 {
        told += socket.until("messages.deleted").await["ids"].as_array().unwrap().len();
    }
    assert_eq!(ann.texts(chat).await, [""; 0]);
    ann.post_text(chat, "new").await;
    run_jobs(&server).await;
    assert_eq!(ann.texts(chat).await, ["new"]);
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_changes_nothing() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.group("Garden", &[&bob]).await;
    let nothing = json!({"message_days": null, "exempt_chat_ids": []});
    for wrong in [
        json!({"message_days": 0}),
        json!({"message_days": -1}),
        json!({"message_days": 36_501}),
        json!({"message_days": "7"}),
        json!({"message_days": 1.5}),
        json!({"message_days": 7, "exempt_chat_ids": [chat, 5]}),
        json!({"exempt_chat_ids": (0..1_001).collect::<Vec<_>>()}),
        json!({}),
    ] {
        ann.patch("/admin/retention", wrong).await.refused(400, "invalid");
    }
    for wrong in ["message_days=0", "exempt_chat_ids=a", "exempt_chat_ids=5"] {
        ann.get(&format!("/admin/retention/preview?{wrong}")).await.refused(400, "invalid");
    }
    for refused in [
        bob.get("/admin/retention").await,
        bob.get("/admin/retention/preview?message_days=1").await,
        bob.patch("/admin/retention", json!({"message_days": 1})).await,
    ] {
        refused.refused(403, "forbidden");
    }
    assert_eq!(ann.get("/admin/retention").await.expect(200), nothing);
    set(&ann, json!({"exempt_chat_ids": [chat]})).await;
    ann.delete(&format!("/chats/{chat}")).await.expect(204);
    assert_eq!(ann.get("/admin/retention").await.expect(200), nothing, "a deleted chat needs no exemption");
}

#[tokio::test]
async fn a_change_is_recorded_from_what_to_what() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let chat = ann.group("Garden", &[]).await;
    set(&ann, json!({"message_days": 30, "exempt_chat_ids": [chat]})).await;
    set(&ann, json!({"message_days": 30})).await;
    let operator = server.beside().await;
    let change = RetentionChange { message_days: Some(None), exempt: Some(BTreeSet::new()) };
    operator.change_retention(change).await.unwrap();
    operator.close().await;
    let log = ann.get("/admin/audit?action=retention.update").await.expect(200);
    let of = |index: usize| (&log[index]["actor"]["type"], &log[index]["details"]);
    let second = json!({"from_days": 30, "to_days": null, "exempted": [], "no_longer_exempt": [chat]});
    let first = json!({"from_days": null, "to_days": 30, "exempted": [chat], "no_longer_exempt": []});
    assert_eq!(log.as_array().unwrap().len(), 2, "what changes nothing is not recorded");
    assert_eq!((of(0), of(1)), ((&json!("operator"), &second), (&json!("user"), &first)));
}

/// Runs `besedka retention` beside the server; whether it succeeds, and what it says.
async fn command(server: &TestServer, arguments: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_besedka"));
    command.arg("retention").args(arguments).args(server.place());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    (output.status.success(), said.concat())
}

#[tokio::test]
async fn the_command_line_says_what_it_would_delete_before_it_does() {
    // Commands have the time of the machine.
    let clock = Clock::default();
    clock.turn_back(DAY * 3);
    let server = TestServer::at_time(TempDir::new().unwrap(), Database::new().await, clock).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let chat = ann.direct(&bob).await;
    ann.post_text(chat, "old").await;
    server.clock.advance(DAY * 3);
    let ann = ann.renewed().await;
    let shown = command(&server, &["show"]).await;
    assert_eq!(shown, (true, "messages are kept for ever\n".to_owned()));
    for wrong in ["0", "-1", "36501", "many"] {
        assert!(!command(&server, &["set", "--", wrong]).await.0, "{wrong}");
    }
    let id = chat.to_string();
    let (done, said) = command(&server, &["exempt", "5"]).await;
    assert!(!done && said.contains("there is no chat 5"), "{said}");
    assert!(command(&server, &["exempt", &id]).await.0);
    let set = command(&server, &["set", "2"]).await;
    assert_eq!(command(&server, &["show"]).await, set);
    assert_eq!(set, (true, format!("messages are kept for 2 days\nchat {id} is exempt\n")));
    run_jobs(&server).await;
    assert_eq!(ann.texts(chat).await, ["old"]);
    let (done, said) = command(&server, &["include", "5"]).await;
    assert!(!done && said.contains("chat 5 is not exempt"), "{said}");
    let (done, said) = command(&server, &["include", &id]).await;
    assert!(!done && said.contains("1 messages would be deleted"), "{said}");
    let included = command(&server, &["include", &id, "--delete-messages"]).await;
    assert_eq!(included, (true, "messages are kept for 2 days\n".to_owned()));
    run_jobs(&server).await;
    assert_eq!(ann.texts(chat).await, [""; 0]);
    assert_eq!(command(&server, &["set", "forever"]).await.1, "messages are kept for ever\n");
}
