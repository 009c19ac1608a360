//! The native API, over HTTP and WebSocket.

mod attachments;
mod auth;
mod avatars;
mod channels;
mod chats;
mod errors;
mod expiry;
mod forward;
mod idempotency;
mod invites;
mod kinds;
mod media;
mod members;
mod messages;
mod people;
mod pins;
mod polls;
mod receipts;
mod previews;
mod replies;
mod rights;
mod sessions;
mod socket;
mod sync;
mod unread;
mod users;
