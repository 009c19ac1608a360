//! Moments: milliseconds since 1970 in UTC, as the database keeps them.

use std::time::Duration;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// The end of the year 9999: later than anything.
    pub const NEVER: Self = Self(253_402_300_799_999);

    /// ISO 8601 in UTC without a zone, as v1 documents it: `2024-03-26T12:00:00.25`.
    pub fn iso(self) -> String {
        let text = self.timestamp().to_string();
        text.strip_suffix('Z').unwrap_or(&text).to_owned()
    }

    /// ISO 8601 in UTC with milliseconds and `Z`, as JavaScript writes it: `2024-03-26T12:00:00.250Z`.
    pub fn iso_millis(self) -> String {
        self.timestamp().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// ISO 8601 in UTC to the second and without separators, as S3 is signed: `20240326T120000Z`.
    pub fn basic(self) -> String {
        self.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// Reads ISO 8601: with a zone, without one (then it is UTC), or a day alone.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Some(Self(moment.as_millisecond()));
        }
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        let moment = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Self(moment.timestamp().as_millisecond()))
    }

    /// Seconds since 1970, as JSON Web Tokens count (RFC 7519, NumericDate).
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
}
