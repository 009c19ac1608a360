//! The size of a slice of background work.

use std::time::Duration;

/// How long a slice may take, because what people wait for waits for it.
const MAX_DURATION: Duration = Duration::from_millis(5);

/// How many items one slice handles: fewer when a slice has taken too long, more when it took little time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SliceSize {
    size: u64,
    max: u64,
}

impl SliceSize {
    const MIN: u64 = 8;

    pub(crate) fn new(max: u64) -> Self {
        Self { size: max.min(32), max }
    }

    pub(crate) fn get(self) -> u64 {
        self.size
    }

    /// Adapts it to how long a slice of this size has taken.
    pub(crate) fn adapt(&mut self, taken: Duration) {
        if taken > MAX_DURATION {
            self.size = (self.size / 2).max(Self::MIN);
        } else if taken < MAX_DURATION / 3 {
            self.size = (self.size * 2).min(self.max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_become_as_large_as_their_time_allows() {
        let mut size = SliceSize::new(256);
        let per_item = Duration::from_micros(50);
        for _ in 0..10 {
            size.adapt(per_item * u32::try_from(size.get()).unwrap());
        }
        assert_eq!(size.get(), 64, "3.2 ms each");
        for _ in 0..10 {
            size.adapt(Duration::from_secs(1));
        }
        assert_eq!(size.get(), SliceSize::MIN);
        for _ in 0..10 {
            size.adapt(Duration::ZERO);
        }
        assert_eq!(size.get(), 256);
    }
}
