//! What administrators do for people: sessions, passwords, storage, announcements.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{PASSWORD, TestServer};

#[tokio::test]
async fn an_administrator_sees_and_ends_a_persons_sessions() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let phone = server.again(&bob, "bob").await;
    let program = bob.with_token(&["read"]).await;
    let path = format!("/admin/users/{}/sessions", bob.id);
    bob.get(&path).await.refused(403, "forbidden");
    let sessions = ann.get(&path).await.expect(200);
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    assert_eq!(sessions[0]["address"], "127.0.0.1");
    let own = phone.get("/sessions").await.expect(200);
    let own = own.as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    let mut socket = phone.socket().await;
    ann.delete(&format!("{path}/{}", own["id"])).await.expect(204);
    assert_eq!(socket.closed().await, 4403);
    phone.get("/users/me").await.refused(401, "session_ended");
    bob.get("/users/me").await.expect(200);
    ann.delete(&format!("{path}/{}", own["id"])).await.refused(404, "not_found");
    let anns = ann.get("/sessions").await.expect(200);
    ann.delete(&format!("{path}/{}", anns[0]["id"])).await.refused(404, "not_found");

    ann.delete(&path).await.expect(204);
    bob.get("/users/me").await.refused(401, "session_ended");
    program.get("/users/me").await.refused(401, "unauthorized");
    assert_eq!(ann.get(&path).await.expect(200), json!([]));
    ann.get("/admin/users/1/sessions").await.refused(404, "not_found");
    let log = ann.get(&format!("/admin/audit?action=session.revoke&user_id={}", ann.id)).await.expect(200);
    assert_eq!(log[0]["details"], json!({"sessions": "all"}));
    assert_eq!((&log[1]["target"]["id"], &log[1]["details"]["session_id"]), (&json!(bob.id), &own["id"]));
}

#[tokio::test]
async fn a_reset_password_is_shown_once_and_ends_everything_else() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let path = |id: i64| format!("/admin/users/{id}/password");
    bob.post(&path(ann.id), json!({})).await.refused(403, "forbidden");
    ann.post(&path(ann.id), json!({})).await.refused(409, "conflict");
    ann.post(&path(1), json!({})).await.refused(404, "not_found");
    ann.with_token(&["account"]).await.post(&path(bob.id), json!({})).await.refused(403, "forbidden");
    let reply = ann.post(&path(bob.id), json!({})).await.expect(200);
    bob.get("/users/me").await.refused(401, "session_ended");
    let login = |password: &str| json!({"username": "bob", "password": password});
    server.nobody().post("/auth/login", login(PASSWORD)).await.refused(401, "wrong_password");
    server.nobody().post("/auth/login", login(reply["password"].as_str().unwrap())).await.expect(200);
    let log = ann.get("/admin/audit?action=password.reset").await.expect(200);
    assert_eq!((&log[0]["actor"]["id"], &log[0]["target"]["id"]), (&json!(ann.id), &json!(bob.id)));
    assert!(!log.to_string().contains(reply["password"].as_str().unwrap()));
}

#[tokio::test]
async fn an_announcement_is_shown_to_everybody_until_it_ends() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    assert_eq!(bob.get("/announcement").await.expect(200)["announcement"], Value::Null);
    bob.put("/admin/announcement", json!({"text": "Hello"})).await.refused(403, "forbidden");
    for wrong in [
        json!({"text": " "}),
        json!({"text": "a".repeat(501)}),
        json!({"text": "a", "until": "2001-01-01T00:00:00"}),
        json!({"text": "a", "until": "soon"}),
    ] {
        ann.put("/admin/announcement", wrong).await.refused(400, "invalid");
    }
    ann.delete("/admin/announcement").await.refused(404, "not_found");
    let until = (server.clock.now() + Duration::from_secs(600)).iso();
    ann.put("/admin/announcement", json!({"text": "Back at ten\n🛠", "until": until})).await.expect(204);
    let shown = bob.get("/announcement").await.expect(200);
    assert_eq!(shown["announcement"], json!({"text": "Back at ten\n🛠", "until": until}));
    server.clock.advance(Duration::from_secs(600));
    assert_eq!(bob.get("/announcement").await.expect(200)["announcement"], Value::Null);
    ann.put("/admin/announcement", json!({"text": "Done"})).await.expect(204);
    assert_eq!(
        bob.get("/announcement").await.expect(200)["announcement"],
        json!({"text": "Done", "until": null})
    );
    ann.delete("/admin/announcement").await.expect(204);
    assert_eq!(bob.get("/announcement").await.expect(200)["announcement"], Value::Null);
}

#[tokio::test]
async fn who_is_connected_is_told_of_an_announcement_and_of_its_end() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let mut socket = bob.socket().await;
    let told = json!({"announcement": {"text": "Back at ten", "until": null}});
    ann.put("/admin/announcement", json!({"text": "Back at ten"})).await.expect(204);
    assert_eq!(socket.until("announcement.updated").await, told);
    ann.delete("/admin/announcement").await.expect(204);
    assert_eq!(socket.until("announcement.updated").await, json!({"announcement": null}));
    let until = (server.clock.now() + Duration::from_secs(600)).iso();
    ann.put("/admin/announcement", json!({"text": "Soon", "until": until})).await.expect(204);
    assert_eq!(socket.until("announcement.updated").await["announcement"]["until"], json!(until));
    server.clock.advance(Duration::from_secs(600));
    assert_eq!(socket.until("announcement.updated").await, json!({"announcement": null}));
}

#[tokio::test]
async fn an_administrator_sees_who_stores_the_most() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    assert_eq!(ann.get("/admin/storage").await.expect(200), json!([]));
    ann.upload("a.txt", "text/plain", vec![b'a'; 10]).await;
    bob.upload("b.txt", "text/plain", vec![b'b'; 20]).await;
    bob.get("/admin/storage").await.refused(403, "forbidden");
    let used = ann.get("/admin/storage").await.expect(200);
    let used: Vec<_> =
        used.as_array().unwrap().iter().map(|one| (one["username"].clone(), one["bytes"].clone())).collect();
    assert_eq!(used, [(json!("bob"), json!(20)), (json!("ann"), json!(10))]);
    assert_eq!(ann.get("/admin/storage?limit=1").await.expect(200).as_array().unwrap().len(), 1);
}
