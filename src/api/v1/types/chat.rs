//! Chats, who may come into them, and how one wants to have them.

use poem_openapi::types::Example;
use poem_openapi::{Enum, Object};

use super::attachment::avatar_path;
use super::{Message, Person, Role};
use besedka_core::messenger::{Invitation, Invited};
use besedka_core::model;

/// A chat, as the caller sees it.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Chat {
    pub id: i64,
    /// Of a private chat: the other person's name. Of saved messages: one's own.
    pub title: String,
    /// Whether people come and go: a group or a channel.
    pub is_group: bool,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// How many are in it.
    pub member_count: i64,
    /// The newest message that the caller sees.
    pub last_message: Option<Message>,
    /// Messages of others that the caller has not read.
    pub unread_count: i64,
    /// The newest message that the caller has read.
    pub last_read_message_id: Option<i64>,
    /// The other one of a private chat.
    pub peer: Option<Person>,
    pub kind: ChatKind,
    pub description: Option<String>,
    /// A square picture, below this server's address.
    pub avatar_url: Option<String>,
    /// Whether only owner and admins post.
    pub read_only: bool,
    /// How many seconds what is said stays; null: for good.
    pub message_life: Option<i64>,
    /// Whether the assistant may be asked there, if the server has one.
    pub assistant: bool,
    /// Of the unread messages, those that mention the caller or everybody.
    pub mention_count: i64,
    /// The caller's own.
    pub role: Role,
    /// The short code by which others join, `POST /chats/join`; only for those who may invite.
    pub code: Option<String>,
    /// Until when the caller wants no notifications. UTC, ISO 8601 without a zone.
    pub muted_until: Option<String>,
    /// Whether the caller keeps it at the top of the list.
    pub pinned: bool,
    /// Whether the caller keeps it out of the list. It stays there until it is taken out, whatever is said in it.
    pub archived: bool,
    /// Of what the caller wants to be notified.
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

/// What kind of chat it is.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[oai(rename_all = "lowercase")]
pub enum ChatKind {
    /// Of two people.
    Private,
    /// Of those who were brought in or invited.
    Group,
    /// A group that everybody on the server finds and may join.
    Channel,
    /// What one keeps for oneself.
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

/// Of what one wants to be notified.
#[derive(Enum, Debug, Clone, Copy)]
#[oai(rename_all = "lowercase")]
pub enum Notify {
    /// Of every message.
    All,
    /// Of messages that mention one, or everybody.
    Mentions,
    /// Of nothing.
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

/// What is alike for everybody in a chat.
#[derive(Object, Debug)]
#[oai(example)]
pub struct ChatAbout {
    pub id: i64,
    pub kind: ChatKind,
    /// Null of a private chat, which has another title for each reader.
    pub title: Option<String>,
    pub description: Option<String>,
    /// A square picture, below this server's address.
    pub avatar_url: Option<String>,
    /// Whether only owner and admins post.
    pub read_only: bool,
    /// How many seconds what is said stays; null: for good.
    pub message_life: Option<i64>,
    /// Whether the assistant may be asked there, if the server has one.
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

/// How one wants to have a chat. All of one's devices hear of it; nobody else does.
#[derive(Object, Debug)]
#[oai(example)]
pub struct ChatSettings {
    pub chat_id: i64,
    /// Until when one wants no notifications. UTC, ISO 8601 without a zone.
    pub muted_until: Option<String>,
    /// Whether one keeps it at the top of the list.
    pub pinned: bool,
    /// Whether one keeps it out of the list. It stays there until it is taken out, whatever is said in it.
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

/// A public channel, as one finds it.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Channel {
    pub id: i64,
    pub kind: ChatKind,
    pub title: String,
    pub description: Option<String>,
    /// A square picture, below this server's address.
    pub avatar_url: Option<String>,
    pub read_only: bool,
    pub member_count: i64,
    /// Whether the caller is in it.
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

/// An address by which others come into a group.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Invite {
    pub id: i64,
    /// To be given to others.
    pub url: String,
    /// What the address ends in.
    pub token: String,
    /// Who made it.
    pub creator_id: i64,
    /// UTC, ISO 8601 without a zone.
    pub created_at: String,
    /// Null: it does not run out.
    pub expires_at: Option<String>,
    /// How many came by it.
    pub uses: i64,
    /// How many may; null: all who like.
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

/// To what one is invited.
#[derive(Object, Debug)]
#[oai(example)]
pub struct InvitedTo {
    pub chat: Channel,
    /// Null: the invitation does not run out.
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

/// Somebody who may not come into a chat.
#[derive(Object, Debug)]
#[oai(example)]
pub struct Ban {
    pub user: Person,
    /// Who banned them.
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
