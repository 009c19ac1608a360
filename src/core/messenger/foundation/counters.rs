//! What this node has done since it started, for metrics.

use std::sync::atomic::{AtomicI64, AtomicU64};

#[derive(Default)]
pub(crate) struct Counters {
    /// Messages that were posted, by users and at scheduled times.
    pub posted: AtomicU64,
    /// When the periodic jobs last ran, in milliseconds since 1970; 0 if they have not yet.
    pub jobs_ran: AtomicI64,
}
