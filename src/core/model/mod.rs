//! Domain types: plain data, without database, network or clock.

mod attachment;
mod backup;
mod bookmark;
mod chat;
mod chat_kind;
mod content;
mod draft;
mod event;
mod external_file;
mod id;
mod import_summary;
mod invite;
mod language;
mod link;
mod meeting_proposal;
mod mention;
mod message;
mod notice;
mod poll;
mod presence;
mod push;
mod right;
mod role;
mod scheduled;
pub mod search;
mod session;
pub mod text;
mod time;
mod topic;
mod user;

pub use attachment::{Attachment, FileClass, MediaMetadata};
pub use backup::Backup;
pub use bookmark::Bookmark;
pub use chat::{Channel, Chat, ChatInfo, Member, Notify, Preferences, Roster};
pub use chat_kind::ChatKind;
pub use content::{Content, InvalidField, Kind, Payload, is_blank};
pub use draft::Draft;
pub use event::{Change, Event, Position};
pub use external_file::ExternalFile;
pub use id::{
    AttachmentId, BookmarkId, ChatId, Ids, InviteId, MessageId, NODES, PushSubscriptionId, ScheduledId,
    SessionId, Stream, UserId,
};
pub use import_summary::ImportSummary;
pub use invite::{Ban, Invite};
pub use language::Language;
pub use link::{Link, Page, Preview, links};
pub use meeting_proposal::proposes_meeting;
pub use mention::Mentions;
pub use message::{Edit, Message, Origin, Parts, Quote, Reaction, Thread, is_same_emoji};
pub use notice::Notice;
pub use poll::{Choice, Poll, Vote};
pub use presence::{Presence, Status};
pub use push::{PushKeys, PushLogEntry, PushOutcome, PushSubscription};
pub use right::Right;
pub use role::Role;
pub use scheduled::{Failure, Scheduled};
pub use session::{Scopes, Session, SessionKind};
pub use time::Time;
pub use topic::Topic;
pub use user::{Account, Blocked, DELETED_ACCOUNT_NAME, Person, User, fold};
