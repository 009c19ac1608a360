//! Who may do what: every operation of v1, for everybody who could ask for it.
//!
//! An operation without a row fails the test, and so does a row without an operation.

use std::collections::BTreeSet;
use std::time::Duration;

use besedka::messenger::Clock;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{PASSWORD, Person, TestServer, fresh_key};

/// Those who ask, in the order of the columns.
const WHO: [&str; 7] = ["owner", "admin", "member", "stranger", "left", "banned", "other"];

/// What each of [`WHO`] is answered.
type Statuses = [u16; 7];

/// Everybody who is signed in.
const fn all(status: u16) -> Statuses {
    [status; 7]
}

/// Those in the chat. The others hear that there is one, and no more (v1, "foreign chat").
const fn members(status: u16) -> Statuses {
    [status, status, status, 403, 403, 403, 403]
}

const fn admins(status: u16) -> Statuses {
    [status, status, 403, 403, 403, 403, 403]
}

const fn owner(status: u16) -> Statuses {
    [status, 403, 403, 403, 403, 403, 403]
}

/// By a code or an invitation: those who are in stay where they are, and who is banned stays out.
const COMING: Statuses = [409, 409, 409, 200, 200, 403, 200];

/// Of what is the owner's own, nobody else receives that there is one.
const fn theirs(status: u16) -> Statuses {
    [status, 404, 404, 404, 404, 404, 404]
}

/// A chat, and what is in it.
struct Api {
    chat: i64,
    /// Said by the owner.
    message: i64,
    /// A member who is not one of those who ask.
    target: i64,
    /// Somebody outside.
    outsider: i64,
    /// Whoever asks has a chat of their own.
    own: i64,
    /// Asked by the owner.
    poll: i64,
    /// What the owner says later.
    scheduled: i64,
    /// Who is banned.
    banned: i64,
    code: String,
    invite: i64,
    token: String,
}

/// What is asked: method, path and body.
type Ask = (Method, String, Value);

struct Row {
    operation: &'static str,
    may: Statuses,
    ask: fn(&Api) -> Ask,
}

fn row(operation: &'static str, may: Statuses, ask: fn(&Api) -> Ask) -> Row {
    Row { operation, may, ask }
}

fn get(path: String) -> Ask {
    (Method::GET, path, Value::Null)
}

fn post(path: String, body: Value) -> Ask {
    (Method::POST, path, body)
}

fn patch(path: String, body: Value) -> Ask {
    (Method::PATCH, path, body)
}

fn put(path: String, body: Value) -> Ask {
    (Method::PUT, path, body)
}

fn delete(path: String) -> Ask {
    (Method::DELETE, path, Value::Null)
}

/// Later than any test lasts.
fn tomorrow() -> String {
    (Clock::default().now() + Duration::from_secs(86_400)).iso()
}

/// What needs no chat: it is refused to nobody who is signed in, and shows only what is the caller's. How it
/// answers is told where it is tested.
const OWN: &[&str] = &[
    "accounts",
    "announceAttachment",
    "auditLog",
    "exportAuditLog",
    "reports",
    "resolveReport",
    "dismissReport",
    "reportUser",
    "sessionsOfUser",
    "revokeSessionsOfUser",
    "revokeSessionOfUser",
    "resetPasswordOfUser",
    "storageUse",
    "examineServer",
    "announcement",
    "allChats",
    "deleteAnyChat",
    "ownerCandidates",
    "setOwner",
    "retention",
    "changeRetention",
    "previewRetention",
    "announce",
    "removeAnnouncement",
    "appointAdmin",
    "attachment",
    "attachmentInfo",
    "attachmentThumbnail",
    "avatar",
    "block",
    "bot",
    "botOutgoingWebhooks",
    "botTokens",
    "bots",
    "createBot",
    "createBotOutgoingWebhook",
    "createBotToken",
    "deleteBot",
    "deleteOutgoingWebhook",
    "replayDelivery",
    "revokeBotToken",
    "rotateOutgoingWebhook",
    "setBotCommands",
    "updateBot",
    "updateOutgoingWebhook",
    "webhookDeliveries",
    "blocked",
    "changePassword",
    "checkSetup",
    "chooseRegistration",
    "deactivateAccount",
    "deactivateMe",
    "dismissAdmin",
    "createToken",
    "deleteMe",
    "endEarlierAccess",
    "downloadExport",
    "forgetGoogleToken",
    "importData",
    "keepGoogleToken",
    "linkExport",
    "login",
    "loginByCode",
    "logout",
    "me",
    "presence",
    "previewInvite",
    "quota",
    "reactivateAccount",
    "refresh",
    "register",
    "registrationSetting",
    "setUp",
    "resetPassword",
    "pushDeliveries",
    "pushKey",
    "pushSubscriptions",
    "subscribeToPushes",
    "endPushSubscription",
    "removeAvatar",
    "revokeOtherSessions",
    "revokeSession",
    "revokeToken",
    "searchUsers",
    "sendCode",
    "sessions",
    "setAvatar",
    "socketTicket",
    "sync",
    "unblock",
    "tokens",
    "updateMe",
    "uploadFile",
    "user",
    "serverStatus",
];

fn rows() -> Vec<Row> {
    vec![
        row("addMember", admins(201), |w| {
            post(format!("/chats/{}/members", w.chat), json!({"user_id": w.outsider}))
        }),
        // There is no assistant, and nobody gave a token of Google.
        row("askAssistant", members(503), |w| {
            post("/ai/ask".to_owned(), json!({"chat_id": w.chat, "question": "Что?"}))
        }),
        row("catchUp", members(503), |w| post(format!("/chats/{}/catch-up", w.chat), json!({}))),
        row("createMeeting", members(400), |w| post(format!("/chats/{}/meeting", w.chat), json!({}))),
        row("suggestions", members(200), |w| get(format!("/ai/suggestions?chat_id={}", w.chat))),
        row("ban", admins(201), |w| post(format!("/chats/{}/bans", w.chat), json!({"user_id": w.target}))),
        row("bans", admins(200), |w| get(format!("/chats/{}/bans", w.chat))),
        row("bookmarks", all(200), |_| get("/bookmarks".to_owned())),
        row("cancelScheduledMessage", theirs(204), |w| delete(format!("/scheduled/{}", w.scheduled))),
        row("changeScheduledMessage", theirs(200), |w| {
            patch(format!("/scheduled/{}", w.scheduled), json!({"content": "иначе"}))
        }),
        row("changeRole", owner(200), |w| {
            patch(format!("/chats/{}/members/{}", w.chat, w.target), json!({"role": "admin"}))
        }),
        row("channels", all(200), |_| get("/channels".to_owned())),
        row("chat", members(200), |w| get(format!("/chats/{}", w.chat))),
        row("chatCommands", members(200), |w| get(format!("/chats/{}/commands", w.chat))),
        row("chatRetention", members(200), |w| get(format!("/chats/{}/retention", w.chat))),
        row("webhooks", admins(200), |w| get(format!("/chats/{}/webhooks", w.chat))),
        row("createWebhook", admins(201), |w| {
            post(format!("/chats/{}/webhooks", w.chat), json!({"name": "Наблюдение"}))
        }),
        // There is none.
        row("renameWebhook", admins(404), |w| {
            patch(format!("/chats/{}/webhooks/1", w.chat), json!({"name": "Иначе"}))
        }),
        row("rotateWebhook", admins(404), |w| {
            post(format!("/chats/{}/webhooks/1/rotate", w.chat), Value::Null)
        }),
        row("deleteWebhook", admins(404), |w| delete(format!("/chats/{}/webhooks/1", w.chat))),
        row("outgoingWebhooks", admins(200), |w| get(format!("/chats/{}/outgoing-webhooks", w.chat))),
        row("createOutgoingWebhook", admins(201), |w| {
            let body = json!({"name": "Архив", "url": "https://hooks.invalid/", "events": ["chat.updated"]});
            post(format!("/chats/{}/outgoing-webhooks", w.chat), body)
        }),
        row("chatMedia", members(200), |w| get(format!("/chats/{}/media?type=image", w.chat))),
        row("chats", all(200), |_| get("/chats".to_owned())),
        row("closePoll", admins(200), |w| post(format!("/messages/{}/close", w.poll), Value::Null)),
        row("createChat", all(201), |w| {
            post("/chats".to_owned(), json!({"title": "Новый", "is_group": true, "member_ids": [w.outsider]}))
        }),
        row("createInvite", admins(201), |w| post(format!("/chats/{}/invites", w.chat), json!({}))),
        row("deleteChat", admins(204), |w| delete(format!("/chats/{}", w.chat))),
        row("deleteMessage", admins(204), |w| delete(format!("/messages/{}", w.message))),
        row("directChat", all(201), |w| post("/chats/direct".to_owned(), json!({"user_id": w.outsider}))),
        row("drafts", all(200), |_| get("/drafts".to_owned())),
        row("dropCode", admins(204), |w| delete(format!("/chats/{}/code", w.chat))),
        row("editMessage", owner(200), |w| {
            patch(format!("/messages/{}", w.message), json!({"content": "иначе"}))
        }),
        row("forwardMessage", members(201), |w| {
            post(format!("/messages/{}/forward", w.message), json!({"chat_ids": [w.own]}))
        }),
        row("invite", all(200), |w| get(format!("/invites/{}", w.token))),
        row("invites", admins(200), |w| get(format!("/chats/{}/invites", w.chat))),
        row("joinByCode", COMING, |w| post("/chats/join".to_owned(), json!({"code": w.code}))),
        row("joinByInvite", COMING, |w| post(format!("/invites/{}/join", w.token), Value::Null)),
        // It is a group: one comes in by invitation only.
        row("joinChannel", members(409), |w| post(format!("/chats/{}/join", w.chat), Value::Null)),
        row("markDelivered", members(204), |w| {
            post(format!("/chats/{}/delivered", w.chat), json!({"message_id": w.message}))
        }),
        row("markRead", members(200), |w| post(format!("/chats/{}/read", w.chat), json!({}))),
        row("members", members(200), |w| get(format!("/chats/{}/members", w.chat))),
        row("message", members(200), |w| get(format!("/messages/{}", w.message))),
        row("messageEdits", members(200), |w| get(format!("/messages/{}/edits", w.message))),
        row("messages", members(200), |w| get(format!("/messages?chat_id={}", w.chat))),
        row("ownVote", members(200), |w| get(format!("/messages/{}/vote", w.poll))),
        row("pinMessage", admins(200), |w| put(format!("/messages/{}/pin", w.message), json!({}))),
        row("pinnedMessages", members(200), |w| get(format!("/chats/{}/pins", w.chat))),
        row("react", members(200), |w| {
            put(format!("/messages/{}/reactions/%F0%9F%91%8D", w.message), Value::Null)
        }),
        row("receipts", members(200), |w| get(format!("/messages/{}/receipts", w.message))),
        // Nobody reports what they sent themselves.
        row("reportMessage", [409, 204, 204, 403, 403, 403, 403], |w| {
            post(format!("/messages/{}/report", w.message), json!({"reason": "spam"}))
        }),
        row("removeChatAvatar", admins(204), |w| delete(format!("/chats/{}/avatar", w.chat))),
        // There is none of theirs to take away.
        row("removeBookmark", members(404), |w| delete(format!("/messages/{}/bookmark", w.message))),
        row("removeDraft", members(204), |w| delete(format!("/chats/{}/draft", w.chat))),
        row("removeMember", admins(204), |w| delete(format!("/chats/{}/members/{}", w.chat, w.target))),
        row("removePreviews", owner(204), |w| delete(format!("/messages/{}/previews", w.message))),
        row("renewCode", admins(200), |w| post(format!("/chats/{}/code", w.chat), Value::Null)),
        row("revokeInvite", admins(204), |w| delete(format!("/chats/{}/invites/{}", w.chat, w.invite))),
        row("search", members(200), |w| get(format!("/search?q=word&chat_id={}", w.chat))),
        row("saveBookmark", members(200), |w| put(format!("/messages/{}/bookmark", w.message), json!({}))),
        row("saveDraft", members(200), |w| {
            put(format!("/chats/{}/draft", w.chat), json!({"content": "сло"}))
        }),
        row("scheduleMessage", members(201), |w| {
            let body = json!({"chat_id": w.chat, "content": "слово", "send_at": tomorrow()});
            post("/scheduled".to_owned(), body)
        }),
        row("scheduledMessage", theirs(200), |w| get(format!("/scheduled/{}", w.scheduled))),
        row("scheduledMessages", all(200), |_| get("/scheduled".to_owned())),
        row("sendMessage", members(201), |w| {
            post("/messages".to_owned(), json!({"chat_id": w.chat, "content": "слово"}))
        }),
        // They may, but there is no such picture.
        row("setChatAvatar", admins(400), |w| {
            put(format!("/chats/{}/avatar", w.chat), json!({"attachment_id": uuid::Uuid::nil()}))
        }),
        row("sendScheduledMessage", theirs(201), |w| {
            post(format!("/scheduled/{}/send", w.scheduled), Value::Null)
        }),
        row("unban", admins(204), |w| delete(format!("/chats/{}/bans/{}", w.chat, w.banned))),
        // There is no pin to take out.
        row("unpinMessage", admins(404), |w| delete(format!("/messages/{}/pin", w.message))),
        // There is none of theirs to take back.
        row("unreact", [404, 404, 404, 403, 403, 403, 403], |w| {
            delete(format!("/messages/{}/reactions/%F0%9F%91%8D", w.message))
        }),
        row("updateChat", admins(200), |w| patch(format!("/chats/{}", w.chat), json!({"title": "Иначе"}))),
        row("updateChatSettings", members(200), |w| {
            patch(format!("/chats/{}/settings", w.chat), json!({"pinned": true}))
        }),
        row("voters", members(200), |w| get(format!("/messages/{}/voters?option=0", w.poll))),
        row("vote", members(200), |w| put(format!("/messages/{}/vote", w.poll), json!({"options": [0]}))),
    ]
}

/// The operations of v1, by the names in its description.
fn operations() -> BTreeSet<String> {
    let spec = besedka::api::specs().iter().find(|spec| spec.slug == "v1").unwrap();
    let spec: Value = serde_json::from_str(spec.json()).unwrap();
    let of_path = |path: &Value| -> Vec<String> {
        let operations = path.as_object().unwrap().values();
        operations.filter_map(|operation| operation["operationId"].as_str().map(str::to_owned)).collect()
    };
    spec["paths"].as_object().unwrap().values().flat_map(of_path).collect()
}

#[test]
fn every_operation_has_a_row() {
    let there: BTreeSet<String> =
        rows().iter().map(|row| row.operation).chain(OWN.iter().copied()).map(str::to_owned).collect();
    let all = operations();
    let without_row: Vec<_> = all.difference(&there).collect();
    let without_operation: Vec<_> = there.difference(&all).collect();
    assert!(without_row.is_empty(), "operations without a row: {without_row:?}");
    assert!(without_operation.is_empty(), "rows without an operation: {without_operation:?}");
}

/// Everybody, each once for the whole table.
struct Cast {
    asking: Vec<Person>,
    target: Person,
    outsider: Person,
    nobody: Person,
    /// Was in a chat until the account was deactivated.
    deactivated: Person,
}

impl Cast {
    async fn of(server: &TestServer) -> Self {
        let asking = join_all(WHO.map(|name| server.person(name))).await;
        let (target, outsider) = tokio::join!(server.person("target"), server.person("outsider"));
        // Somebody of another chat.
        outsider.group("Чужой", &[&asking[6]]).await;
        let deactivated = server.person("deactivated").await;
        asking[0].group("Бывший", &[&deactivated]).await;
        let password = json!({"password": PASSWORD});
        deactivated.post("/users/me/deactivate", password).await.expect(204);
        Self { asking, target, outsider, nobody: server.nobody(), deactivated }
    }

    /// A fresh chat for one who asks: what is allowed changes it.
    async fn api(&self, asker: usize) -> Api {
        let [owner, admin, member, _, left, banned, _] = &self.asking[..] else { panic!("seven ask") };
        let chat = owner.group("Сад", &[admin, member, left, banned, &self.target]).await;
        let path = format!("/chats/{chat}/members/{}", admin.id);
        owner.patch(&path, json!({"role": "admin"})).await.expect(200);
        left.delete(&format!("/chats/{chat}/members/{}", left.id)).await.expect(204);
        owner.post(&format!("/chats/{chat}/bans"), json!({"user_id": banned.id})).await.expect(201);
        let message = owner.post_text(chat, "слово").await["id"].as_i64().unwrap();
        let poll = json!({
            "chat_id": chat, "type": "poll", "content": "Что?", "payload": {"options": ["да", "нет"]},
        });
        let poll = owner.post("/messages", poll).await.expect(201)["id"].as_i64().unwrap();
        let code =
            owner.get(&format!("/chats/{chat}")).await.expect(200)["code"].as_str().unwrap().to_owned();
        let invite = owner.post(&format!("/chats/{chat}/invites"), json!({})).await.expect(201);
        let scheduled = json!({"chat_id": chat, "content": "слово", "send_at": tomorrow()});
        let scheduled = owner.post("/scheduled", scheduled).await.expect(201)["id"].as_i64().unwrap();
        Api {
            chat,
            message,
            target: self.target.id,
            outsider: self.outsider.id,
            own: self.asking[asker].group("Свой", &[]).await,
            poll,
            scheduled,
            banned: banned.id,
            code,
            invite: invite["id"].as_i64().unwrap(),
            token: invite["token"].as_str().unwrap().to_owned(),
        }
    }

    /// What is wrong with the answers to one row.
    async fn check(&self, row: &Row) -> Vec<String> {
        let mut wrong = Vec::new();
        for (number, (name, expected)) in WHO.iter().zip(row.may).enumerate() {
            let api = self.api(number).await;
            let (method, path, body) = (row.ask)(&api);
            let body = (!body.is_null()).then_some(body);
            let send = async |person: &Person| {
                let key = (method != Method::GET).then(fresh_key);
                person.send(method.clone(), &path, key.as_deref(), body.clone()).await.status
            };
            for (name, person) in [("nobody", &self.nobody), ("deactivated", &self.deactivated)] {
                let status = send(person).await;
                if status != 401 {
                    wrong.push(format!("{} of {name}: {status}, not 401", row.operation));
                }
            }
            let status = send(&self.asking[number]).await;
            if status != expected {
                wrong.push(format!("{} of {name}: {status}, not {expected}", row.operation));
            }
        }
        wrong
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_may_do_what_the_table_says() {
    let server = TestServer::start().await;
    let cast = Cast::of(&server).await;
    let mut wrong = Vec::new();
    for some in rows().chunks(8) {
        wrong.extend(join_all(some.iter().map(|row| cast.check(row))).await.into_iter().flatten());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
