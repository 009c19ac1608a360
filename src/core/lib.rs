//! What Besedka does, without HTTP: storage, files, delivery, other servers, and the rules of the messenger.

pub mod files;
pub mod hub;
pub mod integrations;
pub mod messenger;
pub mod model;
pub mod store;
