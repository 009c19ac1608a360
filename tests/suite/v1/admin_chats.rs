//! What administrators and the operator do with groups and channels that they are not in.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Person, TestServer, fields};

const SECOND: Duration = Duration::from_secs(1);

async fn listed(admin: &Person, query: &str) -> Value {
    admin.get(&format!("/admin/chats?{query}")).await.expect(200)
}

fn ids(page: &Value) -> Vec<i64> {
    page["chats"].as_array().unwrap().iter().map(|chat| chat["id"].as_i64().unwrap()).collect()
}

fn titles(page: &Value) -> Vec<&str> {
    page["chats"].as_array().unwrap().iter().map(|chat| chat["title"].as_str().unwrap()).collect()
}

async fn channel(owner: &Person, title: &str) -> i64 {
    owner.post("/chats", json!({"kind": "channel", "title": title})).await.expect(201)["id"].as_i64().unwrap()
}

async fn members(person: &Person, chat: i64) -> Value {
    let members = person.get(&format!("/chats/{chat}/members")).await.expect(200);
    let of = |member: &Value| (member["user"]["username"].clone(), member["role"].clone());
    members.as_array().unwrap().iter().map(of).map(|(name, role)| json!([name, role])).collect()
}

async fn audit(admin: &Person, action: &str) -> Vec<Value> {
    admin.get(&format!("/admin/audit?action={action}")).await.expect(200).as_array().unwrap().clone()
}

/// An administrator who is in none of the chats, and two others.
async fn three(server: &TestServer) -> (Person, Person, Person) {
    (server.person("ann").await, server.person("bob").await, server.person("eve").await)
}

#[tokio::test]
async fn groups_and_channels_are_listed_by_activity_and_private_chats_are_not() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    bob.post_text(bob.direct(&eve).await, "between us").await;
    bob.post("/chats", json!({"kind": "saved"})).await.expect(201);
    let news = channel(&bob, "Новости").await;
    server.clock.advance(SECOND);
    let garden = bob.group("Garden", &[&eve]).await;
    assert_eq!(ids(&listed(&ann, "").await), [garden, news]);
    server.clock.advance(SECOND);
    let sent = bob.post_text(news, "a message text").await;
    ann.patch("/admin/retention", json!({"exempt_chat_ids": [garden]})).await.expect(204);
    let page = listed(&ann, "").await;
    assert_eq!((ids(&page), &page["cursor"]), (vec![news, garden], &Value::Null));
    let (first, second) = (&page["chats"][0], &page["chats"][1]);
    assert_eq!(
        fields(first),
        ["id", "kind", "title", "owner", "member_count", "created_at", "active_at", "is_exempt"]
    );
    assert_eq!((&first["kind"], &second["kind"]), (&json!("channel"), &json!("group")));
    assert_eq!((&first["owner"]["id"], &second["owner"]["id"]), (&json!(bob.id), &json!(bob.id)));
    assert_eq!((&first["member_count"], &second["member_count"]), (&json!(1), &json!(2)));
    assert_eq!((&first["is_exempt"], &second["is_exempt"]), (&json!(false), &json!(true)));
    assert_eq!(first["active_at"], sent["ts"]);
    assert!(!page.to_string().contains("a message text"));
    assert_eq!(ids(&listed(&ann, "exempt=true").await), [garden]);
    assert_eq!(ids(&listed(&ann, "exempt=true&query=Новости").await), [0; 0]);
}

#[tokio::test]
async fn pages_follow_each_other_also_when_chats_are_equally_old() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let mut all = Vec::new();
    for number in 0..7 {
        all.push(bob.group(&format!("Group {number}"), &[]).await);
        if number % 3 == 0 {
            server.clock.advance(SECOND);
        }
    }
    let at_once = ids(&listed(&ann, "").await);
    let mut wanted = at_once.clone();
    wanted.sort_unstable();
    assert_eq!(wanted, all);
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for pages in 1.. {
        let page = listed(&ann, &format!("limit=2{cursor}")).await;
        found.extend(ids(&page));
        match page["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => {
                assert_eq!(pages, 4);
                break;
            }
        }
        // What was shown comes to the front, and moves nothing.
        server.clock.advance(SECOND);
        bob.post_text(found[0], "again").await;
    }
    assert_eq!(found, at_once);
    assert_eq!(listed(&ann, "limit=7").await["cursor"], Value::Null);
}

#[tokio::test]
async fn chats_are_found_by_parts_of_their_titles() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    for title in ["Ёлка и сад", "Сад у дома", "100% yes_no"] {
        bob.group(title, &[]).await;
        server.clock.advance(SECOND);
    }
    for (query, found) in [
        ("САД", vec!["Сад у дома", "Ёлка и сад"]),
        ("елк САД", vec!["Ёлка и сад"]),
        ("ом", vec!["Сад у дома"]),
        ("%25", vec!["100% yes_no"]),
        ("S_N", vec!["100% yes_no"]),
        ("_", vec!["100% yes_no"]),
        ("лес", vec![]),
        ("%27%20OR%201%3D1", vec![]),
    ] {
        assert_eq!(titles(&listed(&ann, &format!("query={query}")).await), found, "{query}");
    }
    let first = listed(&ann, "query=сад&limit=1").await;
    let rest = listed(&ann, &format!("query=сад&cursor={}", first["cursor"].as_str().unwrap())).await;
    assert_eq!((titles(&first), titles(&rest)), (vec!["Сад у дома"], vec!["Ёлка и сад"]));
    for wrong in [format!("query={}", "a".repeat(401)), "cursor=yesterday".to_owned()] {
        ann.get(&format!("/admin/chats?{wrong}")).await.refused(400, "invalid");
    }
}

#[tokio::test]
async fn a_deleted_chat_is_gone_for_everybody_at_once() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let (garden, news) = (bob.group("Garden", &[&eve]).await, channel(&bob, "News").await);
    let (mut bobs, mut eves) = (bob.socket().await, eve.socket().await);
    let before = eve.cursor().await;
    ann.delete(&format!("/admin/chats/{garden}")).await.expect(204);
    for socket in [&mut bobs, &mut eves] {
        assert_eq!(socket.until("chat.removed").await["id"], garden);
    }
    assert_eq!(eve.resume(&before).await.until("chat.removed").await["id"], garden);
    for person in [&bob, &eve] {
        person.get(&format!("/chats/{garden}")).await.refused(404, "not_found");
        let chats = person.get("/chats").await.expect(200);
        assert!(chats.as_array().unwrap().iter().all(|chat| chat["id"] != garden));
    }
    let body = json!({"chat_id": garden, "type": "text", "content": "hello?"});
    assert!(bob.post("/messages", body).await.status >= 400);
    assert_eq!(ids(&listed(&ann, "").await), [news]);
    ann.delete(&format!("/admin/chats/{garden}")).await.refused(404, "not_found");
    ann.delete(&format!("/admin/chats/{news}")).await.expect(204);
    let log = audit(&ann, "chat.delete").await;
    assert_eq!(log.len(), 2);
    assert_eq!(log[1]["actor"]["id"], ann.id);
    assert_eq!(log[1]["target"], json!({"type": "chat", "id": garden, "name": "Garden"}));
    assert_eq!(log[1]["details"], json!({"members": 2, "by_administration": true}));
}

#[tokio::test]
async fn a_member_becomes_the_owner_and_the_owner_before_an_admin() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let garden = bob.group("Garden", &[&eve]).await;
    let path = format!("/admin/chats/{garden}/owner");
    let mut bobs = bob.socket().await;
    ann.put(&path, json!({"user_id": eve.id})).await.expect(204);
    for (id, role) in [(bob.id, "admin"), (eve.id, "owner")] {
        let member = bobs.until("member.updated").await["member"].clone();
        assert_eq!((&member["user"]["id"], &member["role"]), (&json!(id), &json!(role)));
    }
    let notice = bobs.until("message.created").await;
    assert_eq!(notice["payload"]["kind"], "chat.owner", "{notice}");
    assert_eq!(notice["payload"]["user_id"], eve.id);
    assert_eq!(members(&eve, garden).await, json!([["bob", "admin"], ["eve", "owner"]]));
    assert_eq!(listed(&ann, "").await["chats"][0]["owner"]["id"], eve.id);
    ann.get(&format!("/chats/{garden}")).await.refused(403, "forbidden");
    // Who owns it already stays so, and nothing is recorded.
    ann.put(&path, json!({"user_id": eve.id})).await.expect(204);
    let log = audit(&ann, "chat.transfer").await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0]["actor"]["id"], ann.id);
    assert_eq!(log[0]["target"], json!({"type": "chat", "id": garden, "name": "Garden"}));
    assert_eq!(log[0]["details"], json!({"from_user_id": bob.id, "to_user_id": eve.id}));
}

#[tokio::test]
async fn a_group_without_an_owner_gets_one() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let garden = bob.group("Garden", &[&eve]).await;
    ann.post(&format!("/admin/users/{}/deactivate", eve.id), json!({})).await.expect(204);
    bob.delete(&format!("/chats/{garden}/members/{}", bob.id)).await.expect(204);
    let list = listed(&ann, "").await;
    assert_eq!((&list["chats"][0]["owner"], &list["chats"][0]["member_count"]), (&Value::Null, &json!(1)));
    let path = format!("/admin/chats/{garden}/owner");
    let candidates = format!("/admin/chats/{garden}/owner-candidates");
    assert_eq!(ann.get(&candidates).await.expect(200), json!([]));
    ann.put(&path, json!({"user_id": eve.id})).await.refused(409, "conflict");
    ann.put(&path, json!({"user_id": bob.id})).await.refused(404, "not_found");
    ann.post(&format!("/admin/users/{}/reactivate", eve.id), json!({})).await.expect(204);
    let eve = server.again(&eve, "eve").await;
    assert_eq!(members(&eve, garden).await, json!([["eve", "member"]]));
    ann.put(&path, json!({"user_id": eve.id})).await.expect(204);
    assert_eq!(members(&eve, garden).await, json!([["eve", "owner"]]));
    eve.delete(&format!("/chats/{garden}")).await.expect(204);
    assert_eq!(audit(&ann, "chat.transfer").await[0]["details"]["from_user_id"], Value::Null);
    assert_eq!(audit(&ann, "chat.delete").await[0]["details"], json!({"members": 1}), "as its owner");
}

#[tokio::test]
async fn only_active_people_can_become_owners() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let (dan, joe) = (server.person("dan").await, server.person("Жорж").await);
    let bot = bob.post("/bots", json!({"display_name": "Builds"})).await.expect(201)["user"]["id"].clone();
    let garden = bob.group("Garden", &[&eve, &dan, &joe]).await;
    bob.post(&format!("/chats/{garden}/members"), json!({"user_id": bot})).await.expect(201);
    bob.patch(&format!("/chats/{garden}/members/{}", dan.id), json!({"role": "admin"})).await.expect(200);
    ann.post(&format!("/admin/users/{}/deactivate", eve.id), json!({})).await.expect(204);
    let found = async |query: &str| {
        let path = format!("/admin/chats/{garden}/owner-candidates?{query}");
        let found = ann.get(&path).await.expect(200);
        let of = |one: &Value| json!([one["user"]["username"], one["role"]]);
        found.as_array().unwrap().iter().map(of).collect::<Value>()
    };
    assert_eq!(found("").await, json!([["bob", "owner"], ["dan", "admin"], ["Жорж", "member"]]));
    assert_eq!(found("query=ЖОР").await, json!([["Жорж", "member"]]));
    assert_eq!(found("limit=1").await, json!([["bob", "owner"]]));
    assert_eq!(found("query=eve").await, json!([]));
    let path = format!("/admin/chats/{garden}/owner");
    for (user, status, code) in [
        (bot, 409, "conflict"),
        (json!(eve.id), 409, "conflict"),
        (json!(ann.id), 404, "not_found"),
        (json!(5), 404, "not_found"),
        (json!("dan"), 400, "invalid"),
        (Value::Null, 400, "invalid"),
    ] {
        ann.put(&path, json!({"user_id": user})).await.refused(status, code);
    }
    assert_eq!(audit(&ann, "chat.transfer").await, Vec::<Value>::new());
}

#[tokio::test]
async fn private_chats_are_not_found_and_others_are_refused() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let direct = bob.direct(&eve).await;
    let saved = bob.post("/chats", json!({"kind": "saved"})).await.expect(201)["id"].as_i64().unwrap();
    let garden = bob.group("Garden", &[&eve]).await;
    for chat in [direct.to_string(), saved.to_string(), "5".to_owned(), "garden".to_owned()] {
        ann.delete(&format!("/admin/chats/{chat}")).await.refused(404, "not_found");
        ann.get(&format!("/admin/chats/{chat}/owner-candidates")).await.refused(404, "not_found");
        let owner = json!({"user_id": eve.id});
        ann.put(&format!("/admin/chats/{chat}/owner"), owner).await.refused(404, "not_found");
    }
    // Not even the owner of a chat, who may do the same as its owner.
    for person in [&bob, &eve] {
        person.get("/admin/chats").await.refused(403, "forbidden");
        person.delete(&format!("/admin/chats/{garden}")).await.refused(403, "forbidden");
        person.get(&format!("/admin/chats/{garden}/owner-candidates")).await.refused(403, "forbidden");
        let owner = json!({"user_id": eve.id});
        person.put(&format!("/admin/chats/{garden}/owner"), owner).await.refused(403, "forbidden");
    }
    server.nobody().get("/admin/chats").await.refused(401, "unauthorized");
    assert_eq!(members(&bob, garden).await, json!([["bob", "owner"], ["eve", "member"]]));
    bob.get(&format!("/chats/{direct}")).await.expect(200);
}

/// Runs `besedka chats` beside the server; whether it succeeds, and what it says.
async fn command(server: &TestServer, arguments: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_besedka"));
    command.arg("chats").args(arguments).args(server.place());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    (output.status.success(), said.concat())
}

#[tokio::test]
async fn the_command_line_lists_chats_names_what_it_would_delete_and_gives_them_to_others() {
    let server = TestServer::start().await;
    let (ann, bob, eve) = three(&server).await;
    let direct = bob.direct(&eve).await;
    let garden = bob.group("Сад", &[&eve]).await;
    let news = channel(&bob, "News").await;
    let (done, said) = command(&server, &["list"]).await;
    let lines: Vec<Vec<&str>> = said.lines().map(|line| line.split('\t').collect()).collect();
    assert!(done && lines.len() == 3, "{said}");
    assert_eq!(lines[0], ["id", "kind", "title", "owner", "members", "active", "retention"]);
    let (garden, news) = (garden.to_string(), news.to_string());
    let (_, said) = command(&server, &["list", "--query", "САД"]).await;
    let line: Vec<&str> = said.lines().last().unwrap().split('\t').collect();
    assert_eq!(line[..5], [garden.as_str(), "group", "Сад", "bob", "2"], "{said}");
    let (done, said) = command(&server, &["delete", &garden]).await;
    assert!(
        !done && said.contains("“Сад” with 2 members would be deleted") && said.contains("--yes"),
        "{said}"
    );
    assert_eq!(command(&server, &["owner", &garden, "eve"]).await, (true, String::new()));
    for (chat, name, why) in [
        (&garden, "ann", "No such member"),
        (&garden, "nobody", "No such user"),
        (&direct.to_string(), "bob", "No such chat"),
    ] {
        let (done, said) = command(&server, &["owner", chat, name]).await;
        assert!(!done && said.contains(why), "{said}");
    }
    assert_eq!(members(&eve, garden.parse().unwrap()).await, json!([["bob", "admin"], ["eve", "owner"]]));
    let (done, said) = command(&server, &["delete", &direct.to_string(), "--yes"]).await;
    assert!(!done && said.contains("No such chat"), "{said}");
    assert_eq!(command(&server, &["delete", &news, "--yes"]).await, (true, String::new()));
    assert_eq!(titles(&listed(&ann, "").await), ["Сад"]);
    for (action, details) in [
        ("chat.delete", json!({"members": 1, "by_administration": true})),
        ("chat.transfer", json!({"from_user_id": bob.id, "to_user_id": eve.id})),
    ] {
        let log = audit(&ann, action).await;
        assert_eq!((log.len(), &log[0]["actor"]["type"]), (1, &json!("operator")));
        assert_eq!(log[0]["details"], details);
    }
}
