//! Timestamps: milliseconds since 1970 in UTC, as stored in the database.

use std::time::Duration;

/// A timestamp in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// The end of the year 9999: later than any other time.
    pub const NEVER: Self = Self(253_402_300_799_999);

    /// ISO 8601 in UTC without a time zone, the format of v1: `2024-03-26T12:00:00.25`.
    pub fn iso(self) -> String {
        let text = self.timestamp().to_string();
        text.strip_suffix('Z').unwrap_or(&text).to_owned()
    }

    /// ISO 8601 in UTC with milliseconds and `Z`, as JavaScript writes it: `2024-03-26T12:00:00.250Z`.
    pub fn iso_millis(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// ISO 8601 in UTC to the second without separators, the format of S3 signatures: `20240326T120000Z`.
    pub fn basic(self) -> String {
        self.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// Parses ISO 8601: with a time zone, without one (UTC), or a date alone.
    pub fn read(text: &str) -> Option<Self> {
        Self::read_in(text, &jiff::tz::TimeZone::UTC)
    }

    /// The same; a time without a time zone, or a date alone, is of this zone.
    pub fn read_in(text: &str, zone: &jiff::tz::TimeZone) -> Option<Self> {
        let text = text.trim();
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Some(Self(moment.as_millisecond()));
        }
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        let moment = civil.to_zoned(zone.clone()).ok()?;
        Some(Self(moment.timestamp().as_millisecond()))
    }

    /// Whether less than `life` has passed since then. Not if it is in the future: the clock was set back, and nobody knows
    /// how long ago it was.
    pub fn is_within(self, life: Duration, now: Self) -> bool {
        self <= now && now < self + life
    }

    /// Seconds since 1970, as in JSON Web Tokens (RFC 7519, NumericDate).
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl std::ops::Add<Duration> for Time {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_utc_without_a_zone() {
        assert_eq!(Time(1_711_454_400_000).iso(), "2024-03-26T12:00:00");
        assert_eq!(Time(1_711_454_400_250).iso(), "2024-03-26T12:00:00.25");
        assert_eq!(Time(1_711_454_400_000).iso_millis(), "2024-03-26T12:00:00.000Z");
        assert_eq!(Time(1_711_454_400_250).basic(), "20240326T120000Z");
    }

    #[test]
    fn what_is_of_the_future_is_not_within_a_lifetime() {
        let (at, life) = (Time(5_000), Duration::from_secs(2));
        let is_within = |now| at.is_within(life, Time(now));
        assert!(is_within(5_000) && is_within(6_999));
        assert!(!is_within(7_000) && !is_within(4_999));
    }
}
