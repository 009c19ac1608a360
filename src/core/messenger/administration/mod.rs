//! What administrators of the server do with accounts, and how accounts end.

pub(crate) mod administrator;
pub(crate) mod deactivation;
pub(crate) mod deletion;
