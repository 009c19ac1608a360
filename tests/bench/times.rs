//! How long things took: every measured time is kept, so percentiles are exact.

use std::time::Duration;

#[derive(Default)]
pub(crate) struct Times(Vec<u64>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.add_nanos(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn add_nanos(&mut self, nanos: u64) {
        self.0.push(nanos);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The times in milliseconds below which these shares of all lie (nearest rank); not a number
    /// when nothing was measured.
    pub(crate) fn millis<const N: usize>(&mut self, shares: [f64; N]) -> [f64; N] {
        self.0.sort_unstable();
        shares.map(|share| {
            let rank = (share * self.0.len() as f64).ceil() as usize;
            self.0.get(rank.saturating_sub(1)).map_or(f64::NAN, |nanos| *nanos as f64 / 1e6)
        })
    }
}
