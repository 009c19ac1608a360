//! What unet's clients call.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{CHAT, Client, USERS, refused};
use crate::server::{PASSWORD, Reply, TestServer, fields, is_time};

const CONVERSATION: [&str; 9] = [
    "id",
    "type",
    "title",
    "created_by",
    "created_at",
    "service",
    "service_id",
    "last_message",
    "participants",
];
const MESSAGE: [&str; 8] =
    ["id", "conversation_id", "sender_id", "text", "reply_to", "is_edited", "created_at", "attachments"];

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| Uuid::try_parse(text).is_ok())
}

#[tokio::test]
async fn one_signs_in_and_renews_with_the_same_refresh_token_for_ever() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let nobody = server.nobody();
    let post = async |path: &str, body: Value| {
        Reply::to(nobody.http.post(format!("{}{path}", server.url)).json(&body)).await
    };
    let body = json!({"email": "ann@example.com", "password": PASSWORD});
    let signed = post(&format!("{USERS}/auth/"), body).await.expect(200);
    let known =
        ["access", "refresh", "user_id", "id", "email", "first_name", "last_name", "avatar", "position"];
    assert_eq!(fields(&signed), known);
    assert_eq!((&signed["user_id"], &signed["id"]), (&json!(ann.id), &json!(ann.id)));
    assert_eq!(signed["email"], "ann@example.com");
    for path in ["/educations/api/v1/users/refresh/", "/educations//api/v1/users/refresh/"] {
        for _ in 0..3 {
            server.clock.advance(Duration::from_secs(24 * 3_600));
            let renewed = post(path, json!({"refresh": signed["refresh"]})).await.expect(200);
            assert_eq!(fields(&renewed), ["access"]);
            let request = nobody.http.get(format!("{}{CHAT}/conversations/", server.url));
            let request = request.bearer_auth(renewed["access"].as_str().unwrap());
            assert_eq!(Reply::to(request).await.expect(200), json!([]));
        }
    }
    let ann = server.again(&ann, "ann").await;
    let sessions = ann.get("/sessions").await.expect(200);
    for session in sessions.as_array().unwrap().iter().filter(|session| session["current"] != true) {
        ann.delete(&format!("/sessions/{}", session["id"])).await.expect(204);
    }
    refused(post(&format!("{USERS}/refresh/"), json!({"refresh": signed["refresh"]})).await, 401);
    refused(post(&format!("{USERS}/refresh/"), json!({"refresh": "nothing"})).await, 401);
    let wrong = json!({"email": "ann@example.com", "password": "wrong password"});
    refused(post(&format!("{USERS}/auth/"), wrong).await, 401);
    refused(post(&format!("{USERS}/auth/"), json!({"email": "ann@example.com"})).await, 400);
}

#[tokio::test]
async fn tokens_are_taken_from_both_headers_and_wrong_ones_from_none() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let url = format!("{}{CHAT}/conversations/", server.url);
    for header in ["WWW-Authenticate", "Authorization"] {
        let ask = async |value: String| Reply::to(ann.http.get(&url).header(header, value)).await;
        // An access token of v1 is one of the same api.
        assert_eq!(ask(format!("Bearer {}", ann.token)).await.expect(200), json!([]));
        for wrong in
            ["Bearer", "Bearer x", "Basic YTpi", &ann.token, "Bearer ", &format!("Bearer {}x", ann.token)]
        {
            refused(ask(wrong.to_owned()).await, 401);
        }
    }
    refused(Reply::to(ann.http.get(&url)).await, 401);
    server.clock.advance(Duration::from_secs(3_600));
    let late = ann.http.get(&url).bearer_auth(&ann.token);
    refused(Reply::to(late).await, 401);
}

#[tokio::test]
async fn conversations_are_made_listed_and_deleted() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    let [a, b, e] = [
        Client::of(&server, &ann, "ann").await,
        Client::of(&server, &bob, "bob").await,
        Client::of(&server, &eve, "eve").await,
    ];
    let group = json!({"type": "group", "title": "Mathematics", "participant_ids": [b.id, b.id, a.id]});
    let group = a.post(&format!("{CHAT}/conversations/"), group).await.expect(201);
    assert_eq!(fields(&group), CONVERSATION);
    assert!(is_uuid(&group["id"]) && is_time(&group["created_at"]), "{group}");
    assert_eq!((&group["type"], &group["title"]), (&json!("group"), &json!("Mathematics")));
    assert_eq!(group["created_by"], a.id);
    assert_eq!(
        (&group["service"], &group["service_id"], &group["last_message"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let roles: Vec<_> =
        group["participants"].as_array().unwrap().iter().map(|one| (&one["user_id"], &one["role"])).collect();
    assert_eq!(roles, [(&json!(a.id), &json!("admin")), (&json!(b.id), &json!("member"))]);
    let id = group["id"].as_str().unwrap();

    // The creator is implied, and there is one for each two.
    let private = json!({"type": "private", "title": null, "participant_ids": [b.id]});
    let one = a.post(&format!("{CHAT}/conversations/"), private).await.expect(201);
    assert_eq!((&one["type"], &one["title"]), (&json!("private"), &Value::Null));
    let again = json!({"type": "private", "participant_ids": [a.id, b.id]});
    assert_eq!(b.post(&format!("{CHAT}/conversations/"), again).await.expect(201)["id"], one["id"]);

    // The most recently active is first, with what was sent last.
    a.post_text(id, "Hello").await;
    let list = b.get(&format!("{CHAT}/conversations/")).await.expect(200);
    assert_eq!(list[0]["id"], group["id"]);
    assert_eq!(fields(&list[0]["last_message"]), ["id", "sender_id", "text", "created_at"]);
    assert_eq!(list[0]["last_message"]["text"], "Hello");
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(b.get(&format!("{CHAT}/conversations/{id}")).await.expect(200)["id"], group["id"]);
    assert_eq!(b.get(&format!("{CHAT}/conversations/{id}/")).await.expect(200)["id"], group["id"]);

    // Not for strangers, and nothing that is not there.
    refused(e.get(&format!("{CHAT}/conversations/{id}")).await, 403);
    refused(e.delete(&format!("{CHAT}/conversations/{id}")).await, 403);
    for wrong in ["uuid", "1", "00000000-0000-4000-8000-000000000000"] {
        refused(a.get(&format!("{CHAT}/conversations/{wrong}")).await, 404);
    }
    // A member may not delete it, an admin may; a private one is hidden.
    refused(b.delete(&format!("{CHAT}/conversations/{id}")).await, 403);
    a.delete(&format!("{CHAT}/conversations/{id}")).await.expect(204);
    refused(b.get(&format!("{CHAT}/conversations/{id}")).await, 404);
    b.delete(&format!("{CHAT}/conversations/{}", one["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(b.get(&format!("{CHAT}/conversations/")).await.expect(200), json!([]));
    assert_eq!(a.get(&format!("{CHAT}/conversations/")).await.expect(200).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_makes_no_conversation_is_refused() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let a = Client::of(&server, &ann, "ann").await;
    for wrong in [
        json!({"type": "group", "participant_ids": [bob.id]}),
        json!({"type": "group", "title": "  ", "participant_ids": [bob.id]}),
        json!({"type": "group", "title": "A", "participant_ids": [5]}),
        json!({"type": "private", "participant_ids": []}),
        json!({"type": "private"}),
        json!({"type": "private", "participant_ids": [a.id]}),
        json!({"type": "private", "participant_ids": [bob.id, 5]}),
        json!({"type": "channel", "title": "A"}),
        json!({"title": "A"}),
        json!({"type": "group", "title": "A", "service_id": "5"}),
        json!({"type": "group", "title": "A", "participant_ids": "5"}),
    ] {
        refused(a.post(&format!("{CHAT}/conversations/"), wrong).await, 400);
    }
}

#[tokio::test]
async fn there_is_one_conversation_about_each_thing_of_the_host_application() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    let [a, b, e] = [
        Client::of(&server, &ann, "ann").await,
        Client::of(&server, &bob, "bob").await,
        Client::of(&server, &eve, "eve").await,
    ];
    let about = |id: &str, others: &[i64]| json!({"type": "group", "title": "Course", "participant_ids": others, "service": "course", "service_id": id});
    let path = format!("{CHAT}/conversations/");
    let made = a.post(&path, about("42", &[b.id])).await.expect(201);
    assert_eq!((&made["service"], &made["service_id"]), (&json!("course"), &json!("42")));
    assert_eq!(b.post(&path, about("42", &[e.id])).await.expect(201)["id"], made["id"]);
    refused(e.post(&path, about("42", &[])).await, 403);
    assert_ne!(e.post(&path, about("43", &[])).await.expect(201)["id"], made["id"]);
    // Many at once make one.
    let many = futures_util::future::join_all((0..8).map(|_| a.post(&path, about("44", &[b.id])))).await;
    let ids: Vec<Value> = many.into_iter().map(|reply| reply.expect(201)["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    // When it is deleted there may be another.
    a.delete(&format!("{CHAT}/conversations/{}", made["id"].as_str().unwrap())).await.expect(204);
    assert_ne!(e.post(&path, about("42", &[])).await.expect(201)["id"], made["id"]);
    // A private one, too.
    let private = json!({"type": "private", "participant_ids": [b.id], "service": "week", "service_id": "1"});
    let one = a.post(&path, private.clone()).await.expect(201);
    assert_eq!((&one["service"], &one["type"]), (&json!("week"), &json!("private")));
    assert_eq!(a.post(&path, private.clone()).await.expect(201)["id"], one["id"]);
    refused(e.post(&path, private).await, 403);
}

#[tokio::test]
async fn of_two_that_talk_about_one_thing_at_the_same_time_one_is_refused() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    let [a, b, e] = [
        Client::of(&server, &ann, "ann").await,
        Client::of(&server, &bob, "bob").await,
        Client::of(&server, &eve, "eve").await,
    ];
    let path = format!("{CHAT}/conversations/");
    for week in 0..20 {
        let about = |other: i64| json!({"type": "private", "participant_ids": [other], "service": "week", "service_id": format!("{week}")});
        let (one, other) = tokio::join!(a.post(&path, about(b.id)), e.post(&path, about(b.id)));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        // The chats of both pairs get their topics in the first round, and keep them.
        assert!(statuses == [201, 403] || week > 0, "{statuses:?}");
        assert!(statuses.iter().all(|status| [201, 403].contains(status)), "{statuses:?}");
    }
}

#[tokio::test]
async fn messages_are_sent_read_edited_and_deleted() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    let [a, b, e] = [
        Client::of(&server, &ann, "ann").await,
        Client::of(&server, &bob, "bob").await,
        Client::of(&server, &eve, "eve").await,
    ];
    let id = a.group("Mathematics", &[b.id]).await;
    let path = format!("{CHAT}/messages/");
    let first = a.post_text(&id, "Привет!").await;
    assert_eq!(fields(&first), MESSAGE);
    assert!(is_uuid(&first["id"]) && is_time(&first["created_at"]), "{first}");
    assert_eq!((&first["conversation_id"], &first["sender_id"]), (&json!(id), &json!(a.id)));
    assert_eq!((&first["text"], &first["reply_to"]), (&json!("Привет!"), &Value::Null));
    assert_eq!((&first["is_edited"], &first["attachments"]), (&json!(false), &json!([])));
    let answer =
        json!({"conversation_id": id, "sender_id": b.id, "text": "And you", "reply_to": first["id"]});
    assert_eq!(b.post(&path, answer).await.expect(201)["reply_to"], first["id"]);

    // One speaks for oneself alone, where one is, and says something.
    let say = |sender: i64, text: Value| json!({"conversation_id": id, "sender_id": sender, "text": text});
    refused(a.post(&path, say(b.id, json!("I am Bob"))).await, 403);
    refused(e.post(&path, say(e.id, json!("Let me in"))).await, 403);
    refused(a.post(&path, say(a.id, json!(" "))).await, 400);
    refused(a.post(&path, say(a.id, Value::Null)).await, 400);
    refused(a.post(&path, say(a.id, json!("я".repeat(16_001)))).await, 400);
    refused(a.post(&path, json!({"conversation_id": "uuid", "sender_id": a.id, "text": "x"})).await, 404);

    // The newest after those that were skipped, oldest first.
    for number in 1..=5 {
        a.post_text(&id, &number.to_string()).await;
    }
    let page = async |query: &str| -> Vec<String> {
        let sent = b.get(&format!("{CHAT}/messages/{id}{query}")).await.expect(200);
        sent.as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(page("").await, ["Привет!", "And you", "1", "2", "3", "4", "5"]);
    assert_eq!(page("?limit=2&offset=0").await, ["4", "5"]);
    assert_eq!(page("?limit=2&offset=2").await, ["2", "3"]);
    assert_eq!(page("?limit=50&offset=50").await, [""; 0]);
    assert_eq!(page("?limit=1000").await.len(), 7);
    refused(b.get(&format!("{CHAT}/messages/{id}?limit=x")).await, 400);
    refused(e.get(&format!("{CHAT}/messages/{id}")).await, 403);

    let of = |message: &Value| format!("{CHAT}/messages/{}", message["id"].as_str().unwrap());
    let edited = a.put(&of(&first), json!({"text": "Hello"})).await.expect(200);
    assert_eq!((&edited["text"], &edited["is_edited"]), (&json!("Hello"), &json!(true)));
    refused(b.put(&of(&first), json!({"text": "Mine"})).await, 403);
    refused(e.put(&of(&first), json!({"text": "Mine"})).await, 403);
    refused(a.put(&of(&first), json!({"text": ""})).await, 400);
    refused(b.delete(&of(&first)).await, 403);
    a.delete(&of(&first)).await.expect(204);
    refused(a.delete(&of(&first)).await, 404);
    refused(a.put(&of(&first), json!({"text": "Hello"})).await, 404);
    assert_eq!(page("?limit=2&offset=5").await, ["And you"]);
    refused(a.delete(&format!("{CHAT}/messages/5")).await, 404);
}

#[tokio::test]
async fn the_last_message_is_the_newest_that_the_history_shows() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    let a = Client::of(&server, &ann, "ann").await;
    let id = a.group("Mathematics", &[bob.id]).await;
    let path = format!("{CHAT}/conversations/{id}");
    let last = async || -> Value {
        let list = a.get(&format!("{CHAT}/conversations/")).await.expect(200);
        let one = a.get(&path).await.expect(200);
        assert_eq!(list[0]["last_message"], one["last_message"]);
        one["last_message"].clone()
    };
    assert_eq!(last().await, Value::Null);
    a.post_text(&id, "Hello").await;
    a.post(&format!("{path}/participants/"), json!({"user_id": eve.id})).await.expect(201);
    assert_eq!(last().await["text"], "Hello", "that somebody was added is no message");
    let second = a.post_text(&id, "Again").await;
    assert_eq!(last().await["id"], second["id"]);
    a.delete(&format!("{CHAT}/messages/{}", second["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(last().await["text"], "Hello", "nor is one that was deleted");
}

#[tokio::test]
async fn participants_come_and_go() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    ann.put("/users/me", json!({"display_name": "Anna Maria Jensen"})).await.expect(200);
    let [a, b, e] = [
        Client::of(&server, &ann, "ann").await,
        Client::of(&server, &bob, "bob").await,
        Client::of(&server, &eve, "eve").await,
    ];
    let id = a.group("Mathematics", &[b.id]).await;
    let path = format!("{CHAT}/conversations/{id}/participants");
    let list = b.get(&path).await.expect(200);
    let known = ["user_id", "role", "joined_at", "first_name", "last_name", "avatar"];
    assert!(list.as_array().unwrap().iter().all(|one| fields(one) == known), "{list}");
    let own = list.as_array().unwrap().iter().find(|one| one["user_id"] == a.id).unwrap();
    assert_eq!((&own["first_name"], &own["last_name"]), (&json!("Anna"), &json!("Maria Jensen")));

    refused(b.post(&path, json!({"user_id": e.id})).await, 403);
    refused(e.get(&path).await, 403);
    let added = a.post(&format!("{path}/"), json!({"user_id": e.id, "role": "admin"})).await.expect(201);
    assert_eq!(fields(&added), ["user_id", "role", "joined_at"]);
    assert_eq!((&added["user_id"], &added["role"]), (&json!(e.id), &json!("admin")));
    refused(a.post(&path, json!({"user_id": e.id})).await, 409);
    refused(a.post(&path, json!({"user_id": 5})).await, 404);
    refused(a.post(&path, json!({"user_id": e.id, "role": "king"})).await, 400);

    refused(b.delete(&format!("{path}/{}", e.id)).await, 403);
    e.delete(&format!("{path}/{}", b.id)).await.expect(204);
    refused(b.get(&path).await, 403);
    // An admin who is not the owner makes no admins.
    refused(e.post(&path, json!({"user_id": b.id, "role": "admin"})).await, 403);
    e.post(&path, json!({"user_id": b.id})).await.expect(201);
    b.delete(&format!("{path}/{}", b.id)).await.expect(204);
    refused(a.delete(&format!("{path}/{}", b.id)).await, 404);
}

#[tokio::test]
async fn files_elsewhere_are_attached_and_our_own_need_no_header() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let (a, b) = (Client::of(&server, &ann, "ann").await, Client::of(&server, &bob, "bob").await);
    let chat = ann.group("Mathematics", &[&bob]).await;
    let id = a.get(&format!("{CHAT}/conversations/")).await.expect(200)[0]["id"].as_str().unwrap().to_owned();
    let message = a.post_text(&id, "The plan").await;
    let path = format!("{CHAT}/attachments/");
    let file = |url: &str| json!({"message_id": message["id"], "file_url": url, "file_type": "image", "file_size": 12});
    let one = a.post(&path, file("https://files.example.com/a.png")).await.expect(201);
    assert_eq!(fields(&one), ["id", "message_id", "file_url", "file_type", "file_size", "created_at"]);
    assert!(is_uuid(&one["id"]) && is_time(&one["created_at"]), "{one}");
    assert_eq!(
        (&one["file_url"], &one["file_type"]),
        (&json!("https://files.example.com/a.png"), &json!("image"))
    );
    let other = a.post(&path, file("http://files.example.com/b.png")).await.expect(201);
    let sent = b.get(&format!("{CHAT}/messages/{id}")).await.expect(200);
    assert_eq!(sent[0]["attachments"], json!([one, other]));
    assert_eq!((&sent[0]["text"], &sent[0]["is_edited"]), (&json!("The plan"), &json!(false)));
    // To the others it is a text with links.
    assert!(bob.texts(chat).await[0].contains("https://files.example.com/a.png"));
    refused(b.post(&path, file("https://files.example.com/c.png")).await, 403);
    for wrong in ["javascript:alert(1)", "ftp://example.com/a", "", "a.png"] {
        refused(a.post(&path, file(wrong)).await, 400);
    }
    let odd = json!({"message_id": message["id"], "file_url": "https://a.example", "file_type": "image", "file_size": -1});
    refused(a.post(&path, odd).await, 400);

    let upload = bob.upload("notes.txt", "text/plain", b"some notes".to_vec()).await;
    let body = json!({"chat_id": chat, "type": "file", "payload": {"attachment_id": upload}});
    bob.post("/messages", body).await.expect(201);
    let sent = a.get(&format!("{CHAT}/messages/{id}?limit=1")).await.expect(200);
    let file = &sent[0]["attachments"][0];
    assert_eq!(
        (&file["id"], &file["file_type"], &file["file_size"]),
        (&json!(upload), &json!("file"), &json!(10))
    );
    let link = file["file_url"].as_str().unwrap();
    assert!(link.starts_with("http://"), "{link}");
    server.clock.advance(Duration::from_secs(23 * 3_600));
    let fetched = server.nobody().http.get(link).send().await.unwrap();
    assert_eq!(fetched.status(), 200);
    assert_eq!(fetched.bytes().await.unwrap(), "some notes");
    server.clock.advance(Duration::from_secs(2 * 3_600));
    assert_eq!(server.nobody().http.get(link).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn one_sees_with_whom_one_may_talk() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let a = Client::of(&server, &ann, "ann").await;
    let everybody = a.get(&format!("{USERS}/chat-users/")).await.expect(200);
    let ids: Vec<_> = everybody.as_array().unwrap().iter().map(|user| user["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [ann.id, bob.id]);
    for field in ["id", "first_name", "last_name", "middle_name", "avatar", "role", "position", "email"] {
        assert!(fields(&everybody[1]).contains(&field), "{field}");
    }
    assert_eq!((&everybody[0]["email"], &everybody[1]["email"]), (&json!("ann@example.com"), &Value::Null));
    refused(a.send(Method::POST, &format!("{USERS}/chat-users/"), Some(json!({}))).await, 405);
    refused(a.get(&format!("{USERS}/nothing/")).await, 404);
    refused(a.get(&format!("{CHAT}/nothing/")).await, 404);
}
