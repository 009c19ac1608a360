//! Pushes to devices that are not connected (Web Push and UnifiedPush).
//!
//! A new message is queued in the transaction that posts it (`messages::push_queue`). The job leader then chooses whom it
//! is pushed to (`recipients`, by `rules`), in one transaction that also takes it out of the queue, so that each message is
//! pushed once, however many nodes there are. The pushes wait in a table. Before one is sent (`delivery`) its next attempt
//! is put off, so that no other node sends it, and it is asked again whether it is still wanted. What is pushed is read
//! then: the table has only ids.

pub(crate) mod cleanup;
pub(crate) mod delivery;
pub(crate) mod recipients;
mod rules;
pub(crate) mod subscription;
