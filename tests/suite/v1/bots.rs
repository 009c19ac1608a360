//! `/bots`: accounts of programs, their tokens and their slash commands.

use serde_json::{Value, json};

use crate::others::{Answer, Other};
use crate::server::{PASSWORD, Person, TestServer};

async fn start() -> TestServer {
    TestServer::with(&["--rate-limits", "off", "--webhook-allow", "127.0.0.1"]).await
}

/// A new bot of somebody, with a token.
async fn bot_of(owner: &Person, username: &str) -> Person {
    let body = json!({"display_name": username, "username": username});
    let id = owner.post("/bots", body).await.expect(201)["user"]["id"].as_i64().unwrap();
    let body = json!({"name": "test", "scopes": ["read", "write"]});
    let made = owner.post(&format!("/bots/{id}/tokens"), body).await.expect(201);
    let token = made["token"].as_str().unwrap().to_owned();
    Person { id, token, refresh: String::new(), ..owner.clone() }
}

async fn add(person: &Person, chat: i64, bot: &Person) {
    person.post(&format!("/chats/{chat}/members"), json!({"user_id": bot.id})).await.expect(201);
}

/// An outgoing webhook of a bot to somebody.
async fn told(owner: &Person, bot: &Person, other: &Other) -> Value {
    let body = json!({"name": "program", "url": format!("{}/hook", other.url)});
    owner.post(&format!("/bots/{}/outgoing-webhooks", bot.id), body).await.expect(201)
}

async fn set_commands(owner: &Person, bot: &Person, names: &[&str]) {
    let commands: Vec<Value> = names.iter().map(|name| json!({"name": name, "description": "x"})).collect();
    let path = format!("/bots/{}/commands", bot.id);
    owner.put(&path, json!({"commands": commands})).await.expect(200);
}

#[tokio::test]
async fn a_bot_is_a_member_like_others_and_is_shown_as_a_bot() {
    let server = start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let bot = bot_of(&ann, "builds").await;
    let chat = bob.group("Team", &[]).await;
    bot.post("/messages", json!({"chat_id": chat, "content": "hello"})).await.refused(403, "forbidden");
    add(&bob, chat, &bot).await;
    let sent = bot.post_text(chat, "Build 7 passed").await;
    assert_eq!(sent["author_id"], bot.id);
    assert_eq!(bob.texts(chat).await, ["Build 7 passed"]);
    let members = bob.get(&format!("/chats/{chat}/members")).await.expect(200);
    let flags: Vec<_> =
        members.as_array().unwrap().iter().map(|member| member["user"]["is_bot"].clone()).collect();
    assert!(flags.contains(&json!(true)) && flags.contains(&Value::Null), "{flags:?}");
    let found = bob.get("/users/search?q=builds").await.expect(200);
    assert_eq!((found[0]["id"].as_i64(), &found[0]["is_bot"]), (Some(bot.id), &json!(true)));
    let accounts = ann.get("/admin/users").await.expect(200);
    assert!(accounts.as_array().unwrap().iter().any(|account| account["is_bot"] == true));
}

#[tokio::test]
async fn nobody_signs_in_as_a_bot_and_its_token_has_no_power_over_accounts() {
    let server = start().await;
    let ann = server.person("ann").await;
    let bot = bot_of(&ann, "builds").await;
    for password in ["", PASSWORD] {
        let body = json!({"username": "builds", "password": password});
        let reply = server.nobody().post("/auth/login", body).await;
        assert!([400, 401].contains(&reply.status), "{}", reply.body);
    }
    let path = format!("/bots/{}/tokens", bot.id);
    let body = json!({"name": "all", "scopes": ["read", "account"]});
    ann.post(&path, body).await.refused(400, "invalid");
    bot.get("/tokens").await.refused(403, "insufficient_scope");
    bot.post("/bots", json!({"display_name": "child"})).await.refused(403, "insufficient_scope");
    let tokens = ann.get(&path).await.expect(200);
    ann.delete(&format!("{path}/{}", tokens[0]["id"])).await.expect(204);
    assert_eq!(bot.get("/users/me").await.status, 401);
}

#[tokio::test]
async fn only_the_owner_and_administrators_manage_a_bot() {
    let server = start().await;
    let admin = server.person("admin").await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let bot = bot_of(&ann, "builds").await;
    let path = format!("/bots/{}", bot.id);
    bob.get(&path).await.refused(404, "not_found");
    bob.patch(&path, json!({"display_name": "Mine"})).await.refused(404, "not_found");
    bob.post(&format!("{path}/tokens"), json!({"name": "x", "scopes": ["read"]}))
        .await
        .refused(404, "not_found");
    bob.get(&format!("{path}/outgoing-webhooks")).await.refused(404, "not_found");
    let changed = ann.patch(&path, json!({"display_name": "Builds", "about": "CI"})).await.expect(200);
    assert_eq!(
        (&changed["user"]["display_name"], &changed["user"]["about"]),
        (&json!("Builds"), &json!("CI"))
    );
    assert_eq!(admin.get(&path).await.expect(200)["owner_id"], ann.id);
    let names = |bots: Value| bots.as_array().unwrap().len();
    assert_eq!(names(ann.get("/bots").await.expect(200)), 1);
    assert_eq!(names(bob.get("/bots").await.expect(200)), 0);
    ann.post("/bots", json!({"display_name": "Other", "username": "bob"})).await.refused(400, "taken");
    ann.post("/bots", json!({"display_name": ""})).await.refused(400, "invalid");
}

#[tokio::test]
async fn a_deleted_bot_leaves_and_its_messages_stay() {
    let server = start().await;
    let ann = server.person("ann").await;
    let bot = bot_of(&ann, "builds").await;
    let chat = ann.group("Team", &[]).await;
    add(&ann, chat, &bot).await;
    bot.post_text(chat, "I was here").await;
    set_commands(&ann, &bot, &["deploy"]).await;
    ann.delete(&format!("/bots/{}", bot.id)).await.expect(204);
    assert_eq!(bot.get("/users/me").await.status, 401);
    server.running.messenger.run_due_jobs().await;
    assert_eq!(ann.get(&format!("/chats/{chat}/members")).await.expect(200).as_array().unwrap().len(), 1);
    assert_eq!(ann.texts(chat).await, ["I was here"]);
    assert_eq!(ann.get(&format!("/chats/{chat}/commands")).await.expect(200), json!([]));
    ann.get(&format!("/bots/{}", bot.id)).await.refused(404, "not_found");
}

#[tokio::test]
async fn bots_inherit_no_group_and_keep_none_alive() {
    let server = start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let bot = bot_of(&ann, "builds").await;
    let chat = ann.group("Team", &[&bob]).await;
    add(&ann, chat, &bot).await;
    ann.patch(&format!("/chats/{chat}/members/{}", bot.id), json!({"role": "admin"})).await.expect(200);
    ann.delete(&format!("/chats/{chat}/members/{}", ann.id)).await.expect(204);
    let members = bob.get(&format!("/chats/{chat}/members")).await.expect(200);
    let owner = members.as_array().unwrap().iter().find(|member| member["role"] == "owner").unwrap();
    assert_eq!(owner["user"]["id"], bob.id, "a person comes before a bot of a higher role");
    bob.delete(&format!("/chats/{chat}/members/{}", bob.id)).await.expect(204);
    bot.get(&format!("/chats/{chat}")).await.refused(404, "not_found");
}

#[tokio::test]
async fn bots_end_with_their_owner() {
    let server = start().await;
    let admin = server.person("admin").await;
    let ann = server.person("ann").await;
    let bot = bot_of(&ann, "builds").await;
    admin.post(&format!("/admin/users/{}/deactivate", ann.id), json!({})).await.expect(204);
    assert_eq!(bot.get("/users/me").await.status, 401);
    admin.post(&format!("/admin/users/{}/reactivate", ann.id), json!({})).await.expect(204);
    let ann = server.again(&ann, "ann").await;
    let body = json!({"name": "new", "scopes": ["read"]});
    ann.post(&format!("/bots/{}/tokens", bot.id), body).await.expect(201);
    let body = json!({"password": PASSWORD, "messages": "keep"});
    ann.post("/users/me/deletion", body).await.expect(204);
    assert_eq!(admin.get(&format!("/users/{}", bot.id)).await.expect(200)["deleted"], true);
}

#[tokio::test]
async fn a_command_goes_to_its_bot_and_is_not_posted() {
    let server = start().await;
    let program = Other::saying(Answer::new(200, "")).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let bot = bot_of(&ann, "builds").await;
    let chat = bob.group("Team", &[]).await;
    add(&bob, chat, &bot).await;
    told(&ann, &bot, &program).await;
    set_commands(&ann, &bot, &["/Deploy", "status"]).await;
    let listed = bob.get(&format!("/chats/{chat}/commands")).await.expect(200);
    assert_eq!(listed[0], json!({"name": "deploy", "description": "x", "bot_id": bot.id}));

    let key = crate::server::fresh_key();
    let body = json!({"chat_id": chat, "content": "/deploy api to prod"});
    let send = || bob.send(reqwest::Method::POST, "/messages", Some(&key), Some(body.clone()));
    let reply = send().await.expect(202);
    assert_eq!(reply, json!({"command": "deploy", "arguments": "api to prod", "bot_id": bot.id}));
    let repeated = send().await.refused(409, "duplicate_request");
    assert_eq!(repeated["original"], json!({"status": 202, "body": null}));
    assert_eq!(bob.texts(chat).await, [""; 0]);

    let asked = program.until_asked(1).await;
    let event = asked[0].json();
    assert_eq!(event["type"], "command.invoked");
    assert_eq!(event["chat"], json!({"id": chat, "title": "Team"}));
    assert_eq!(event["author"]["id"], bob.id);
    let data = json!({"chat_id": chat, "user_id": bob.id, "bot_id": bot.id, "command": "deploy",
        "arguments": "api to prod", "reply_to": null, "thread_id": null});
    assert_eq!(event["data"], data);

    // The bot answers with its token.
    bot.post_text(chat, "Deploying api").await;
    assert_eq!(bob.texts(chat).await, ["Deploying api"]);
}

#[tokio::test]
async fn what_is_no_command_of_the_chats_bots_is_a_message() {
    let server = start().await;
    let program = Other::saying(Answer::new(200, "")).await;
    let ann = server.person("ann").await;
    let (bot, second) = (bot_of(&ann, "builds").await, bot_of(&ann, "second").await);
    let (chat, elsewhere) = (ann.group("Team", &[]).await, ann.group("Elsewhere", &[]).await);
    set_commands(&ann, &bot, &["deploy"]).await;
    set_commands(&ann, &second, &["deploy"]).await;
    add(&ann, chat, &bot).await;
    add(&ann, chat, &second).await;
    for text in ["/etc/hosts is wrong", "/unknown", "say /deploy", "/deploy@nobody"] {
        ann.post_text(chat, text).await;
    }
    ann.post_text(elsewhere, "/deploy").await;
    bot.post_text(chat, "/deploy@builds is my command").await;
    let body = json!({"chat_id": chat, "content": "/deploy"});
    ann.post("/messages", body.clone()).await.refused(409, "conflict");
    told(&ann, &second, &program).await;
    let body = json!({"chat_id": chat, "content": "/deploy@Second now"});
    assert_eq!(ann.post("/messages", body).await.expect(202)["bot_id"], second.id);
    let bob = server.person("bob").await;
    let body = json!({"chat_id": chat, "content": "/deploy"});
    bob.post("/messages", body).await.refused(403, "forbidden");
}

#[tokio::test]
async fn wrong_commands_are_refused() {
    let server = start().await;
    let ann = server.person("ann").await;
    let bot = bot_of(&ann, "builds").await;
    let path = format!("/bots/{}/commands", bot.id);
    for name in ["", "a b", "8ball", "a/b", &"a".repeat(33)] {
        ann.put(&path, json!({"commands": [{"name": name}]})).await.refused(400, "invalid");
    }
    ann.put(&path, json!({"commands": [{"name": "a"}, {"name": "/A"}]})).await.refused(400, "invalid");
    let many: Vec<Value> = (0..51).map(|number| json!({"name": format!("c{number}")})).collect();
    ann.put(&path, json!({"commands": many})).await.refused(400, "invalid");
    assert_eq!(ann.get(&format!("/bots/{}", bot.id)).await.expect(200)["commands"], json!([]));
}

#[tokio::test]
async fn a_command_that_is_sent_again_with_its_client_id_is_handed_over_once() {
    let server = start().await;
    let program = Other::saying(Answer::new(200, "")).await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let bot = bot_of(&ann, "builds").await;
    let chat = bob.group("Team", &[]).await;
    add(&bob, chat, &bot).await;
    told(&ann, &bot, &program).await;
    set_commands(&ann, &bot, &["deploy", "status"]).await;
    let id = |number: u8| format!("00000000-0000-4000-8000-00000000000{number}");
    let body = |text: &str, number: u8| json!({"chat_id": chat, "content": text, "client_id": id(number)});
    let first = bob.post("/messages", body("/deploy prod", 1)).await.expect(202);
    // Each request has a key of its own.
    assert_eq!(bob.post("/messages", body("/deploy prod", 1)).await.expect(202), first);
    bob.post("/messages", body("/status", 2)).await.expect(202);
    let asked = program.until_asked(2).await;
    let commands: Vec<Value> = asked.iter().map(|one| one.json()["data"]["command"].clone()).collect();
    assert_eq!(commands, ["deploy", "status"]);
    let deliveries = server.count("SELECT COUNT(*) FROM webhook_delivery").await;
    assert_eq!(deliveries, 2);
}

#[tokio::test]
async fn a_bot_becomes_no_owner() {
    let server = start().await;
    let ann = server.person("ann").await;
    let bot = bot_of(&ann, "builds").await;
    let chat = ann.group("Team", &[]).await;
    add(&ann, chat, &bot).await;
    let path = format!("/chats/{chat}/members/{}", bot.id);
    ann.patch(&path, json!({"role": "owner"})).await.refused(409, "conflict");
    ann.patch(&path, json!({"role": "admin"})).await.expect(200);
}
