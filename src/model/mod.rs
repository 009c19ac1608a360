//! What things are: plain data, without a database, a network or a clock.

mod attachment;
mod chat;
mod content;
mod event;
mod id;
mod link;
mod message;
mod right;
mod session;
mod time;
mod user;

pub use attachment::Attachment;
pub use chat::{Chat, ChatKind, Member};
pub use content::{Content, Flaw, Kind, Notice, Payload};
pub use event::{Change, Event, Position};
pub use id::{AttachmentId, ChatId, Ids, MessageId, SessionId, Stream, UserId};
pub use link::{Link, links};
pub use message::{Message, Reaction};
pub use right::{Right, Role};
pub use session::Session;
pub use time::Time;
pub use user::{Person, User, fold};
