//! Accounts: registration, signing in, sessions, tokens, profiles, blocking.

pub(crate) mod account;
pub(crate) mod avatar;
pub(crate) mod block;
pub(crate) mod code_delivery;
pub(crate) mod contact;
pub(crate) mod display_names;
pub(crate) mod email_change;
pub(crate) mod failed_sign_ins;
pub(crate) mod known_users;
pub(crate) mod mail_queue;
pub(crate) mod notice;
pub(crate) mod password;
pub(crate) mod personal_token;
pub(crate) mod profile;
pub(crate) mod registration;
pub(crate) mod session;
pub(crate) mod sign_in_code;
pub(crate) mod token;
