//! What things are: plain data, without a database, a network or a clock.

mod attachment;
mod bookmark;
mod chat;
mod content;
mod draft;
mod elsewhere;
mod event;
mod id;
mod imported;
mod invite;
mod link;
mod meeting;
mod mention;
mod message;
mod notice;
mod poll;
mod presence;
mod right;
mod scheduled;
pub mod search;
mod session;
pub mod text;
mod time;
mod tongue;
mod topic;
mod user;

pub use attachment::{Attachment, Class, MediaMetadata};
pub use bookmark::Bookmark;
pub use chat::{About, Channel, Chat, ChatKind, Member, Notify, Preferences, Roll};
pub use content::{Content, Flaw, Kind, Payload, is_blank};
pub use draft::Draft;
pub use elsewhere::Elsewhere;
pub use event::{Change, Event, Position};
pub use id::{
    AttachmentId, BookmarkId, ChatId, Ids, InviteId, MessageId, NODES, ScheduledId, SessionId, Stream, UserId,
};
pub use imported::Imported;
pub use invite::{Ban, Invite};
pub use link::{Link, Page, Preview, links};
pub use meeting::proposes_meeting;
pub use mention::Mentioned;
pub use message::{Edit, Message, Origin, Parts, Quote, Reaction, Thread};
pub use notice::Notice;
pub use poll::{Choice, Poll, Vote};
pub use presence::{Presence, Status};
pub use right::{Right, Role};
pub use scheduled::{Failure, Scheduled};
pub use session::{Scopes, Session, SessionKind};
pub use time::Time;
pub use tongue::Tongue;
pub use topic::Topic;
pub use user::{Account, Blocked, DELETED, Person, User, fold};
