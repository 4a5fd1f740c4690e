//! Sums and percentiles over time.

use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn an_open_range_is_made_of_days() {
    let parts = MetricsRange::default().parts(at("2030-01-06T00:00:00Z"));
    assert_eq!(
        parts,
        [Part {
            length: DAY,
            from: i64::MIN,
            to: i64::MAX
        }]
    );
}

#[test]
fn a_long_range_is_made_of_minutes_hours_and_days() {
    let range = MetricsRange {
        start: Some(at("2030-01-01T22:58:30Z")),
        end: Some(at("2030-01-05T01:02:00Z")),
    };
    let lengths: Vec<_> = range
        .parts(at("2030-01-06T00:00:00Z"))
        .iter()
        .map(|part| part.length)
        .collect();
    assert_eq!(lengths, [MINUTE, HOUR, DAY, HOUR, MINUTE]);
}

#[test]
fn a_day_given_by_its_bare_date_is_one_row() {
    let range = MetricsRange::parse(Some("2030-01-01"), Some("2030-01-01")).unwrap();
    let parts = range.parts(at("2030-01-06T00:00:00Z"));
    assert_eq!((parts.len(), parts[0].length), (1, DAY));
}

#[test]
fn where_minutes_and_hours_are_forgotten_longer_spans_serve() {
    let range = MetricsRange::parse(Some("2030-01-01T10:30:00Z"), Some("2030-01-01T11:15:00Z")).unwrap();
    let lengths = |now| range.parts(at(now)).iter().map(|part| part.length).collect::<Vec<_>>();
    assert_eq!(lengths("2030-01-02T00:00:00Z"), [MINUTE]);
    assert_eq!(lengths("2030-03-01T00:00:00Z"), [HOUR]);
    assert_eq!(lengths("2032-03-01T00:00:00Z"), [DAY]);
}

#[test]
fn top_lists_are_counted_in_hours_and_those_of_a_long_range_in_days() {
    let lengths = |start, end| {
        let range = MetricsRange::parse(start, end).unwrap();
        let parts = range.coarse_parts(at("2030-01-20T12:30:00Z"));
        parts.iter().map(|part| part.length).collect::<Vec<_>>()
    };
    let now = Some("2030-01-20T12:30:00Z");
    assert_eq!(lengths(Some("2030-01-20T12:10:00Z"), now), [HOUR]);
    assert_eq!(lengths(Some("2030-01-19T12:30:00Z"), now), [HOUR]);
    assert_eq!(lengths(Some("2030-01-18T12:30:00Z"), now), [HOUR, DAY, HOUR]);
    assert_eq!(lengths(Some("2030-01-18T12:29:00Z"), now), [DAY]);
    assert_eq!(lengths(Some("2030-01-18T12:29:00Z"), None), [DAY]);
    assert_eq!(lengths(None, Some("2030-01-19T12:30:00Z")), [DAY]);
    assert_eq!(lengths(None, None), [DAY]);
}

#[test]
fn a_range_that_makes_no_sense_is_refused() {
    let fields = |start, end| {
        MetricsRange::parse(Some(start), Some(end)).unwrap_err()[0]
            .field
            .clone()
    };
    assert_eq!(fields("soon", ""), "start_time");
    assert_eq!(fields("", "later"), "end_time");
    assert_eq!(fields("2030-01-02", "2030-01-01"), "end_time");
}

proptest! {
    #[test]
    fn the_parts_cover_a_range_once(from in 0_i64..5_000_000, minutes in 0_i64..5_000_000) {
        let (from, to) = (from * MINUTE_US, (from + minutes) * MINUTE_US);
        let mut end = from;
        for part in parts(from, to) {
            prop_assert_eq!(part.from, end);
            prop_assert_eq!(start_of(part.length, part.from), part.from);
            prop_assert_eq!(start_of(part.length, part.to), part.to);
            end = part.to;
        }
        prop_assert_eq!(end, to);
    }
}
