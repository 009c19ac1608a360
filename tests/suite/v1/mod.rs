//! The native API, over HTTP and WebSocket.

mod attachments;
mod auth;
mod chats;
mod errors;
mod expiry;
mod forward;
mod idempotency;
mod kinds;
mod media;
mod messages;
mod people;
mod pins;
mod polls;
mod replies;
mod sessions;
mod socket;
mod sync;
mod users;
