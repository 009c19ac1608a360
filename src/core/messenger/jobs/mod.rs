//! What the server does by itself: periodic jobs and retention.

pub(crate) mod periodic;
pub(crate) mod retention;
