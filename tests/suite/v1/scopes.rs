//! What a personal access token needs for each operation.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Person, Reply, TestServer, fresh_key};

/// Operations for which nobody has to be signed in.
const FREE: &[&str] = &[
    "register",
    "login",
    "refresh",
    "avatar",
    "sendCode",
    "loginByCode",
    "resetPassword",
    "uploadFile",
    "previewInvite",
    "checkSetup",
    "setUp",
];
/// Operations that are about one's account.
const ACCOUNT: &[&str] = &[
    "accounts",
    "appointAdmin",
    "auditLog",
    "exportAuditLog",
    "examineServer",
    "reports",
    "resolveReport",
    "dismissReport",
    "sessionsOfUser",
    "revokeSessionsOfUser",
    "revokeSessionOfUser",
    "resetPasswordOfUser",
    "storageUse",
    "allChats",
    "deleteAnyChat",
    "ownerCandidates",
    "setOwner",
    "retention",
    "changeRetention",
    "previewRetention",
    "announce",
    "removeAnnouncement",
    "bot",
    "botOutgoingWebhooks",
    "botTokens",
    "bots",
    "createBot",
    "createBotOutgoingWebhook",
    "createBotToken",
    "createOutgoingWebhook",
    "deleteBot",
    "deleteOutgoingWebhook",
    "outgoingWebhooks",
    "replayDelivery",
    "revokeBotToken",
    "rotateOutgoingWebhook",
    "setBotCommands",
    "updateBot",
    "updateOutgoingWebhook",
    "webhookDeliveries",
    "changePassword",
    "chooseRegistration",
    "createToken",
    "deactivateAccount",
    "deactivateMe",
    "deleteMe",
    "dismissAdmin",
    "endEarlierAccess",
    "endPushSubscription",
    "downloadExport",
    "forgetGoogleToken",
    "importData",
    "keepGoogleToken",
    "linkExport",
    "logout",
    "pushDeliveries",
    "pushSubscriptions",
    "reactivateAccount",
    "registrationSetting",
    "removeAvatar",
    "revokeOtherSessions",
    "revokeSession",
    "revokeToken",
    "serverStatus",
    "sessions",
    "setAvatar",
    "subscribeToPushes",
    "tokens",
    "updateMe",
];
/// Operations of one's account that show what was sent, or say it, too, and need `read` or `write` beside `account`.
const BOTH: &[&str] = &[
    "createBotOutgoingWebhook",
    "createOutgoingWebhook",
    "downloadExport",
    "importData",
    "linkExport",
    "updateOutgoingWebhook",
];
/// Operations that only read, though not by GET.
const READING: &[&str] = &["socketTicket"];

/// The scope that an operation needs; nothing where nobody has to be signed in. What is named nowhere needs `read`
/// for GET and otherwise `write`: that is what handlers say with `SignedIn`.
fn needed(id: &str, method: &Method) -> Option<&'static str> {
    match () {
        () if FREE.contains(&id) => None,
        () if ACCOUNT.contains(&id) => Some("account"),
        () if READING.contains(&id) || method == Method::GET => Some("read"),
        () => Some("write"),
    }
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say_and_nothing_else() {
    let server = TestServer::start().await;
    let mut anna = server.person("anna").await;
    for (id, method, path, _) in operations() {
        let Some(needed) = needed(&id, &method) else { continue };
        for scope in ["read", "write", "account"] {
            let token = anna.with_token(&[scope]).await;
            let reply = call(&token, method.clone(), &path).await;
            let may = reply.body["code"] != "insufficient_scope";
            assert_ne!(reply.status, 401, "{id} knows who asks");
            assert_eq!(
                may,
                needed == scope && !BOTH.contains(&id.as_str()),
                "{id} with {scope} answers {} {}",
                reply.status,
                reply.body
            );
            if !may {
                let detail = reply.refused(403, "insufficient_scope");
                assert!(needed == scope || detail["detail"].as_str().unwrap().contains(needed));
            }
            if anna.get("/users/me").await.status != 200 {
                // That ended all sessions but its own.
                anna = server.again(&anna, "anna").await;
            }
        }
        for token in anna.get("/tokens").await.expect(200).as_array().unwrap() {
            anna.delete(&format!("/tokens/{}", token["id"])).await;
        }
    }
}

#[tokio::test]
async fn what_was_sent_is_not_exported_by_who_may_not_read_it() {
    let server = TestServer::start().await;
    let anna = server.person("anna").await;
    let account = anna.with_token(&["account"]).await;
    for reply in [account.get("/users/me/export").await, account.post("/users/me/export", json!({})).await] {
        let refused = reply.refused(403, "insufficient_scope");
        assert!(refused["detail"].as_str().unwrap().contains("read"));
    }
    let both = anna.with_token(&["account", "read"]).await;
    both.post("/users/me/export", json!({})).await.expect(200);
}

#[test]
fn every_operation_asks_who_it_is_for_but_those_that_sign_in() {
    for (id, _, _, asks) in operations() {
        assert_eq!(asks, !FREE.contains(&id.as_str()), "{id} takes SignedIn, Reader or Owner, or is in FREE");
    }
    let known: Vec<String> = operations().into_iter().map(|(id, ..)| id).collect();
    for id in FREE.iter().chain(ACCOUNT).chain(READING) {
        assert!(known.iter().any(|known| known == id), "{id} is no operation any more");
    }
}

async fn call(person: &Person, method: Method, path: &str) -> Reply {
    let body = (method != Method::GET).then(|| json!({}));
    person.send(method, path, Some(&fresh_key()), body).await
}

/// The id, method and a path of every operation, and whether it says that it asks who it is for.
fn operations() -> Vec<(String, Method, String, bool)> {
    let spec = besedka::api::v1::spec();
    let spec: Value = serde_json::from_str(spec.json()).unwrap();
    let mut all = Vec::new();
    for (path, operations) in spec["paths"].as_object().unwrap() {
        // Files are known by UUIDs, everything else by numbers.
        let id = if path.starts_with("/attachments") { "1f0c5e0e-8d3b-4a36-9a5e-4c5a1c1d2e3f" } else { "1" };
        let parts = path.split('/').map(|part| if part.starts_with('{') { id } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        for (method, operation) in operations.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let id = operation["operationId"].as_str().unwrap().to_owned();
            // Files may be read by a signed link too: these operations look at the token themselves.
            let asks =
                operation["security"].is_array() || id == "downloadExport" || id.starts_with("attachment");
            all.push((id, method, path.clone(), asks));
        }
    }
    all
}
