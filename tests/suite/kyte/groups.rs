//! Making groups, and joining them by their code.

use std::time::Duration;

use serde_json::json;

use super::{Friend, is_time, refused};
use crate::server::{TestServer, fields};

#[tokio::test]
async fn a_group_has_its_maker_and_each_other_once() {
    let server = TestServer::start().await;
    let (ann, bob) = (Friend::new(&server, "ann").await, Friend::new(&server, "bob").await);
    let body = json!({"name": "Group Name", "participantIds": [bob.id, ann.id, bob.id]});
    let reply = ann.post("/groups", body).await.expect(201);
    let group = &reply["group"];
    for field in ["id", "name", "type", "participantIds", "inviteCode", "createdAt"] {
        assert!(fields(group).contains(&field), "{field}: {group}");
    }
    assert_eq!((&group["name"], &group["type"]), (&json!("Group Name"), &json!("group")));
    assert_eq!(group["participantIds"], json!([ann.id, bob.id]));
    let code = group["inviteCode"].as_str().unwrap();
    assert!(code.len() == 6 && code.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()), "{code}");
    assert!(is_time(&group["createdAt"]));
    assert_eq!(bob.get("/chats").await.expect(200)["chats"][0]["id"], group["id"]);

    let alone = ann.post("/groups", json!({"name": "Alone"})).await.expect(201);
    assert_eq!(alone["group"]["participantIds"], json!([ann.id]));
    assert!(refused(ann.post("/groups", json!({"name": " "})).await, 400).starts_with("name"));
    refused(ann.post("/groups", json!({"participantIds": []})).await, 400);
    for unknown in ["user-id-1", "", "1", "99999999999999999999"] {
        let body = json!({"name": "a", "participantIds": [unknown]});
        assert!(refused(ann.post("/groups", body).await, 400).starts_with("participantIds"), "{unknown}");
    }
}

#[tokio::test]
async fn one_joins_a_group_by_its_code() {
    let server = TestServer::start().await;
    let (ann, bob) = (Friend::new(&server, "ann").await, Friend::new(&server, "bob").await);
    let group = ann.group("Garden", &[]).await;
    let code = group["inviteCode"].as_str().unwrap();
    let body = json!({"inviteCode": format!(" {} ", code.to_lowercase())});
    let reply = bob.post("/groups/join", body.clone()).await.expect(200);
    assert_eq!(reply["group"]["id"], group["id"]);
    assert_eq!(reply["group"]["participantIds"], json!([ann.id, bob.id]));
    assert_eq!(reply["group"]["inviteCode"], code);
    refused(bob.post("/groups/join", body).await, 400);
    refused(bob.post("/groups/join", json!({"inviteCode": "AAAAAA"})).await, 404);
    refused(bob.post("/groups/join", json!({})).await, 400);
    bob.post_text(group["id"].as_str().unwrap(), "here I am").await;
}

#[tokio::test]
async fn codes_are_not_guessed() {
    let server = TestServer::start().await;
    let ann = Friend::new(&server, "ann").await;
    for _ in 0..5 {
        refused(ann.post("/groups/join", json!({"inviteCode": "AAAAAA"})).await, 404);
    }
    refused(ann.post("/groups/join", json!({"inviteCode": "AAAAAA"})).await, 429);
    server.clock.advance(Duration::from_secs(61));
    refused(ann.post("/groups/join", json!({"inviteCode": "AAAAAA"})).await, 404);
}
