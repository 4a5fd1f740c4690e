//! Events and lines, whatever the borders of the chunks.

use super::{LineFramer, MAX_DATA, SseFramer};
use proptest::prelude::*;
use rstest::rstest;

/// The data of each event, and the number of events, when the stream comes in pieces of these sizes, round and round.
fn events(stream: &[u8], sizes: &[usize]) -> (Vec<Vec<u8>>, u64) {
    let mut framer = SseFramer::default();
    let mut seen = Vec::new();
    for chunk in pieces(stream, sizes) {
        framer.feed(chunk, |data| seen.push(data.to_vec()));
    }
    (seen, framer.events())
}

fn lines(stream: &[u8], sizes: &[usize]) -> (Vec<Vec<u8>>, u64) {
    let mut framer = LineFramer::default();
    let mut seen = Vec::new();
    for chunk in pieces(stream, sizes) {
        framer.feed(chunk, |line| seen.push(line.to_vec()));
    }
    framer.finish(|line| seen.push(line.to_vec()));
    (seen, framer.lines())
}

fn pieces<'a>(mut stream: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut sizes = sizes.iter().cycle();
    while !stream.is_empty() {
        let size = sizes.next().map_or(stream.len(), |size| (*size).min(stream.len()));
        let (piece, rest) = stream.split_at(size);
        pieces.push(piece);
        stream = rest;
    }
    pieces
}

#[rstest]
#[case::line_feeds("data: a\n\ndata: b\n\n", &["a", "b"])]
#[case::carriage_returns("data: a\r\rdata: b\r\r", &["a", "b"])]
#[case::both("data: a\r\n\r\ndata: b\r\n\r\n", &["a", "b"])]
#[case::mixed("data: a\r\n\ndata: b\n\r\n", &["a", "b"])]
#[case::byte_order_mark("\u{feff}data: a\n\n", &["a"])]
#[case::byte_order_mark_only_at_the_start("data: a\n\n\u{feff}data: b\n\n", &["a"])]
#[case::several_lines("data: a\ndata\ndata:  b\n\n", &["a\n\n b"])]
#[case::no_space("data:a\n\n", &["a"])]
#[case::empty_data("data:\n\n", &[""])]
#[case::other_fields("event: x\nid: 1\nretry: 5\ndata: a\n\n", &["a"])]
#[case::comment(": data: no\n\n", &[])]
#[case::no_data("event: ping\n\n", &[])]
#[case::longer_name("database: x\n\n", &[])]
#[case::unfinished("data: a\n\ndata: b\n", &["a"])]
#[case::blank_lines("\n\n\ndata: a\n\n\n\n", &["a"])]
#[case::done("data: {}\n\ndata: [DONE]\n\n", &["{}", "[DONE]"])]
fn events_are_found(#[case] stream: &str, #[case] expected: &[&str]) {
    let expected: Vec<Vec<u8>> = expected.iter().map(|data| data.as_bytes().to_vec()).collect();
    for sizes in [&[usize::MAX][..], &[1], &[2], &[3, 1]] {
        let (seen, count) = events(stream.as_bytes(), sizes);
        assert_eq!(seen, expected, "in pieces of {sizes:?}");
        assert_eq!(count, expected.len() as u64);
    }
}

#[test]
fn an_event_that_is_too_long_is_counted_and_the_next_one_read() {
    let long = "x".repeat(MAX_DATA + 1);
    let stream = format!("data: {long}\n\ndata: a\n\n");
    for sizes in [&[usize::MAX][..], &[2, 100_000], &[7], &[MAX_DATA, 3]] {
        let (seen, count) = events(stream.as_bytes(), sizes);
        assert_eq!(seen, [b"a".to_vec()], "in pieces of {sizes:?}");
        assert_eq!(count, 2);
    }
}

#[rstest]
#[case("{}\n{}\n", 2)]
#[case("{}\r\n\r\n{}", 2)]
#[case("\n \n", 0)]
#[case("", 0)]
fn lines_are_counted_also_the_last_without_an_end(#[case] stream: &str, #[case] count: u64) {
    assert_eq!(lines(stream.as_bytes(), &[1]).1, count);
    assert_eq!(lines(stream.as_bytes(), &[usize::MAX]).1, count);
}

proptest! {
    #[test]
    fn framing_is_independent_of_chunk_borders(
        stream in r"(\u{feff})?(data|data:|data: |:|event: x|da|[ab]|\r|\n|\r\n|\n\n){0,40}",
        sizes in prop::collection::vec(1_usize..9, 1..6),
    ) {
        prop_assert_eq!(events(stream.as_bytes(), &sizes), events(stream.as_bytes(), &[usize::MAX]));
        prop_assert_eq!(lines(stream.as_bytes(), &sizes), lines(stream.as_bytes(), &[usize::MAX]));
    }
}
