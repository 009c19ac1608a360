//! All kinds of frames, each with a description and an example.

use poem_openapi::Object;
use poem_openapi::types::{Example, ToJSON, Type};
use serde_json::{Value, json};

use super::super::admin_people::CurrentAnnouncement;
use super::super::tokens::Token;
use super::super::types::{
    Blocked, Bookmark, Chat, ChatAbout, ChatSettings, Draft, Member, Message, Scheduled, User, Vote,
};
use super::data::{
    Authenticate, BookmarkRef, ChatDelivered, ChatLost, ChatPerson, ChatRead, ChatRef, Delivered, DraftRef,
    ErrorData, GapData, Looking, MemberChange, MessageRef, MessageRefs, Nothing, OpenReports, PersonRef,
    PresenceChange, Read, Ready, ScheduledRef, SessionCreated, SessionRef, TokenRef, Where,
};

/// A kind of frame.
pub struct Kind {
    pub name: &'static str,
    pub from_server: bool,
    /// Whether it has a position and is delivered again after a reconnect.
    pub is_kept: bool,
    pub about: &'static str,
    pub schema: String,
    pub example: Value,
}

fn kind<T: Type>(name: &'static str, is_kept: bool, about: &'static str, example: Value) -> Kind {
    Kind { name, from_server: true, is_kept, about, schema: T::name().into_owned(), example }
}

fn command<T: Type>(name: &'static str, about: &'static str, example: Value) -> Kind {
    Kind { from_server: false, ..kind::<T>(name, false, about, example) }
}

/// All kinds, in the order in which they are documented.
pub fn kinds() -> Vec<Kind> {
    let (chat, message, user) = (253_402_300_927_i64, 253_402_300_991_i64, 253_402_300_863_i64);
    let (session, scheduled) = (253_402_301_055_i64, 253_402_301_183_i64);
    let (whole, member) = (Message::example(), MemberChange { chat_id: chat, member: Member::example() });
    let message_ref = json!({"id": message, "chat_id": chat});
    let person = json!({"chat_id": chat, "user_id": user});
    vec![
        kind::<Message>(
            "message.created",
            true,
            "A message was sent. The author receives this event too.",
            value(&whole),
        ),
        kind::<Message>(
            "message.updated",
            true,
            "A message was edited, or its reactions, previews, poll or pin changed.",
            value(&whole),
        ),
        kind::<MessageRef>(
            "message.deleted",
            true,
            "A message was deleted for everyone.",
            message_ref.clone(),
        ),
        kind::<MessageRefs>(
            "messages.deleted",
            true,
            "Many messages of a chat were deleted for everyone at once, because their author's account was deleted. One \
             event lists up to 200 of them.",
            json!({"chat_id": chat, "ids": [message, message + 64]}),
        ),
        kind::<MessageRef>("message.hidden", true, "The user deleted a message for themselves.", message_ref),
        kind::<Vote>(
            "poll.voted",
            true,
            "The user voted in a poll, on any of their devices.",
            value(&Vote::example()),
        ),
        kind::<Bookmark>(
            "bookmark.saved",
            true,
            "The user bookmarked a message or changed a bookmark's note.",
            value(&Bookmark::example()),
        ),
        kind::<BookmarkRef>(
            "bookmark.removed",
            true,
            "The user removed a bookmark. Not sent when a message or chat is deleted: discard its bookmarks then.",
            json!({"message_id": message, "chat_id": chat}),
        ),
        kind::<Draft>("draft.saved", true, "The user saved a draft.", value(&Draft::example())),
        kind::<DraftRef>(
            "draft.removed",
            true,
            "A draft was sent or removed. Not sent when a chat is removed: discard its drafts then.",
            json!({"chat_id": chat, "thread_id": null}),
        ),
        kind::<Scheduled>(
            "scheduled.saved",
            true,
            "A message was scheduled or changed, or could not be sent when it was due.",
            value(&Scheduled::example()),
        ),
        kind::<ScheduledRef>(
            "scheduled.removed",
            true,
            "A scheduled message was sent or cancelled.",
            json!({"id": scheduled, "chat_id": chat, "message_id": message}),
        ),
        kind::<Chat>(
            "chat.created",
            true,
            "The user was added to a chat, or a hidden chat is visible again.",
            value(&Chat::example()),
        ),
        kind::<ChatAbout>(
            "chat.updated",
            true,
            "The title, description, avatar, read-only flag, message lifetime or assistant setting of a chat changed. The data \
             contains all of its properties.",
            value(&ChatAbout::example()),
        ),
        kind::<ChatLost>(
            "chat.removed",
            true,
            "The user no longer sees a chat: they left or were removed, or the chat was deleted or hidden. Events of a hidden \
             chat are still delivered: with the next `message.created` it is visible again and should be reloaded.",
            json!({"id": chat, "hidden": false}),
        ),
        kind::<ChatSettings>(
            "chat.settings",
            true,
            "The user changed the settings of a chat: muted, pinned, archived, or notifications. Only sent to the user's own \
             devices.",
            value(&ChatSettings::example()),
        ),
        kind::<ChatRef>(
            "chat.access",
            true,
            "How people can join a chat changed: its code, an invitation or its number of uses, or a ban. Only sent to the \
             owner and admins, who should reload them.",
            json!({"id": chat}),
        ),
        kind::<MemberChange>("member.added", true, "A user joined or was added to a chat.", value(&member)),
        kind::<MemberChange>(
            "member.updated",
            true,
            "A member's profile or role changed. Sent in each of their chats; the title of a private chat is derived from \
             it.",
            value(&member),
        ),
        kind::<ChatPerson>("member.removed", true, "A user left or was removed from a chat.", person.clone()),
        kind::<ChatRead>(
            "chat.read",
            true,
            "A user has read up to a message. For users who hide read receipts, only sent to their own devices.",
            json!({"chat_id": chat, "user_id": user, "message_id": message}),
        ),
        kind::<ChatDelivered>(
            "chat.delivered",
            true,
            "All messages up to the given one were delivered to one of a user's devices. Not sent in chats with more than 200 \
             members. Messages that were read count as delivered, without a separate event.",
            json!({"chat_id": chat, "user_id": user, "message_id": message}),
        ),
        kind::<User>("user.updated", true, "The user's own profile changed.", value(&User::example())),
        kind::<Blocked>("user.blocked", true, "The user blocked another user.", value(&Blocked::example())),
        kind::<PersonRef>(
            "user.unblocked",
            true,
            "The user unblocked another user.",
            json!({"user_id": user}),
        ),
        kind::<SessionCreated>(
            "session.created",
            true,
            "The user signed in on another device.",
            json!({"id": session, "device": "Firefox", "address": "192.0.2.7", "created_at": "2024-03-26T12:00:00"}),
        ),
        kind::<SessionRef>("session.revoked", true, "A session of the user ended.", json!({"id": session})),
        kind::<Token>(
            "token.created",
            true,
            "The user created a personal access token.",
            value(&Token::example()),
        ),
        kind::<TokenRef>(
            "token.revoked",
            true,
            "A personal access token was revoked.",
            json!({"id": session}),
        ),
        kind::<OpenReports>(
            "reports.updated",
            true,
            "A user reported something, or an administrator decided about a report. Only sent to server administrators.",
            json!({"open": 2}),
        ),
        kind::<Ready>(
            "ready",
            false,
            "All missed events have been delivered; live events follow.",
            json!({"user_id": user, "cursor": "38dyhw000-5"}),
        ),
        kind::<GapData>(
            "gap",
            false,
            "Some events are no longer stored: reload the chat. Its position is used like an event's.",
            json!({"chat_id": chat}),
        ),
        kind::<PresenceChange>(
            "presence",
            false,
            "The online status of a user who shares a chat with the current user changed. Missed changes are available from \
             `GET /presence`.",
            json!({"user_id": user, "status": "offline", "last_seen_at": "2024-03-26T12:00:00"}),
        ),
        kind::<CurrentAnnouncement>(
            "announcement.updated",
            false,
            "The administrators announce something to everybody, or removed their announcement, or its time is over. The \
             current one is available from `GET /announcement`.",
            value(&CurrentAnnouncement::example()),
        ),
        kind::<ChatPerson>("typing", false, "A user is typing. Show it for 5 seconds.", person),
        kind::<Nothing>("pong", false, "The response to `ping`.", json!({})),
        kind::<ErrorData>(
            "error",
            false,
            "A frame was invalid. The socket stays open.",
            json!({"detail": "unknown event", "code": "invalid"}),
        ),
        command::<Authenticate>(
            "auth",
            "Authenticates a socket that was opened without a token. Must be the first frame, within 10 seconds.",
            json!({"token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9…", "cursor": "38dyhw000-5"}),
        ),
        command::<Nothing>(
            "ping",
            "Answered with `pong`. WebSocket protocol pings are sent by the server and answered by browsers automatically.",
            json!({}),
        ),
        command::<Where>(
            "typing",
            "Reports that the user is typing in a chat. Send it at most every 3 seconds.",
            json!({"chat_id": chat}),
        ),
        command::<Read>(
            "read",
            "Marks a chat as read up to a message, or up to the newest one. There is no response except `chat.read`.",
            json!({"chat_id": chat, "message_id": message}),
        ),
        command::<Delivered>(
            "delivered",
            "Confirms that this device has received all messages of a chat up to the given one.",
            json!({"chat_id": chat, "message_id": message}),
        ),
        command::<Looking>(
            "presence",
            "Sets the status of this connection. A user is `away` while all of their connections are.",
            json!({"status": "away"}),
        ),
    ]
}

/// All frame data, to collect its schemas; never served.
#[derive(Object)]
pub struct Frames {
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
    session_created: SessionCreated,
    session_ref: SessionRef,
    presence_change: PresenceChange,
    looking: Looking,
    token: Token,
    token_ref: TokenRef,
    ready: Ready,
    gap: GapData,
    error: ErrorData,
    authenticate: Authenticate,
    typing: Where,
    read: Read,
    delivered: Delivered,
    open_reports: OpenReports,
    announcement: CurrentAnnouncement,
    nothing: Nothing,
}

fn value(data: &impl ToJSON) -> Value {
    data.to_json().unwrap_or_default()
}
