//! Searching messages, and the index that answers it.

pub(crate) mod indexing;
pub(crate) mod query;
