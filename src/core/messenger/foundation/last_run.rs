//! When a periodic job last ran.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::model::Time;

/// When a job last started.
#[derive(Default)]
pub(crate) struct LastRun(AtomicI64);

impl LastRun {
    /// Returns the time of the last run, and records a new one, if the job is due; `None` if it is not. When the clock was
    /// set back by more than `every`, the job is due, as if it had never run.
    pub(crate) fn due(&self, now: Time, every: Duration) -> Option<Time> {
        let last = Time(self.0.load(Ordering::Relaxed));
        if last > now + every {
            self.0.store(now.0, Ordering::Relaxed);
            return Some(Time(0));
        }
        (last + every <= now).then(|| Time(self.0.swap(now.0, Ordering::Relaxed)))
    }

    /// Makes the job due.
    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_runs_on_when_the_clock_is_set_back() {
        let (job, every) = (LastRun::default(), Duration::from_secs(10));
        assert_eq!(job.due(Time(3_600_000), every), Some(Time(0)));
        assert_eq!(job.due(Time(3_605_000), every), None);
        assert_eq!(job.due(Time(3_599_000), every), None, "another task has read the clock a moment before");
        assert_eq!(job.due(Time(1_000_000), every), Some(Time(0)));
        assert_eq!(job.due(Time(1_009_999), every), None);
        assert_eq!(job.due(Time(1_010_000), every), Some(Time(1_000_000)));
    }
}
