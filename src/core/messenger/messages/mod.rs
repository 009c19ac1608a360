//! Messages: posting, editing, reading, and what hangs on them.

pub(crate) mod bookmark;
pub(crate) mod command;
pub(crate) mod draft;
pub(crate) mod erase;
pub(crate) mod expiry;
pub(crate) mod external_files;
pub(crate) mod forward;
pub(crate) mod history;
pub(crate) mod mentions;
pub(crate) mod message;
pub(crate) mod pin;
pub(crate) mod poll;
pub(crate) mod post;
pub(crate) mod post_called;
mod post_queue;
pub(crate) mod posting_rights;
pub(crate) mod preview;
pub(crate) mod push_queue;
pub(crate) mod reaction;
pub(crate) mod receipt;
pub(crate) mod request;
pub(crate) mod retry_detection;
pub(crate) mod scheduled;
pub(crate) mod validate;
