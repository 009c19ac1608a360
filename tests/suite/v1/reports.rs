//! Reports of messages and people to the administrators.

use serde_json::{Value, json};

use crate::server::{Person, TestServer, fields};

async fn open(admin: &Person) -> Vec<Value> {
    admin.get("/admin/reports").await.expect(200).as_array().unwrap().clone()
}

#[tokio::test]
async fn a_message_is_reported_with_its_text_as_it_was() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    let group = bob.group("Garden", &[&eve]).await;
    let sent = eve.post_text(group, "buy now").await;
    let path = format!("/messages/{}/report", sent["id"]);
    assert_eq!(ann.get("/admin/status").await.expect(200)["open_reports"], 0);
    bob.post(&path, json!({"reason": "spam", "comment": " the third time "})).await.expect(204);
    eve.patch(&format!("/messages/{}", sent["id"]), json!({"content": "good morning"})).await.expect(200);
    bob.post(&path, json!({"reason": "other"})).await.expect(204);

    let reports = open(&ann).await;
    assert_eq!(reports.len(), 1, "once per reporter and message");
    let report = &reports[0];
    assert_eq!(
        fields(report),
        [
            "id",
            "created_at",
            "reason",
            "comment",
            "reporter",
            "user",
            "message",
            "state",
            "closed_at",
            "closed_by",
            "note"
        ]
    );
    assert_eq!((&report["reason"], &report["comment"]), (&json!("spam"), &json!("the third time")));
    assert_eq!(report["reporter"], json!({"id": bob.id, "username": "bob", "display_name": "bob"}));
    assert_eq!(report["user"]["id"], eve.id);
    let message = &report["message"];
    assert_eq!((&message["text"], &message["chat_title"]), (&json!("buy now"), &json!("Garden")));
    assert_eq!((&message["id"], &message["chat_id"]), (&sent["id"], &json!(group)));
    assert_eq!(report["state"], "open");
    assert_eq!(ann.get("/admin/status").await.expect(200)["open_reports"], 1);
}

#[tokio::test]
async fn only_what_one_sees_is_reported() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    let group = bob.group("Garden", &[]).await;
    let sent = bob.post_text(group, "among us").await;
    let path = format!("/messages/{}/report", sent["id"]);
    eve.post(&path, json!({"reason": "spam"})).await.refused(403, "forbidden");
    bob.post(&path, json!({"reason": "spam"})).await.refused(409, "conflict");
    eve.post("/messages/1/report", json!({"reason": "spam"})).await.refused(404, "not_found");
    eve.post("/users/1/report", json!({"reason": "spam"})).await.refused(404, "not_found");
    eve.post(&format!("/users/{}/report", eve.id), json!({"reason": "spam"})).await.refused(409, "conflict");
    let of_bob = format!("/users/{}/report", bob.id);
    for wrong in
        [json!({}), json!({"reason": "boring"}), json!({"reason": "spam", "comment": "a".repeat(1_001)})]
    {
        eve.post(&of_bob, wrong).await.refused(400, "invalid");
    }
    server.nobody().post(&of_bob, json!({"reason": "spam"})).await.refused(401, "unauthorized");
    assert_eq!(open(&ann).await, Vec::<Value>::new());
    eve.get("/admin/reports").await.refused(403, "forbidden");
    eve.post("/admin/reports/1/resolve", json!({})).await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_report_is_closed_once_and_that_is_recorded() {
    let server = TestServer::start().await;
    let (ann, bob, eve) =
        (server.person("ann").await, server.person("bob").await, server.person("eve").await);
    bob.post(&format!("/users/{}/report", eve.id), json!({"reason": "fraud"})).await.expect(204);
    eve.post(&format!("/users/{}/report", bob.id), json!({"reason": "harassment"})).await.expect(204);
    let reports = open(&ann).await;
    assert_eq!(reports.len(), 2);
    let (newer, older) = (&reports[0]["id"], &reports[1]["id"]);
    let body = json!({"note": "Asked to stop"});
    ann.post(&format!("/admin/reports/{older}/resolve"), body.clone()).await.expect(204);
    ann.post(&format!("/admin/reports/{newer}/dismiss"), json!({})).await.expect(204);
    ann.post(&format!("/admin/reports/{older}/dismiss"), body).await.refused(409, "conflict");
    ann.post("/admin/reports/1/dismiss", json!({})).await.refused(404, "not_found");
    assert_eq!(open(&ann).await, Vec::<Value>::new());
    let closed = ann.get("/admin/reports?closed=true").await.expect(200);
    assert_eq!((&closed[0]["state"], &closed[1]["state"]), (&json!("dismissed"), &json!("resolved")));
    assert_eq!(
        (&closed[1]["note"], &closed[1]["closed_by"]["id"]),
        (&json!("Asked to stop"), &json!(ann.id))
    );
    let log = ann.get("/admin/audit?action=report.resolve").await.expect(200);
    assert_eq!(log[0]["target"], json!({"type": "report", "id": older, "name": null}));
    assert_eq!(log[0]["details"], json!({"user_id": eve.id, "reason": "fraud"}));
}

#[tokio::test]
async fn reports_are_limited() {
    let server = TestServer::with(&[]).await;
    let (bob, eve) = (server.person("bob").await, server.person("eve").await);
    let path = format!("/users/{}/report", eve.id);
    for _ in 0..10 {
        bob.post(&path, json!({"reason": "spam"})).await.expect(204);
    }
    bob.post(&path, json!({"reason": "spam"})).await.refused(429, "too_many_requests");
}

#[tokio::test]
async fn administrators_are_told_live_how_many_reports_are_open() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let (mut of_ann, mut of_bob) = (ann.socket().await, bob.socket().await);
    let before = ann.cursor().await;
    bob.post(&format!("/users/{}/report", ann.id), json!({"reason": "spam"})).await.expect(204);
    assert_eq!(of_ann.until("reports.updated").await, json!({"open": 1}));
    let report = open(&ann).await[0]["id"].clone();
    ann.post(&format!("/admin/reports/{report}/dismiss"), json!({})).await.expect(204);
    assert_eq!(of_ann.until("reports.updated").await, json!({"open": 0}));
    // Others are not.
    bob.group("Garden", &[]).await;
    assert_eq!(of_bob.next().await.unwrap()["event"], "chat.created");

    // Who was away is told later, with the number as it is then, and only as an administrator.
    let path = format!("/sync?cursor={before}");
    let told = |page: Value| -> Vec<Value> {
        let events = page["events"].as_array().unwrap().clone();
        events
            .into_iter()
            .filter(|one| one["event"] == "reports.updated")
            .map(|one| one["data"].clone())
            .collect()
    };
    assert_eq!(told(ann.get(&path).await.expect(200)), [json!({"open": 0}), json!({"open": 0})]);
    ann.put(&format!("/admin/users/{}/admin", bob.id), json!({})).await.expect(204);
    bob.delete(&format!("/admin/users/{}/admin", ann.id)).await.expect(204);
    assert_eq!(told(ann.get(&path).await.expect(200)), Vec::<Value>::new());
}
