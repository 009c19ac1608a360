//! Many chats and many members: more than one SQL statement of SQLite holds.

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::database::Database;
use crate::server::{Person, Reply, TestServer};

/// What is made by SQL is made on SQLite, whose limits these are.
async fn on_sqlite() -> (TempDir, TestServer) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::at(format!("sqlite:{}", folder.path().join("besedka.db").display()));
    (folder, TestServer::on(database, &["--rate-limits", "off"]).await)
}

/// The numbers 1 to `count`, as the table `more` with the column `n`.
fn numbers(count: usize) -> String {
    format!("WITH RECURSIVE more (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < {count})")
}

/// Copies a chat with its members and its messages.
async fn copy_chat(server: &TestServer, chat: i64, count: usize) {
    let more = numbers(count);
    server
        .change(&format!(
            "INSERT INTO stream (id, seq) {more} SELECT id + n, seq FROM stream, more WHERE id = {chat};
             INSERT INTO chat (id, kind, title, title_folded, member_count, creator_id, created_at)
             {more} SELECT id + n, kind, title, title_folded, member_count, creator_id, created_at
             FROM chat, more WHERE id = {chat};
             INSERT INTO member
             (chat_id, user_id, role, joined_at, joined_seq, read_seq, delivered_seq)
             {more} SELECT chat_id + n, user_id, role, joined_at, joined_seq, read_seq, delivered_seq
             FROM member, more WHERE chat_id = {chat};
             INSERT INTO message (id, chat_id, seq, author_id, kind, text, sent_at)
             {more} SELECT id + n * 100, chat_id + n, seq, author_id, kind, text, sent_at
             FROM message, more WHERE chat_id = {chat}"
        ))
        .await;
}

async fn get(person: &Person, path: &str) -> Value {
    let request = person.http.request(Method::GET, format!("{}{path}", person.url));
    Reply::to(request.bearer_auth(&person.token)).await.expect(200)
}

#[tokio::test]
async fn whoever_is_in_a_thousand_chats_gets_all_of_them_from_every_api() {
    const MANY: usize = 1_100;
    let (_folder, server) = on_sqlite().await;
    let ann = server.person("ann").await;
    let mut others = Vec::new();
    for number in 0..30 {
        others.push(server.person(&format!("other{number}")).await);
    }
    let chat = ann.group("Garden", &others.iter().collect::<Vec<_>>()).await;
    ann.post_text(chat, "word").await;
    copy_chat(&server, chat, MANY).await;
    // What the process remembers is from before.
    let server = server.restart().await;
    let ann = Person { url: server.url.clone(), ..ann };
    let all = MANY + 1;
    let lists = [
        "/api/v1/chats",
        "/kyte/chats",
        "/mimu/api/v1/chats",
        "/api/unet-chat/conversations/",
        "/desktop/api/chats",
    ];
    for path in lists {
        let answer = get(&ann, path).await;
        let found = answer.as_array().or_else(|| answer["chats"].as_array());
        assert_eq!(found.map(Vec::len), Some(all), "{path}");
    }
}

#[tokio::test]
async fn a_group_begins_with_as_many_members_as_it_may_have() {
    const MANY: usize = 4_990;
    let (_folder, server) = on_sqlite().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let more = numbers(MANY);
    server
        .change(&format!(
            "INSERT INTO user (id, username, username_folded, password_hash, display_name, name_folded, created_at)
             {more} SELECT id + n, username || n, username || n, '', 'Bob', 'bob', created_at FROM user, more
             WHERE id = {bob};
             INSERT INTO stream (id, seq) {more} SELECT id + n, 0 FROM stream, more WHERE id = {bob}",
            bob = bob.id
        ))
        .await;
    let members: Vec<i64> = (0..=MANY as i64).map(|number| bob.id + number).collect();
    let body = json!({"kind": "group", "title": "All", "member_ids": members});
    let chat = ann.post("/chats", body).await.expect(201);
    assert_eq!(chat["member_count"], MANY + 2);
    let path = format!("/chats/{}/members", chat["id"]);
    assert_eq!(ann.get(&path).await.expect(200).as_array().unwrap().len(), MANY + 2);
    bob.post_text(chat["id"].as_i64().unwrap(), "word").await;
}
