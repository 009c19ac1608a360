//! Which frames there are, each with words and an example.

use poem_openapi::Object;
use poem_openapi::types::{Example, Type};
use serde_json::{Value, json};

use super::super::tokens::Token;
use super::super::types::{
    Blocked, Bookmark, Chat, ChatAbout, ChatSettings, Draft, Member, Message, Scheduled, User, Vote,
};
use super::data::{
    Authenticate, BookmarkRef, ChatDelivered, ChatLost, ChatPerson, ChatRead, ChatRef, Delivered, DraftRef,
    Looking, MemberChange, MessageRef, MessageRefs, Missing, Nothing, PersonRef, PresenceChange, Read, Ready,
    ScheduledRef, SessionBegun, SessionRef, TokenRef, Where, Wrong,
};
use super::value;

/// A kind of frame.
pub struct Kind {
    pub name: &'static str,
    pub from_server: bool,
    /// Whether it has a position and is told again after a reconnect.
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

/// All that there are, in the order in which they are told of.
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
