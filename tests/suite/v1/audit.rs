//! The audit log: who did what, when and from where.

use std::time::Duration;

use besedka::messenger::{Error, MessagesOnDeletion, NewToken, Registration};
use besedka::model::{AuditFilter, Scopes};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{PASSWORD, Person, TestServer, fields};

/// The entries that a query finds, the newest first.
async fn log(admin: &Person, query: &str) -> Vec<Value> {
    let listed = admin.get(&format!("/admin/audit?limit=200{query}")).await.expect(200);
    listed.as_array().unwrap().clone()
}

/// The actions, the oldest first.
fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().rev().map(|entry| entry["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_administrators_do_is_recorded_with_names_and_address() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let of_bob = |what: &str| format!("/admin/users/{}/{what}", bob.id);
    ann.put(&of_bob("admin"), json!({})).await.expect(204);
    ann.put(&of_bob("admin"), json!({})).await.expect(204);
    ann.delete(&of_bob("admin")).await.expect(204);
    ann.post(&of_bob("deactivate"), json!({})).await.expect(204);
    ann.post(&of_bob("deactivate"), json!({})).await.expect(204);
    ann.post(&of_bob("reactivate"), json!({})).await.expect(204);
    ann.put("/admin/registration", json!({"registration": "closed"})).await.expect(204);
    let entries = log(&ann, "").await;
    assert_eq!(
        actions(&entries),
        [
            "account.create",
            "account.create",
            "account.promote",
            "account.demote",
            "account.deactivate",
            "account.reactivate",
            "registration.update",
        ],
        "what changes nothing is not recorded"
    );
    let entry = &entries[2];
    assert_eq!(fields(entry), ["id", "at", "action", "actor", "target", "address", "details"]);
    assert_eq!(entry["actor"], json!({"type": "user", "id": ann.id, "name": "ann"}));
    assert_eq!(entry["target"], json!({"type": "user", "id": bob.id, "name": "bob"}));
    assert_eq!(entry["address"], "127.0.0.1");
    assert_eq!(entries[0]["details"], json!({"registration": "closed"}));
    assert_eq!(entries[0]["target"], Value::Null);
}

#[tokio::test]
async fn what_people_do_for_their_security_is_recorded_without_secrets() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let phone = server.again(&bob, "bob").await;
    let made = bob.post("/tokens", json!({"name": "=CI", "scopes": ["read", "write"]})).await.expect(201);
    let secret = made["token"].as_str().unwrap().to_owned();
    bob.delete(&format!("/tokens/{}", made["id"])).await.expect(204);
    let sessions = bob.get("/sessions").await.expect(200);
    let other = sessions.as_array().unwrap().iter().find(|session| session["current"] == false).unwrap();
    bob.delete(&format!("/sessions/{}", other["id"])).await.expect(204);
    drop(phone);
    bob.delete("/sessions").await.expect(204);
    let change = json!({"email": "new@example.com", "password": PASSWORD});
    bob.put("/users/me", change).await.expect(200);
    let change = json!({"old_password": PASSWORD, "new_password": "another password"});
    bob.put("/users/me/password", change).await.expect(204);
    let group = bob.group("Garden", &[&ann]).await;
    bob.post_text(group, "a message text").await;
    bob.delete(&format!("/chats/{group}")).await.expect(204);
    let bot = bob.post("/bots", json!({"display_name": "Builds"})).await.expect(201);
    bob.delete(&format!("/bots/{}", bot["user"]["id"])).await.expect(204);
    let gone = json!({"password": "another password", "messages": "keep"});
    bob.post("/users/me/deletion", gone).await.expect(204);

    let entries = log(&ann, &format!("&user_id={}", bob.id)).await;
    assert_eq!(
        actions(&entries),
        [
            "account.create",
            "token.create",
            "token.revoke",
            "session.revoke",
            "session.revoke",
            "email.change",
            "password.change",
            "chat.delete",
            "bot.create",
            "bot.delete",
            "account.delete",
        ]
    );
    let oldest_first: Vec<&Value> = entries.iter().rev().collect();
    assert_eq!(oldest_first[1]["target"], json!({"type": "user", "id": bob.id, "name": "bob"}));
    assert_eq!(
        oldest_first[1]["details"],
        json!({"token_id": made["id"], "name": "=CI", "scopes": ["read", "write"]})
    );
    assert_eq!(oldest_first[3]["details"]["session_id"], other["id"]);
    assert_eq!(oldest_first[7]["target"]["name"], "Garden");
    assert!(entries.iter().all(|entry| entry["actor"]["name"] == "bob"), "the name at the time");
    let all = json!(entries).to_string();
    for kept_out in [&secret, "another password", PASSWORD, "a message text", "new@example.com"] {
        assert!(!all.contains(kept_out), "{kept_out}: {all}");
    }
}

#[tokio::test]
async fn what_the_operator_does_is_recorded_as_the_operators() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let operator = server.beside().await;
    let new = Registration {
        username: Some("bob".to_owned()),
        password: PASSWORD.to_owned(),
        ..Registration::default()
    };
    let bob = operator.add_user(new).await.unwrap();
    operator.appoint("bob", true).await.unwrap();
    operator.set_password("bob", "another password").await.unwrap();
    operator.invite(Duration::from_secs(60)).await.unwrap();
    let token = NewToken { name: "CI".to_owned(), scopes: Scopes::READ, life: None };
    operator.create_token_for("bob", token).await.unwrap();
    operator.deactivate("bob").await.unwrap();
    operator.reactivate("bob").await.unwrap();
    operator.delete_user("bob", MessagesOnDeletion::Kept).await.unwrap();
    let filter =
        AuditFilter { person: Some(operator.user_called("ann").await.unwrap()), ..AuditFilter::default() };
    let about_ann = operator.audit_log(&filter, None, 10).await.unwrap();
    assert_eq!(about_ann.len(), 1);
    assert_eq!(about_ann[0].action, "account.create");
    operator.user_called("nobody").await.unwrap_err();
    operator.close().await;
    let mut entries = log(&ann, "").await;
    assert_eq!(entries.pop().unwrap()["details"], json!({"admin": true}), "the first administrator");
    assert_eq!(
        actions(&entries),
        [
            "account.create",
            "account.promote",
            "password.reset",
            "invitation.create",
            "token.create",
            "account.deactivate",
            "account.reactivate",
            "account.delete",
        ]
    );
    for entry in &entries {
        assert_eq!(entry["actor"], json!({"type": "operator", "id": null, "name": null}), "{entry}");
        assert_eq!(entry["address"], Value::Null);
    }
    assert_eq!(entries[0]["target"], json!({"type": "user", "id": bob.id().0, "name": "bob"}));
}

#[tokio::test]
async fn webhooks_and_exports_are_recorded() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let group = ann.group("Garden", &[]).await;
    let hook = ann.post(&format!("/chats/{group}/webhooks"), json!({"name": "Alerts"})).await.expect(201);
    ann.delete(&format!("/chats/{group}/webhooks/{}", hook["id"])).await.expect(204);
    let body = json!({"name": "Told", "url": "https://example.org/secret?token=1"});
    let hook = ann.post(&format!("/chats/{group}/outgoing-webhooks"), body).await.expect(201);
    ann.delete(&format!("/outgoing-webhooks/{}", hook["id"])).await.expect(204);
    ann.request(Method::GET, "/users/me/export").send().await.unwrap().bytes().await.unwrap();
    let entries = log(&ann, "").await;
    let done = actions(&entries);
    assert_eq!(
        done[1..],
        ["webhook.create", "webhook.delete", "webhook.create", "webhook.delete", "export.create"]
    );
    assert_eq!(
        entries[1]["details"],
        json!({"direction": "outgoing", "chat_id": group, "host": "example.org"})
    );
    assert!(!json!(entries).to_string().contains("secret"), "{entries:?}");
}

#[tokio::test]
async fn failed_sign_ins_are_counted_for_each_account_and_address() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    for name in ["bob", "bob@example.com", "bob", "nobody"] {
        let wrong = json!({"username": name, "password": "wrong password"});
        server.nobody().post("/auth/login", wrong).await.refused(401, "wrong_password");
    }
    server.clock.advance(Duration::from_secs(61));
    server.running.messenger.run_due_jobs().await;
    let ann = ann.renewed().await;
    let entries = log(&ann, "&action=sign_in.failed").await;
    let attempts: i64 = entries.iter().map(|entry| entry["details"]["attempts"].as_i64().unwrap()).sum();
    assert_eq!(attempts, 3, "{entries:?}");
    for entry in &entries {
        assert_eq!(entry["target"]["id"], bob.id);
        assert_eq!(entry["address"], "127.0.0.1");
        assert_eq!(entry["actor"]["type"], "system");
    }
}

#[tokio::test]
async fn the_log_is_read_page_by_page_and_filtered() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let mut people = Vec::new();
    for name in ["bob", "eve", "kim"] {
        people.push(server.person(name).await);
    }
    server.clock.advance(Duration::from_secs(60));
    let since = server.clock.now().iso();
    ann.post(&format!("/admin/users/{}/deactivate", people[0].id), json!({})).await.expect(204);
    server.clock.advance(Duration::from_secs(60));
    let until = server.clock.now().iso();
    ann.post(&format!("/admin/users/{}/deactivate", people[1].id), json!({})).await.expect(204);

    let first = ann.get("/admin/audit?limit=2").await.expect(200);
    let before = &first[1]["id"];
    let rest = ann.get(&format!("/admin/audit?before_id={before}")).await.expect(200);
    let both: Vec<Value> = [first.as_array().unwrap().clone(), rest.as_array().unwrap().clone()].concat();
    assert_eq!(both, log(&ann, "").await);
    assert_eq!(both.len(), 6);
    assert_eq!(log(&ann, &format!("&since={since}")).await.len(), 2);
    let between = log(&ann, &format!("&since={since}&until={until}&action=account.deactivate")).await;
    assert_eq!(between.len(), 1);
    assert_eq!(between[0]["target"]["id"], people[0].id);
    assert_eq!(actions(&log(&ann, &format!("&user_id={}", people[2].id)).await), ["account.create"]);
    for wrong in ["action=account.dance", "since=yesterday", "until=-"] {
        ann.get(&format!("/admin/audit?{wrong}")).await.refused(400, "invalid");
    }
    people[2].get("/admin/audit").await.refused(403, "forbidden");
    people[2].get("/admin/audit/export").await.refused(403, "forbidden");
}

#[tokio::test]
async fn an_export_is_a_file_without_formulas_and_is_recorded() {
    let server = TestServer::start().await;
    let ann = server.person("ann").await;
    let group = ann.group("=HYPERLINK(\"http://evil\")", &[]).await;
    ann.delete(&format!("/chats/{group}")).await.expect(204);
    let export = |format: &'static str| {
        let request = ann.request(Method::GET, &format!("/admin/audit/export?format={format}"));
        async move {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 200);
            response.text().await.unwrap()
        }
    };
    let csv = export("csv").await;
    let lines: Vec<&str> = csv.split_terminator("\r\n").collect();
    assert!(lines[0].starts_with("id,at,action,actor_type,"), "{csv}");
    assert_eq!(lines.len(), 4, "a header, the account, the chat and the export itself: {csv}");
    assert!(lines[2].contains(r#","'=HYPERLINK(""http://evil"")","#), "{csv}");

    let jsonl = export("jsonl").await;
    let entries: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let done: Vec<&str> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(done, ["account.create", "chat.delete", "audit.export", "audit.export"]);
    assert_eq!(entries[1]["target"]["name"], "=HYPERLINK(\"http://evil\")");
    ann.get("/admin/audit/export?format=xml").await.refused(400, "invalid");
}

#[tokio::test]
async fn an_export_ends_with_the_role_of_an_administrator_and_with_the_session() {
    let server = TestServer::start().await;
    let (ann, bob) = (server.person("ann").await, server.person("bob").await);
    let role = format!("/admin/users/{}/admin", bob.id);
    ann.put(&role, json!({})).await.expect(204);
    let messenger = &server.running.messenger;
    let access = messenger.access(&bob.token, Scopes::ACCOUNT).await.unwrap();
    let begin = async || {
        let administrator = messenger.as_user(access).administering().await.unwrap();
        let mut export = administrator.export_audit_log(AuditFilter::default()).await.unwrap();
        assert!(!export.next().await.unwrap().is_empty());
        export
    };
    let mut export = begin().await;
    ann.delete(&role).await.expect(204);
    assert!(matches!(export.next().await, Err(Error::Forbidden(_))));
    ann.put(&role, json!({})).await.expect(204);
    let mut export = begin().await;
    bob.post("/auth/logout", Value::Null).await;
    assert!(matches!(export.next().await, Err(Error::SessionEnded)));
}

#[tokio::test]
async fn old_entries_are_deleted_after_the_days_that_were_set() {
    let server = TestServer::with(&["--rate-limits", "off", "--audit-days", "30"]).await;
    let ann = server.person("ann").await;
    server.clock.advance(Duration::from_secs(20 * 24 * 3_600));
    let ann = server.again(&ann, "ann").await;
    ann.post("/tokens", json!({"name": "CI", "scopes": ["read"]})).await.expect(201);
    server.clock.advance(Duration::from_secs(11 * 24 * 3_600));
    server.running.messenger.clean_up().await.unwrap();
    let ann = server.again(&ann, "ann").await;
    assert_eq!(actions(&log(&ann, "").await), ["token.create"]);
}
