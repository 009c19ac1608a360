//! Administration of accounts, and their deactivation and deletion.

pub(crate) mod administrator;
pub(crate) mod deactivation;
pub(crate) mod deletion;
