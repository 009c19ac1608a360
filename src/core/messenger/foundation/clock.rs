//! The clock: the system's time, moved by tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::model::Time;

/// The current time. Clones are moved together.
#[derive(Clone, Default)]
pub struct Clock {
    /// Milliseconds that a test has moved the clock by.
    moved: Arc<AtomicI64>,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    pub fn now(&self) -> Time {
        let now = jiff::Timestamp::now().as_millisecond();
        Time(now + self.moved.load(Ordering::Relaxed))
    }

    /// Moves the clock forward, for tests.
    pub fn advance(&self, by: Duration) {
        self.moved.fetch_add(i64::try_from(by.as_millis()).unwrap_or_default(), Ordering::Relaxed);
    }

    /// Moves the clock back, for tests with other parties whose clocks differ.
    pub fn turn_back(&self, by: Duration) {
        self.moved.fetch_sub(i64::try_from(by.as_millis()).unwrap_or_default(), Ordering::Relaxed);
    }
}
