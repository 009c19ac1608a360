//! The native API, over HTTP and WebSocket.

mod attachments;
mod auth;
mod chats;
mod errors;
mod idempotency;
mod messages;
mod people;
mod sessions;
mod socket;
mod sync;
mod users;
