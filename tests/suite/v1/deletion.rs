//! `/users/me/deletion`: the end of an account, and what others see of it.

use std::time::Duration;

use besedka::messenger::MessagesOnDeletion;
use serde_json::{Value, json};

use crate::server::{PASSWORD, Person, Reply, TestServer, names};

/// The first to register looks after the server, and can't go before there is another one.
async fn server_with_root() -> TestServer {
    let server = TestServer::start().await;
    server.person("root").await;
    server
}

async fn delete(person: &Person, messages: &str) -> Reply {
    person.post("/users/me/deletion", json!({"password": PASSWORD, "messages": messages})).await
}

#[tokio::test]
async fn a_deleted_account_is_gone_at_once_with_its_sessions() {
    let server = server_with_root().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let phone = server.again(&anna, "anna").await;
    let program = anna.with_token(&["read"]).await;
    let profile =
        json!({"about": "Gardener", "time_zone": "Europe/Moscow", "avatar_url": "https://example.com/a.png"});
    anna.put("/users/me", profile).await.expect(200);
    let mut sockets = [anna.socket().await, phone.socket().await, program.socket().await];

    assert_eq!(delete(&anna, "keep").await.status, 204);
    for socket in &mut sockets {
        assert_eq!(socket.closed().await, 4403);
    }
    for person in [&anna, &phone, &program] {
        assert_eq!(person.get("/users/me").await.status, 401);
    }
    anna.refresh().await.refused(401, "session_ended");
    for name in [json!({"username": "anna"}), json!({"email": "anna@example.com"})] {
        let mut body = name;
        body["password"] = json!(PASSWORD);
        server.nobody().post("/auth/login", body).await.refused(401, "wrong_password");
    }

    let seen = bob.get(&format!("/users/{}", anna.id)).await.expect(200);
    assert_eq!((&seen["deleted"], &seen["deactivated"]), (&json!(true), &json!(true)));
    assert_eq!(seen["display_name"], "Deleted account");
    for field in ["username", "avatar_url", "about", "time_zone"] {
        assert_eq!(seen[field], Value::Null, "{field}");
    }
    for words in ["anna", "anna@example.com", "deleted"] {
        let found = bob.get(&format!("/users/search?q={words}")).await.expect(200);
        assert_eq!(found, json!([]), "{words}");
    }
    let again = server.person("anna").await;
    assert_ne!(again.id, anna.id, "the names are free");
    assert_eq!(again.get("/chats").await.expect(200), json!([]));
}

#[tokio::test]
async fn nothing_is_deleted_without_the_password_and_a_choice() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let wrong = json!({"password": "not the password", "messages": "delete"});
    anna.post("/users/me/deletion", wrong).await.refused(400, "invalid");
    for body in [
        json!({"password": PASSWORD}),
        json!({"messages": "keep"}),
        json!({"password": PASSWORD, "messages": "burn"}),
        json!({"password": "", "messages": "keep"}),
        json!({"password": "\u{200b}👩‍💻".repeat(5_000), "messages": "keep"}),
    ] {
        anna.post("/users/me/deletion", body).await.refused(400, "invalid");
    }
    anna.get("/users/me").await.expect(200);
}

#[tokio::test]
async fn groups_pass_on_and_private_chats_stay_for_the_other() {
    let server = server_with_root().await;
    let (anna, bob, carl) =
        (server.person("anna").await, server.person("bob").await, server.person("carl").await);
    let group = anna.group("Garden", &[&bob, &carl]).await;
    let alone = anna.group("Diary", &[]).await;
    let direct = anna.direct(&bob).await;
    anna.post_text(group, "to all").await;
    anna.post_text(direct, "to you").await;
    bob.post_text(direct, "to me").await;
    let cursor = bob.cursor().await;
    let mut socket = bob.socket().await;

    assert_eq!(delete(&anna, "keep").await.status, 204);
    assert_eq!(socket.until("member.removed").await, json!({"chat_id": group, "user_id": anna.id}));
    let told = loop {
        let told = socket.until("member.updated").await;
        if told["chat_id"] == direct {
            break told;
        }
    };
    assert_eq!(told["member"]["user"]["deleted"], true);

    let members = bob.get(&format!("/chats/{group}/members")).await.expect(200);
    let owners: Vec<_> = members.as_array().unwrap().iter().filter(|m| m["role"] == "owner").collect();
    assert_eq!((members.as_array().unwrap().len(), owners.len()), (2, 1));
    assert_eq!(bob.texts(group).await, ["to all"]);
    bob.post_text(group, "we go on").await;

    assert_eq!(bob.texts(direct).await, ["to me", "to you"]);
    let chat = bob.get(&format!("/chats/{direct}")).await.expect(200);
    assert_eq!(chat["title"], "Deleted account");
    let more = json!({"chat_id": direct, "type": "text", "content": "are you there?"});
    bob.post("/messages", more).await.refused(403, "forbidden");
    bob.get(&format!("/chats/{alone}")).await.refused(404, "not_found");

    let missed = bob.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    let missed = missed["events"].as_array().unwrap().clone();
    assert!(names(&missed).contains(&"member.removed") && names(&missed).contains(&"member.updated"));
}

#[tokio::test]
async fn a_deleted_account_does_not_come_back() {
    let server = TestServer::start().await;
    let root = server.person("root").await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let direct = anna.direct(&bob).await;
    let block = format!("/users/me/blocked/{}", anna.id);
    bob.put(&block, json!({})).await.expect(204);
    let mut socket = bob.socket().await;
    assert_eq!(delete(&anna, "keep").await.status, 204);
    socket.until("member.updated").await;

    for what in ["deactivate", "reactivate"] {
        root.post(&format!("/admin/users/{}/{what}", anna.id), json!({})).await.refused(404, "not_found");
    }
    root.put(&format!("/admin/users/{}/admin", anna.id), json!({})).await.refused(404, "not_found");
    bob.delete(&block).await.expect(204);
    let more = json!({"chat_id": direct, "type": "text", "content": "are you there?"});
    bob.post("/messages", more).await.refused(403, "forbidden");
}

#[tokio::test]
async fn everything_that_somebody_sent_goes_with_its_files_and_others_hear_it_in_batches() {
    let server = server_with_root().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let (group, direct) = (anna.group("Garden", &[&bob]).await, anna.direct(&bob).await);
    let root = bob.post_text(group, "what do you think?").await["id"].clone();
    let answer =
        json!({"chat_id": group, "type": "text", "content": "a lot", "reply_to": root, "thread_id": root});
    anna.post("/messages", answer).await.expect(201);
    let file = anna.upload("a.txt", "text/plain", b"secret".to_vec()).await;
    let payload = json!({"chat_id": direct, "type": "file", "payload": {"attachment_id": file}});
    anna.post("/messages", payload).await.expect(201);
    for number in 0..205 {
        anna.post_text(group, &format!("{number}")).await;
    }
    bob.post_text(direct, "kept").await;
    let cursor = bob.cursor().await;
    let mut socket = bob.socket().await;

    assert_eq!(delete(&anna, "delete").await.status, 204);
    let (mut events, mut gone) = (0, 0);
    while gone < 207 {
        let told = socket.until("messages.deleted").await;
        let ids = told["ids"].as_array().unwrap().len();
        assert!((1..=200).contains(&ids), "{told}");
        (events, gone) = (events + 1, gone + ids);
    }
    assert!(events <= 4, "{events} events");
    let history = bob.get(&format!("/messages?chat_id={group}&limit=200")).await.expect(200);
    let of_anna = |message: &&Value| message["author_id"] == anna.id && message["type"] != "system";
    let history = history.as_array().unwrap().clone();
    assert!(history.iter().any(|message| of_anna(&message)), "their places stay");
    assert!(history.iter().filter(of_anna).all(|message| message["deleted"] == true));
    assert_eq!(bob.texts(direct).await, ["kept"]);
    let root = bob.get(&format!("/messages/{root}")).await.expect(200);
    assert_eq!(root["content"], "what do you think?");

    let missed = bob.get(&format!("/sync?cursor={cursor}")).await.expect(200);
    let missed = missed["events"].as_array().unwrap().clone();
    let told = missed.iter().filter(|event| event["event"] == "messages.deleted");
    assert_eq!(told.map(|event| event["data"]["ids"].as_array().unwrap().len()).sum::<usize>(), 207);

    bob.get(&format!("/attachments/{file}")).await.refused(404, "not_found");
    server.clock.advance(Duration::from_secs(26 * 3_600));
    server.running.messenger.clean_up().await.unwrap();
    let left = std::fs::read_dir(server.dir.path().join("files")).unwrap();
    let left: Vec<_> = left.flatten().filter(|entry| entry.file_name() == file.as_str()).collect();
    assert!(left.iter().all(|folder| std::fs::read_dir(folder.path()).unwrap().next().is_none()), "{left:?}");
}

#[tokio::test]
async fn a_deletion_goes_on_after_a_restart_and_an_administrator_may_begin_one() {
    let server = server_with_root().await;
    let (anna, bob) = (server.person("anna").await, server.person("bob").await);
    let group = bob.group("Garden", &[&anna]).await;
    for number in 0..5 {
        anna.post_text(group, &format!("{number}")).await;
    }
    let beside = server.beside().await;
    beside.delete_user("nobody", MessagesOnDeletion::Erased).await.unwrap_err();
    beside.delete_user("anna@example.com", MessagesOnDeletion::Erased).await.unwrap();
    beside.close().await;
    let server = server.restart().await;
    let bob = Person { url: server.url.clone(), ..bob };
    for _ in 0..3 {
        server.running.messenger.run_due_jobs().await;
    }
    assert_eq!(bob.texts(group).await, [""; 0]);
    let members = bob.get(&format!("/chats/{group}/members")).await.expect(200);
    assert_eq!(members.as_array().unwrap().len(), 1);
    assert_eq!(bob.get(&format!("/users/{}", anna.id)).await.expect(200)["deleted"], true);
}

#[tokio::test]
async fn the_operator_does_not_delete_the_only_administrator() {
    let server = server_with_root().await;
    let anna = server.person("anna").await;
    let beside = server.beside().await;
    for erased in [MessagesOnDeletion::Kept, MessagesOnDeletion::Erased] {
        let refused = beside.delete_user("root", erased).await.unwrap_err().to_string();
        assert!(refused.contains("The only administrator"), "{refused}");
    }
    assert!(beside.setup_token().await.unwrap().is_none(), "there is an administrator still");
    beside.appoint("anna", true).await.unwrap();
    beside.delete_user("root", MessagesOnDeletion::Kept).await.unwrap();
    beside.close().await;
    anna.get("/admin/users").await.expect(200);
}
