//! When a certificate ends (RFC 5280 section 4.1.2.5). The library that verifies certificates does not tell, so the few
//! fields before it are stepped over here.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The end of a certificate in DER.
pub fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let (_, outer, _) = value(certificate)?;
    let (_, mut fields, _) = value(outer)?;
    if fields.first() == Some(&VERSION) {
        fields = value(fields)?.2;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        fields = value(fields)?.2;
    }
    let (SEQUENCE, validity, _) = value(fields)? else {
        return None;
    };
    let (_, _, rest) = value(validity)?;
    let (kind, text, _) = value(rest)?;
    time(kind, std::str::from_utf8(text).ok()?)
}

/// One value in DER: its tag, its content, and what follows.
fn value(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // More than four bytes of length are no certificate's.
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (
                digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)),
                rest,
            )
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`.
fn time(kind: u8, text: &str) -> Option<Timestamp> {
    let digits = text
        .strip_suffix('Z')
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    let whole = match (kind, digits.len()) {
        // RFC 5280: 50 and above is of the last century.
        (UTC_TIME, 12) if digits < "50" => format!("20{digits}"),
        (UTC_TIME, 12) => format!("19{digits}"),
        (GENERALIZED_TIME, 14) => digits.to_owned(),
        _ => return None,
    };
    let end = DateTime::strptime("%Y%m%d%H%M%S", &whole).ok()?;
    // The last second of 9999 means never (RFC 5280 section 4.1.2.5), and is later than a timestamp can say.
    Some(
        end.to_zoned(TimeZone::UTC)
            .map_or(Timestamp::MAX, |end| end.timestamp()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(UTC_TIME, "271123150000Z", Some("2027-11-23T15:00:00Z"))]
    #[case(UTC_TIME, "991231235959Z", Some("1999-12-31T23:59:59Z"))]
    #[case(GENERALIZED_TIME, "20550101000000Z", Some("2055-01-01T00:00:00Z"))]
    #[case(GENERALIZED_TIME, "99991231235959Z", Some("9999-12-30T22:00:00.999999999Z"))]
    #[case(GENERALIZED_TIME, "20551301000000Z", None)]
    #[case(UTC_TIME, "2711231500Z", None)]
    #[case(UTC_TIME, "27112315000\u{e9}Z", None)]
    fn times_are_read_in_both_forms(#[case] kind: u8, #[case] text: &str, #[case] expected: Option<&str>) {
        let expected = expected.map(|text| text.parse::<Timestamp>().unwrap());
        assert_eq!(time(kind, text), expected);
    }

    #[test]
    fn what_is_cut_short_has_no_end() {
        let made = rcgen::generate_simple_self_signed(["h".to_owned()]).unwrap();
        let whole = made.cert.der().as_ref();
        assert!(not_after(whole).is_some());
        for length in 0..whole.len().min(120) {
            assert_eq!(not_after(&whole[..length]), None);
        }
    }
}
