//! The socket's events: how they are written, and their description (AsyncAPI 3).

use poem_openapi::payload::Json;
use poem_openapi::types::{Example, ToJSON, Type};
use poem_openapi::{Object, OpenApi, OpenApiService};
use serde_json::{Map, Value, json};

use super::tokens::Token;
use super::types::{
    Blocked, Bookmark, Chat, ChatAbout, ChatSettings, Draft, Member, Message, Presence, Scheduled, Status,
    User, Vote,
};
use crate::hub::Whisper;
use crate::messenger::{Cursor, Gap};
use crate::model::{self, Change, ChatId, Event, UserId};

/// A message of a chat.
#[derive(Object)]
struct MessageRef {
    id: i64,
    chat_id: i64,
}

/// Messages of a chat.
#[derive(Object)]
struct MessageRefs {
    chat_id: i64,
    /// At most 200.
    ids: Vec<i64>,
}

/// A message of a chat, by its bookmark.
#[derive(Object)]
struct BookmarkRef {
    message_id: i64,
    chat_id: i64,
}

/// Where a draft was.
#[derive(Object)]
struct DraftRef {
    chat_id: i64,
    /// The message that began the thread in which it stood.
    thread_id: Option<i64>,
}

/// What no longer waits to be sent.
#[derive(Object)]
struct ScheduledRef {
    id: i64,
    chat_id: i64,
    /// The message that it has become; null when it was taken away.
    message_id: Option<i64>,
}

/// A chat that is gone for oneself.
#[derive(Object)]
struct ChatLost {
    id: i64,
    /// Whether one is still in it: a chat that one hid comes back with the next message in it.
    hidden: bool,
}

/// A chat.
#[derive(Object)]
struct ChatRef {
    id: i64,
}

/// Somebody in a chat, as they are now.
#[derive(Object)]
struct MemberChange {
    chat_id: i64,
    member: Member,
}

/// Somebody of a chat.
#[derive(Object)]
struct ChatPerson {
    chat_id: i64,
    user_id: i64,
}

/// How far somebody has read.
#[derive(Object)]
struct ChatRead {
    chat_id: i64,
    user_id: i64,
    /// The newest message that they have read.
    message_id: i64,
}

/// Somebody.
#[derive(Object)]
struct PersonRef {
    user_id: i64,
}

/// A sign-in on one more device.
#[derive(Object)]
struct SessionBegun {
    id: i64,
    /// What the client called its device, or its `User-Agent`.
    device: Option<String>,
    /// The address it signed in from.
    address: Option<String>,
    /// UTC, ISO 8601 without a zone.
    created_at: String,
}

/// A session.
#[derive(Object)]
struct SessionRef {
    id: i64,
}

/// How far messages have reached somebody.
#[derive(Object)]
struct ChatDelivered {
    chat_id: i64,
    user_id: i64,
    /// The newest message that one of their devices has.
    message_id: i64,
}

/// Whether somebody is there.
#[derive(Object)]
struct PresenceChange {
    user_id: i64,
    status: Status,
    /// UTC, ISO 8601 without a zone; null while they are there, and when it is not known.
    last_seen_at: Option<String>,
}

/// Whether one looks.
#[derive(Object)]
struct Looking {
    /// `online` or `away`.
    status: Status,
}

/// A personal access token.
#[derive(Object)]
struct TokenRef {
    id: i64,
}

/// Live from here.
#[derive(Object)]
struct Ready {
    /// Who one is.
    user_id: i64,
    /// Where one is: to resume from later.
    cursor: String,
}

/// Whose older events are no longer kept.
#[derive(Object)]
struct Missing {
    /// The chat to load anew; null: one's profile and list of chats.
    chat_id: Option<i64>,
}

/// What was wrong with a frame.
#[derive(Object)]
struct Wrong {
    detail: String,
    code: String,
}

/// The first frame of a socket that was opened without a token.
#[derive(Object)]
struct Authenticate {
    /// An access token.
    token: String,
    /// From where to resume; only what happens from now on without it.
    cursor: Option<String>,
}

/// A chat.
#[derive(Object)]
struct Where {
    chat_id: i64,
}

/// Up to where one has read.
#[derive(Object)]
struct Read {
    chat_id: i64,
    /// The newest message of the chat without it.
    message_id: Option<i64>,
}

/// Up to where messages have arrived.
#[derive(Object)]
struct Delivered {
    chat_id: i64,
    message_id: i64,
}

/// Nothing.
#[derive(Object)]
struct Nothing {}

/// An event as a frame.
pub fn write(event: &Event) -> String {
    let (name, data) = name_and_data(&event.change);
    frame(name, &data, Some(event.position.to_string()))
}

pub fn name_and_data(change: &Change) -> (&'static str, Value) {
    match change {
        Change::MessageCreated(message) => ("message.created", value(&Message::from(message.clone()))),
        Change::MessageUpdated(message) | Change::AnswerFinished(message) => {
            ("message.updated", value(&Message::from(message.clone())))
        }
        Change::MessageDeleted { id, chat } => {
            ("message.deleted", value(&MessageRef { id: id.0, chat_id: chat.0 }))
        }
        Change::MessagesDeleted { chat, ids } => {
            let ids = ids.iter().map(|id| id.0).collect();
            ("messages.deleted", value(&MessageRefs { chat_id: chat.0, ids }))
        }
        Change::MessageHidden { id, chat } => {
            ("message.hidden", value(&MessageRef { id: id.0, chat_id: chat.0 }))
        }
        Change::ChatGained(chat) => ("chat.created", value(&Chat::from(chat.as_ref().clone()))),
        Change::PollVoted { message, chat, choices } => {
            ("poll.voted", value(&Vote::new(*message, *chat, choices.clone())))
        }
        Change::BookmarkSaved(bookmark) => {
            ("bookmark.saved", value(&Bookmark::from(bookmark.as_ref().clone())))
        }
        Change::BookmarkRemoved { message, chat } => {
            ("bookmark.removed", value(&BookmarkRef { message_id: message.0, chat_id: chat.0 }))
        }
        Change::DraftSaved(draft) => ("draft.saved", value(&Draft::from(draft.clone()))),
        Change::DraftRemoved { chat, thread } => {
            ("draft.removed", value(&DraftRef { chat_id: chat.0, thread_id: thread.map(|id| id.0) }))
        }
        Change::ScheduledSaved(waiting) => {
            ("scheduled.saved", value(&Scheduled::from(waiting.as_ref().clone())))
        }
        Change::ScheduledRemoved { id, chat, message } => {
            let message_id = message.map(|id| id.0);
            ("scheduled.removed", value(&ScheduledRef { id: id.0, chat_id: chat.0, message_id }))
        }
        Change::ChatUpdated(about) => ("chat.updated", value(&ChatAbout::from(about.clone()))),
        Change::ChatLost { chat, hidden } => {
            ("chat.removed", value(&ChatLost { id: chat.0, hidden: *hidden }))
        }
        Change::ChatPreferred { chat, preferences } => {
            ("chat.settings", value(&ChatSettings::new(*chat, *preferences)))
        }
        Change::ChatAccess(chat) => ("chat.access", value(&ChatRef { id: chat.0 })),
        Change::ChatDelivered { chat, user, message } => {
            let data = ChatDelivered { chat_id: chat.0, user_id: user.0, message_id: message.0 };
            ("chat.delivered", value(&data))
        }
        Change::MemberAdded { chat, member } => {
            ("member.added", value(&MemberChange { chat_id: chat.0, member: member.clone().into() }))
        }
        Change::MemberUpdated { chat, member } => {
            ("member.updated", value(&MemberChange { chat_id: chat.0, member: member.clone().into() }))
        }
        Change::MemberRemoved { chat, user } => {
            ("member.removed", value(&ChatPerson { chat_id: chat.0, user_id: user.0 }))
        }
        Change::ChatRead { chat, user, message } => {
            ("chat.read", value(&ChatRead { chat_id: chat.0, user_id: user.0, message_id: message.0 }))
        }
        Change::UserUpdated(user) => ("user.updated", value(&User::from(user.clone()))),
        Change::UserBlocked(blocked) => ("user.blocked", value(&Blocked::from(blocked.clone()))),
        Change::UserUnblocked(user) => ("user.unblocked", value(&PersonRef { user_id: user.0 })),
        Change::SessionCreated(session) => {
            let model::Session { id, device, address, created_at, .. } = session.clone();
            let created_at = created_at.iso();
            ("session.created", value(&SessionBegun { id: id.0, device, address, created_at }))
        }
        Change::TokenCreated(token) => ("token.created", value(&Token::from(token.clone()))),
        Change::TokenRevoked(id) => ("token.revoked", value(&TokenRef { id: id.0 })),
        Change::SessionRevoked(id) => ("session.revoked", value(&SessionRef { id: id.0 })),
    }
}

pub fn whispered(whisper: &Whisper) -> String {
    match whisper {
        Whisper::Typing { chat: ChatId(chat_id), user: UserId(user_id) } => {
            frame("typing", &value(&ChatPerson { chat_id: *chat_id, user_id: *user_id }), None)
        }
        Whisper::Presence { user: UserId(user_id), presence } => {
            let Presence { status, last_seen_at } = (*presence).into();
            frame("presence", &value(&PresenceChange { user_id: *user_id, status, last_seen_at }), None)
        }
    }
}

pub fn ready(user: UserId, cursor: &Cursor) -> String {
    frame("ready", &value(&Ready { user_id: user.0, cursor: cursor.to_string() }), None)
}

pub fn missing(gap: &Gap) -> String {
    let data = Missing { chat_id: gap.chat.map(|chat| chat.0) };
    frame("gap", &value(&data), Some(gap.position.to_string()))
}

pub fn pong() -> String {
    frame("pong", &json!({}), None)
}

pub fn wrong(detail: &str, code: &str) -> String {
    frame("error", &value(&Wrong { detail: detail.to_owned(), code: code.to_owned() }), None)
}

fn value(data: &impl ToJSON) -> Value {
    data.to_json().unwrap_or_default()
}

fn frame(event: &str, data: &Value, position: Option<String>) -> String {
    match position {
        Some(position) => json!({"event": event, "data": data, "position": position}).to_string(),
        None => json!({"event": event, "data": data}).to_string(),
    }
}

/// A kind of frame, for the description.
struct Kind {
    name: &'static str,
    from_server: bool,
    /// Whether it has a position and is told again after a reconnect.
    is_kept: bool,
    about: &'static str,
    schema: String,
    example: Value,
}

fn kind<T: Type>(name: &'static str, is_kept: bool, about: &'static str, example: Value) -> Kind {
    Kind { name, from_server: true, is_kept, about, schema: T::name().into_owned(), example }
}

fn command<T: Type>(name: &'static str, about: &'static str, example: Value) -> Kind {
    Kind { from_server: false, ..kind::<T>(name, false, about, example) }
}

fn kinds() -> Vec<Kind> {
    let (chat, message, user) = (253_402_300_927_i64, 253_402_300_991_i64, 253_402_300_863_i64);
    let (session, scheduled) = (253_402_301_055_i64, 253_402_301_183_i64);
    let (whole, member) = (Message::example(), MemberChange { chat_id: chat, member: Member::example() });
    let message_ref = json!({"id": message, "chat_id": chat});
    let person = json!({"chat_id": chat, "user_id": user});
    vec![
        kind::<Message>(
            "message.created",
            true,
            "Somebody said something; the author hears it too.",
            value(&whole),
        ),
        kind::<Message>(
            "message.updated",
            true,
            "A message was edited, or its reactions, its votes or its pin changed.",
            value(&whole),
        ),
        kind::<MessageRef>("message.deleted", true, "A message was deleted for all.", message_ref.clone()),
        kind::<MessageRefs>(
            "messages.deleted",
            true,
            "Many messages of a chat were deleted for all at once, because their author's account was deleted: at \
             most 200 are named in one event.",
            json!({"chat_id": chat, "ids": [message, message + 64]}),
        ),
        kind::<MessageRef>("message.hidden", true, "A message was deleted for oneself.", message_ref),
        kind::<Vote>("poll.voted", true, "What one chose in a poll, on any device.", value(&Vote::example())),
        kind::<Bookmark>(
            "bookmark.saved",
            true,
            "One bookmarked a message, or gave the bookmark another note.",
            value(&Bookmark::example()),
        ),
        kind::<BookmarkRef>(
            "bookmark.removed",
            true,
            "One took a bookmark away. It is not told of messages and chats that are gone: their bookmarks go with them.",
            json!({"message_id": message, "chat_id": chat}),
        ),
        kind::<Draft>("draft.saved", true, "One began to write, or went on.", value(&Draft::example())),
        kind::<DraftRef>(
            "draft.removed",
            true,
            "A draft was sent or taken away. It is not told of a chat that is gone: its drafts go with it.",
            json!({"chat_id": chat, "thread_id": null}),
        ),
        kind::<Scheduled>(
            "scheduled.saved",
            true,
            "A message waits to be sent, was changed, or could not be sent.",
            value(&Scheduled::example()),
        ),
        kind::<ScheduledRef>(
            "scheduled.removed",
            true,
            "A message that waited was sent or taken away.",
            json!({"id": scheduled, "chat_id": chat, "message_id": message}),
        ),
        kind::<Chat>("chat.created", true, "One is in a chat now, or it is back.", value(&Chat::example())),
        kind::<ChatAbout>(
            "chat.updated",
            true,
            "A chat has another title, description or picture, became read-only or not, or what is said in it stays for \
             another time. All of it is told, as it is now.",
            value(&ChatAbout::example()),
        ),
        kind::<ChatLost>(
            "chat.removed",
            true,
            "A chat is gone for oneself: left, removed from it, deleted or hidden. Of a hidden one, what is said in it is \
             heard nevertheless: with the next `message.created` it is back, and is to be loaded anew.",
            json!({"id": chat, "hidden": false}),
        ),
        kind::<ChatSettings>(
            "chat.settings",
            true,
            "One wants to have a chat otherwise: muted, pinned, archived, or notified of something else. Only one's own \
             devices hear it.",
            value(&ChatSettings::example()),
        ),
        kind::<ChatRef>(
            "chat.access",
            true,
            "The ways into a chat are others: its short code, an invitation or how often it was used, or a ban. Only its \
             owner and admins hear it, and load them anew.",
            json!({"id": chat}),
        ),
        kind::<MemberChange>("member.added", true, "Somebody came into a chat.", value(&member)),
        kind::<MemberChange>(
            "member.updated",
            true,
            "Somebody of a chat has another profile or role. It is told in each of their chats; a private chat has \
             its title from it.",
            value(&member),
        ),
        kind::<ChatPerson>("member.removed", true, "Somebody is in a chat no more.", person.clone()),
        kind::<ChatRead>(
            "chat.read",
            true,
            "Somebody has read up to a message. Who hides it is heard by their own devices only.",
            json!({"chat_id": chat, "user_id": user, "message_id": message}),
        ),
        kind::<ChatDelivered>(
            "chat.delivered",
            true,
            "Everything up to a message has reached one of somebody's devices; not told in chats of more than 200 members. \
             What was read has arrived, without being told once more.",
            json!({"chat_id": chat, "user_id": user, "message_id": message}),
        ),
        kind::<User>("user.updated", true, "One's own profile changed.", value(&User::example())),
        kind::<Blocked>("user.blocked", true, "One has blocked somebody.", value(&Blocked::example())),
        kind::<PersonRef>(
            "user.unblocked",
            true,
            "One has blocked somebody no more.",
            json!({"user_id": user}),
        ),
        kind::<SessionBegun>(
            "session.created",
            true,
            "One signed in on one more device.",
            json!({"id": session, "device": "Firefox", "address": "192.0.2.7", "created_at": "2024-03-26T12:00:00"}),
        ),
        kind::<SessionRef>("session.revoked", true, "One is signed out of a device.", json!({"id": session})),
        kind::<Token>(
            "token.created",
            true,
            "One has one more personal access token.",
            value(&Token::example()),
        ),
        kind::<TokenRef>(
            "token.revoked",
            true,
            "A personal access token works no more.",
            json!({"id": session}),
        ),
        kind::<Ready>(
            "ready",
            false,
            "Everything that was missed has been told; live from here.",
            json!({"user_id": user, "cursor": "38dyhw000-5"}),
        ),
        kind::<Missing>(
            "gap",
            false,
            "Events that are no longer kept are missing: load the chat anew. Its position counts like an event's.",
            json!({"chat_id": chat}),
        ),
        kind::<PresenceChange>(
            "presence",
            false,
            "Somebody with whom one shares a chat is there, looks away or is gone. What was missed is answered by \
             `GET /presence`.",
            json!({"user_id": user, "status": "offline", "last_seen_at": "2024-03-26T12:00:00"}),
        ),
        kind::<ChatPerson>("typing", false, "Somebody is writing; to be shown for 5 seconds.", person),
        kind::<Nothing>("pong", false, "The answer to `ping`.", json!({})),
        kind::<Wrong>(
            "error",
            false,
            "A frame could not be understood; the socket stays open.",
            json!({"detail": "unknown event", "code": "invalid"}),
        ),
        command::<Authenticate>(
            "auth",
            "The first frame of a socket that was opened without a token, within 10 seconds.",
            json!({"token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9…", "cursor": "38dyhw000-5"}),
        ),
        command::<Nothing>(
            "ping",
            "Answered by `pong`. The protocol's own pings are sent by the server and answered by every browser.",
            json!({}),
        ),
        command::<Where>(
            "typing",
            "One is writing in a chat; at most every 3 seconds.",
            json!({"chat_id": chat}),
        ),
        command::<Read>(
            "read",
            "One has read a chat up to a message, or up to the newest without one. There is no answer but `chat.read`.",
            json!({"chat_id": chat, "message_id": message}),
        ),
        command::<Delivered>(
            "delivered",
            "One's device has the messages of a chat up to one of them.",
            json!({"chat_id": chat, "message_id": message}),
        ),
        command::<Looking>(
            "presence",
            "One looks away from this connection (`away`), or at it again (`online`). Away is who looks at none.",
            json!({"status": "away"}),
        ),
    ]
}

/// Everything that stands in a frame, for its schemas; it is never served.
#[derive(Object)]
struct Frames {
    vote: Vote,
    bookmark: Bookmark,
    bookmark_ref: BookmarkRef,
    draft: Draft,
    draft_ref: DraftRef,
    scheduled: Scheduled,
    scheduled_ref: ScheduledRef,
    message: Message,
    message_ref: MessageRef,
    message_refs: MessageRefs,
    chat: Chat,
    chat_about: ChatAbout,
    chat_lost: ChatLost,
    chat_ref: ChatRef,
    chat_settings: ChatSettings,
    chat_delivered: ChatDelivered,
    member_change: MemberChange,
    chat_person: ChatPerson,
    chat_read: ChatRead,
    user: User,
    blocked: Blocked,
    person_ref: PersonRef,
    session_begun: SessionBegun,
    session_ref: SessionRef,
    presence_change: PresenceChange,
    looking: Looking,
    token: Token,
    token_ref: TokenRef,
    ready: Ready,
    missing: Missing,
    wrong: Wrong,
    authenticate: Authenticate,
    place: Where,
    read: Read,
    delivered: Delivered,
    nothing: Nothing,
}

struct Described;

#[OpenApi]
impl Described {
    /// Takes every frame's data, so that poem-openapi describes it.
    #[oai(path = "/", method = "post")]
    async fn frames(&self, _frames: Json<Frames>) {}
}

const DESCRIPTION: &str = "\
Open `/ws` as a WebSocket. Say who you are with `?token=` (an access token), `?ticket=` (of `POST /ws/ticket`), the \
header `Authorization: Bearer …`, or, best, with a first frame `auth`. A wrong token refuses the handshake with 401.

Frames are JSON text. Those with a `position` are kept: after a lost connection open the socket with the cursor \
(`?cursor=` or in `auth`), and everything after it is told once and in order, and then what happens live. The cursor of \
`ready` is where the socket went live; it is moved by appending `.` and the `position` of each frame that was dealt with.";

/// The description of the socket, as JSON.
pub fn asyncapi() -> Value {
    let spec = OpenApiService::new(Described, "", "").spec();
    let spec: Value = serde_json::from_str(&spec).unwrap_or_default();
    let mut schemas = spec["components"]["schemas"].as_object().cloned().unwrap_or_default();
    schemas.remove("Frames");
    schemas.retain(|_, schema| schema.is_object());

    let (mut messages, mut told, mut heard) = (Map::new(), Vec::new(), Vec::new());
    for kind in kinds() {
        let side = if kind.from_server { "server" } else { "client" };
        let id = format!("{side}.{}", kind.name);
        let link = json!({"$ref": format!("#/channels/socket/messages/{id}")});
        if kind.from_server {
            told.push(link);
        } else {
            heard.push(link);
        }
        messages.insert(id, described(&kind));
    }
    let close =
        |code: u16, name: &str, meaning: &str| json!({"code": code, "name": name, "meaning": meaning});
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Besedka v1: the socket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "x-close-codes": [
                close(1012, "restart", "The server stops or restarts: come back after a random 1 to 5 seconds, with the cursor."),
                close(1013, "too slow", "Frames were not read fast enough: come back at once, with the cursor."),
                close(4401, "unauthorized", "No valid token came in time, or a personal one has run out: renew it and come back."),
                close(4403, "revoked", "The session was ended: sign in again."),
                close(4409, "replaced", "The same person opened more than 20 sockets; this was the oldest."),
                close(4429, "too fast", "More than 10 frames a second were sent."),
            ],
        },
        "defaultContentType": "application/json",
        "channels": {"socket": {"address": "/ws", "messages": messages}},
        "operations": {
            "hear": {"action": "send", "channel": {"$ref": "#/channels/socket"}, "messages": told,
                     "summary": "What the server sends"},
            "say": {"action": "receive", "channel": {"$ref": "#/channels/socket"}, "messages": heard,
                    "summary": "What a client may send"},
        },
        "components": {"schemas": schemas},
    })
}

fn described(kind: &Kind) -> Value {
    let mut properties = json!({
        "event": {"type": "string", "const": kind.name},
        "data": {"$ref": format!("#/components/schemas/{}", kind.schema)},
    });
    let mut example = json!({"event": kind.name, "data": kind.example});
    let mut required = vec!["event", "data"];
    if kind.is_kept {
        properties["position"] =
            json!({"type": "string", "description": "The event's place; it moves a cursor."});
        example["position"] = json!("38dyhw000-5");
        required.push("position");
    }
    json!({
        "name": kind.name,
        "summary": kind.about,
        "payload": {"type": "object", "required": required, "properties": properties},
        "examples": [{"payload": example}],
    })
}
