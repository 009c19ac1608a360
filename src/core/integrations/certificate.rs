//! From when until when a certificate is valid.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::Time;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which old certificates leave out.
const VERSION: u8 = 0xa0;

/// The first and the last moment of an X.509 certificate in DER (RFC 5280, 4.1); `None` if it is not one.
pub fn validity(certificate: &[u8]) -> Option<(Time, Time)> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut fields, _) = element(certificate)?;
    if let (VERSION, _, rest) = element(fields)? {
        fields = rest;
    }
    // The serial number, the algorithm and the issuer stand before.
    for _ in 0..3 {
        (_, _, fields) = element(fields)?;
    }
    let (tag, times, _) = element(fields)?;
    let (first_tag, first, rest) = element(times)?;
    let (last_tag, last, _) = element(rest)?;
    (tag == SEQUENCE).then_some((time(first_tag, first)?, time(last_tag, last)?))
}

/// The tag and the content of the first element, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn time(tag: u8, text: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(text).ok()?;
    let text = match tag {
        // Two digits of the year, from 1950 on.
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(Time(time.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate as far as it is read: with a version or without, and with these times.
    fn certificate(version: &[u8], times: &[(u8, &str)]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| {
            [&[tag, 0x82, (content.len() >> 8) as u8, content.len() as u8][..], content].concat()
        };
        let times: Vec<u8> = times.iter().flat_map(|(tag, text)| wrap(*tag, text.as_bytes())).collect();
        let before = [version, &[2, 1, 7, SEQUENCE, 0, SEQUENCE, 0]].concat();
        wrap(SEQUENCE, &wrap(SEQUENCE, &[before, wrap(SEQUENCE, &times)].concat()))
    }

    #[test]
    fn both_kinds_of_time_are_read() {
        let times = [(UTC_TIME, "240326120000Z"), (GENERALIZED_TIME, "20500101000000Z")];
        let valid = Some((Time(1_711_454_400_000), Time(2_524_608_000_000)));
        assert_eq!(validity(&certificate(&[VERSION, 3, 2, 1, 2], &times)), valid);
        assert_eq!(validity(&certificate(&[], &times)), valid);
        let old = [(UTC_TIME, "700101000000Z"), (UTC_TIME, "700101000001Z")];
        assert_eq!(validity(&certificate(&[], &old)), Some((Time(0), Time(1_000))));
    }

    #[test]
    fn what_is_no_certificate_has_no_times() {
        let whole = certificate(&[], &[(UTC_TIME, "240326120000Z"), (UTC_TIME, "240326120000Z")]);
        for length in 0..whole.len() {
            assert_eq!(validity(&whole[..length]), None, "{length}");
        }
        assert_eq!(validity(&certificate(&[], &[(UTC_TIME, "yesterday"), (UTC_TIME, "today")])), None);
        assert_eq!(validity(&[SEQUENCE, 0x85, 0, 0, 0, 0, 0]), None);
    }
}
