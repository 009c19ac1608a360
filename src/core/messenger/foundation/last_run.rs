//! When a periodic job last ran.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::model::Time;

/// When a job last started.
#[derive(Default)]
pub(crate) struct LastRun(AtomicI64);

impl LastRun {
    /// Returns the time of the last run, and records a new one, if the job is due; `None` if it is not.
    pub(crate) fn due(&self, now: Time, every: Duration) -> Option<Time> {
        let last = Time(self.0.load(Ordering::Relaxed));
        (last + every <= now).then(|| Time(self.0.swap(now.0, Ordering::Relaxed)))
    }

    /// Makes the job due.
    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
