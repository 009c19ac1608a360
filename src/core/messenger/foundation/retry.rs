//! When something that another server did not take is tried again.

use std::time::Duration;

use crate::model::Time;

/// How long to wait after each failed try.
pub(crate) struct RetrySchedule {
    delays: &'static [Duration],
    /// The longest time that the other server may ask to wait (`Retry-After`, RFC 9110 section 10.2.3).
    max_retry_after: Duration,
}

impl RetrySchedule {
    pub(crate) const fn new(delays: &'static [Duration], max_retry_after: Duration) -> Self {
        Self { delays, max_retry_after }
    }

    /// When to try again after so many tries; `None` when there were enough. The other server may ask for more time, but
    /// not for less.
    pub(crate) fn next(&self, tries: i64, now: Time, retry_after: Option<Duration>) -> Option<Time> {
        let index = usize::try_from(tries - 1).unwrap_or_default();
        let delay = self.delays.get(index)?;
        let wanted = retry_after.unwrap_or_default().min(self.max_retry_after);
        Some(now + wanted.max(*delay))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: RetrySchedule = RetrySchedule::new(
        &[Duration::from_secs(5), Duration::from_secs(60)],
        Duration::from_secs(24 * 3_600),
    );

    #[test]
    fn each_try_has_its_delay_and_then_it_is_enough() {
        let next = |tries| SCHEDULE.next(tries, Time(1_000), None).map(|at| at.0);
        assert_eq!([1, 2, 3].map(next), [Some(6_000), Some(61_000), None]);
    }

    #[test]
    fn the_other_server_may_ask_for_more_time_but_not_for_less() {
        let next = |seconds| SCHEDULE.next(1, Time(0), Some(Duration::from_secs(seconds))).unwrap().seconds();
        assert_eq!([1, 120, 1_000_000].map(next), [5, 120, 24 * 3_600]);
    }
}
