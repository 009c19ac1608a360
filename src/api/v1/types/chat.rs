//! Chats, their settings, invitations and bans.

use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};
use serde::Serialize;

use super::attachment::avatar_path;
use super::{Message, Person, Role};
use besedka_core::messenger::{Invitation, Invited};
use besedka_core::model;

/// A chat, as the caller sees it.
#[derive(Object, Debug, Serialize)]
#[oai(example)]
pub struct Chat {
    pub id: i64,
    /// For a private chat, the other person's name; for saved messages, the caller's own name.
    pub title: String,
    /// Whether the chat is a group or a channel.
    pub is_group: bool,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// The number of members.
    pub member_count: i64,
    /// The newest message visible to the caller.
    pub last_message: Option<Message>,
    /// The number of unread messages from others.
    pub unread_count: i64,
    /// The newest message that the caller has read.
    pub last_read_message_id: Option<i64>,
    /// The other person, in a private chat.
    pub peer: Option<Person>,
    pub kind: ChatKind,
    pub description: Option<String>,
    /// The URL of a square image, relative to this server.
    pub avatar_url: Option<String>,
    /// Whether only the owner and admins can post.
    pub read_only: bool,
    /// How long new messages are kept, in seconds; null keeps them permanently.
    pub message_life: Option<i64>,
    /// Whether members can ask the assistant in this chat, if the server has one.
    pub assistant: bool,
    /// The number of unread messages that mention the caller or everyone.
    pub mention_count: i64,
    /// The caller's role.
    pub role: Role,
    /// The code for joining with `POST /chats/join`; only visible to members who can invite others.
    pub code: Option<String>,
    /// Until when the caller has muted notifications. UTC, ISO 8601 without a zone.
    pub muted_until: Option<String>,
    /// Whether the caller has pinned the chat to the top of the list.
    pub pinned: bool,
    /// Whether the caller has archived the chat. New messages do not unarchive it.
    pub archived: bool,
    /// What the caller is notified about.
    pub notify: Notify,
}

impl From<model::Chat> for Chat {
    fn from(chat: model::Chat) -> Self {
        let model::Chat { about, preferences, .. } = chat;
        let model::Preferences { muted_until, is_pinned, is_archived, notify } = preferences;
        Self {
            id: about.id.0,
            title: chat.title,
            is_group: about.kind.is_group(),
            created_at: chat.created_at.iso(),
            member_count: chat.member_count,
            last_message: chat.last_message.map(Message::from),
            unread_count: chat.unread_count,
            last_read_message_id: chat.last_read.map(|id| id.0),
            peer: chat.peer.map(Person::from),
            kind: about.kind.into(),
            description: about.description,
            avatar_url: about.avatar.map(avatar_path),
            read_only: about.is_read_only,
            message_life: about.message_life.map(seconds),
            assistant: !about.assistant_off,
            mention_count: chat.mention_count,
            role: chat.role.into(),
            code: chat.code,
            muted_until: muted_until.map(model::Time::iso),
            pinned: is_pinned,
            archived: is_archived,
            notify: notify.into(),
        }
    }
}

fn seconds(millis: i64) -> i64 {
    millis / 1_000
}

impl Example for Chat {
    fn example() -> Self {
        Self {
            id: 253_402_300_927,
            title: "New Project Discussion".to_owned(),
            is_group: true,
            created_at: "2024-03-26T12:00:00".to_owned(),
            member_count: 4,
            last_message: Some(Message::example()),
            unread_count: 1,
            last_read_message_id: None,
            peer: None,
            kind: ChatKind::Group,
            description: Some("What we build, and when".to_owned()),
            avatar_url: None,
            read_only: false,
            message_life: None,
            assistant: true,
            mention_count: 0,
            role: Role::Owner,
            code: Some("K7QX2M".to_owned()),
            muted_until: None,
            pinned: false,
            archived: false,
            notify: Notify::All,
        }
    }
}

/// The kind of chat.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum ChatKind {
    /// Between two people.
    Private,
    /// For people who were added or invited.
    Group,
    /// A group that everyone on the server can find and join.
    Channel,
    /// The user's private notes.
    Saved,
}

impl From<model::ChatKind> for ChatKind {
    fn from(kind: model::ChatKind) -> Self {
        match kind {
            model::ChatKind::Private => Self::Private,
            model::ChatKind::Group => Self::Group,
            model::ChatKind::Channel => Self::Channel,
            model::ChatKind::Saved => Self::Saved,
        }
    }
}

/// What the user is notified about.
#[derive(Enum, Debug, Clone, Copy, Serialize)]
#[oai(rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
pub enum Notify {
    /// Every message.
    All,
    /// Messages that mention the user or everyone.
    Mentions,
    /// Nothing.
    None,
}

impl From<model::Notify> for Notify {
    fn from(notify: model::Notify) -> Self {
        match notify {
            model::Notify::Everything => Self::All,
            model::Notify::Mentions => Self::Mentions,
            model::Notify::Nothing => Self::None,
        }
    }
}

impl From<Notify> for model::Notify {
    fn from(notify: Notify) -> Self {
        match notify {
            Notify::All => Self::Everything,
            Notify::Mentions => Self::Mentions,
            Notify::None => Self::Nothing,
        }
    }
}

/// The properties of a chat that are the same for all members.
#[derive(Object, Debug)]
#[oai(example)]
pub struct ChatAbout {
    pub id: i64,
    pub kind: ChatKind,
    /// Null for a private chat, whose title differs for each of its members.
    pub title: Option<String>,
    pub description: Option<String>,
    /// The URL of a square image, relative to this server.
    pub avatar_url: Option<String>,
    /// Whether only the owner and admins can post.
    pub read_only: bool,
    /// How long new messages are kept, in seconds; null keeps them permanently.
    pub message_life: Option<i64>,
    /// Whether members can ask the assistant in this chat, if the server has one.
    pub assistant: bool,
}

impl From<model::ChatInfo> for ChatAbout {
    fn from(about: model::ChatInfo) -> Self {
        Self {
            id: about.id.0,
            kind: about.kind.into(),
            title: about.kind.is_group().then_some(about.title),
            description: about.description,
            avatar_url: about.avatar.map(avatar_path),
            read_only: about.is_read_only,
            message_life: about.message_life.map(seconds),
            assistant: !about.assistant_off,
        }
    }
}

impl Example for ChatAbout {
    fn example() -> Self {
        Self {
            id: 253_402_300_927,
            kind: ChatKind::Group,
            title: Some("New title".to_owned()),
            description: None,
            avatar_url: None,
            read_only: false,
            message_life: Some(86_400),
            assistant: true,
        }
    }
}

/// The caller's settings for a chat. Changes are only sent to the caller's own devices.
#[derive(Object, Debug)]
#[oai(example)]
pub struct ChatSettings {
    pub chat_id: i64,
    /// Until when notifications are muted. UTC, ISO 8601 without a zone.
    pub muted_until: Option<String>,
    /// Whether the chat is pinned to the top of the list.
    pub pinned: bool,
    /// Whether the chat is archived. New messages do not unarchive it.
    pub archived: bool,
    pub notify: Notify,
}

impl ChatSettings {
    pub fn new(chat: model::ChatId, preferences: model::Preferences) -> Self {
        let model::Preferences { muted_until, is_pinned, is_archived, notify } = preferences;
        Self {
            chat_id: chat.0,
            muted_until: muted_until.map(model::Time::iso),
            pinned: is_pinned,
            archived: is_archived,
            notify: notify.into(),
        }
    }
}

impl Example for ChatSettings {
    fn example() -> Self {
        Self {
            chat_id: 253_402_300_927,
            muted_until: Some("2024-03-27T08:00:00".to_owned()),
            pinned: true,
            archived: false,
            notify: Notify::Mentions,
        }
    }
}

/// A public channel, as it appears in search results.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Channel {
    pub id: i64,
    pub kind: ChatKind,
    pub title: String,
    pub description: Option<String>,
    /// The URL of a square image, relative to this server.
    pub avatar_url: Option<String>,
    pub read_only: bool,
    pub member_count: i64,
    /// Whether the caller is a member.
    pub is_member: bool,
}

impl From<model::Channel> for Channel {
    fn from(channel: model::Channel) -> Self {
        let model::Channel { about, member_count, is_member } = channel;
        Self {
            id: about.id.0,
            kind: about.kind.into(),
            title: about.title,
            description: about.description,
            avatar_url: about.avatar.map(avatar_path),
            read_only: about.is_read_only,
            member_count,
            is_member,
        }
    }
}

impl Example for Channel {
    fn example() -> Self {
        Self {
            id: 253_402_300_928,
            kind: ChatKind::Channel,
            title: "Новости".to_owned(),
            description: Some("Что нового".to_owned()),
            avatar_url: None,
            read_only: true,
            member_count: 120,
            is_member: false,
        }
    }
}

/// An invitation link to a group.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Invite {
    pub id: i64,
    /// The link to share.
    pub url: String,
    /// The last path segment of the link.
    pub token: String,
    /// The user who created it.
    pub creator_id: i64,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// Null if the invitation does not expire.
    pub expires_at: Option<String>,
    /// How many people have joined with it.
    pub uses: i64,
    /// How many people can join with it; null if unlimited.
    pub max_uses: Option<i64>,
}

impl Invite {
    /// `base` is the address that links begin with.
    pub fn new(invitation: Invitation, base: &str) -> Self {
        let Invitation { invite, token } = invitation;
        Self {
            id: invite.id.0,
            url: format!("{base}/join/{token}"),
            token,
            creator_id: invite.creator.0,
            created_at: invite.created_at.iso(),
            expires_at: invite.expires_at.map(model::Time::iso),
            uses: invite.uses,
            max_uses: invite.max_uses,
        }
    }
}

impl Example for Invite {
    fn example() -> Self {
        let token = "AAAAOwAAA0FLc3VzaGEgaXMgYSBjYXQh".to_owned();
        Self {
            id: 253_402_300_993,
            url: format!("https://chat.example.org/join/{token}"),
            token,
            creator_id: 253_402_300_799,
            created_at: "2024-03-26T12:00:00".to_owned(),
            expires_at: Some("2024-04-02T12:00:00".to_owned()),
            uses: 3,
            max_uses: Some(10),
        }
    }
}

/// The target of an invitation.
#[derive(Object, Debug)]
#[oai(example)]
pub struct InvitedTo {
    pub chat: Channel,
    /// Null if the invitation does not expire.
    pub expires_at: Option<String>,
}

impl From<Invited> for InvitedTo {
    fn from(invited: Invited) -> Self {
        Self { chat: invited.to.into(), expires_at: invited.expires_at.map(model::Time::iso) }
    }
}

impl Example for InvitedTo {
    fn example() -> Self {
        let chat = Channel {
            kind: ChatKind::Group,
            title: "New Project Discussion".to_owned(),
            description: None,
            read_only: false,
            member_count: 4,
            ..Channel::example()
        };
        Self { chat, expires_at: Some("2024-04-02T12:00:00".to_owned()) }
    }
}

/// A user who is banned from a chat.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Ban {
    pub user: Person,
    /// The user who issued the ban.
    pub by_id: i64,
    pub reason: Option<String>,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
}

impl From<model::Ban> for Ban {
    fn from(ban: model::Ban) -> Self {
        let model::Ban { person, by, reason, at } = ban;
        Self { user: person.into(), by_id: by.0, reason, created_at: at.iso() }
    }
}

impl Example for Ban {
    fn example() -> Self {
        Self {
            user: Person::example(),
            by_id: 253_402_300_799,
            reason: Some("Advertising".to_owned()),
            created_at: "2024-03-26T12:00:00".to_owned(),
        }
    }
}

/// The caller's read position in a chat.
#[derive(Object)]
#[oai(example)]
pub struct ReadMark {
    chat_id: i64,
    /// The newest message that the caller has read.
    message_id: Option<i64>,
    /// The number of unread messages from others.
    unread_count: i64,
}

impl From<model::Chat> for ReadMark {
    fn from(chat: model::Chat) -> Self {
        Self {
            chat_id: chat.id().0,
            message_id: chat.last_read.map(|id| id.0),
            unread_count: chat.unread_count,
        }
    }
}

impl Example for ReadMark {
    fn example() -> Self {
        Self { chat_id: 253_402_300_927, message_id: Some(253_402_300_991), unread_count: 0 }
    }
}
