//! What Besedka does, without HTTP: storage, files, delivery, other servers, and the rules of the messenger.

pub mod backup;
pub mod files;
pub mod hub;
pub mod integrations;
pub mod messenger;
pub mod model;
pub mod store;
pub mod traces;

/// Returns the future of a public `async fn` in a box. An `async fn` is compiled by the crate that awaits it, together
/// with everything that it awaits in turn: without the box, `besedka-api` would compile the messenger and the store once
/// more, and every future around it would be as large as the deepest of them.
pub(crate) use async_recursion::async_recursion as boxed;
