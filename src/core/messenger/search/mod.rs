//! Searching messages: the queries, and keeping the index up to date.

pub(crate) mod indexing;
pub(crate) mod query;
