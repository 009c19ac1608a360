//! Administration of accounts, their deactivation and deletion; groups and channels; the audit log; reports by users; for
//! how long messages are kept; what the server measures of itself; backups.

pub(crate) mod administrator;
pub(crate) mod announcement;
pub(crate) mod audit;
pub(crate) mod backups;
pub(crate) mod chats;
pub(crate) mod deactivation;
pub(crate) mod deletion;
pub(crate) mod doctor;
pub(crate) mod measurements;
pub(crate) mod people;
pub(crate) mod proxy_advice;
pub(crate) mod reports;
pub(crate) mod retention;
pub(crate) mod setup;
