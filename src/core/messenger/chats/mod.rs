//! Chats and who is in them: creating, joining, leaving, moderating.

pub(crate) mod avatar;
pub(crate) mod ban;
pub(crate) mod chat;
pub(crate) mod chat_cache;
pub(crate) mod client_names;
pub(crate) mod invite;
pub(crate) mod join;
pub(crate) mod leave;
pub(crate) mod lookup;
pub(crate) mod membership;
pub(crate) mod moderation;
pub(crate) mod notices;
pub(crate) mod participants;
pub(crate) mod short_code;
pub(crate) mod topics;
pub(crate) mod unread_counts;
pub(crate) mod validate;
