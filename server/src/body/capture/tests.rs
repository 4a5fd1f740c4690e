//! The prefix of a body that is kept.

use super::Capture;
use bytes::Bytes;
use proptest::prelude::*;
use rstest::rstest;

fn captured(limit: usize, frames: &[&[u8]]) -> Capture {
    let mut capture = Capture::new(limit);
    for frame in frames {
        capture.feed(&Bytes::copy_from_slice(frame));
    }
    capture
}

#[rstest]
#[case::whole(10, &[b"abc" as &[u8], b"de"], Some("abcde"))]
#[case::cut(4, &[b"abc" as &[u8], b"def"], Some("abcd"))]
#[case::cut_in_a_character(4, &["abcé".as_bytes()], Some("abc"))]
#[case::character_over_two_frames(10, &[b"\xc3" as &[u8], b"\xa9"], Some("é"))]
#[case::incomplete_character_at_the_true_end(10, &[b"abc\xc3" as &[u8]], None)]
#[case::binary(10, &[b"\x1f\x8b\x08\x00" as &[u8]], None)]
#[case::control_character(10, &[b"a\x01b" as &[u8]], None)]
#[case::white_space(10, &[b"a\r\n\tb" as &[u8]], Some("a\r\n\tb"))]
#[case::nothing(10, &[], None)]
#[case::switched_off(0, &[b"abc" as &[u8]], None)]
fn text_is_kept_up_to_the_limit(#[case] limit: usize, #[case] frames: &[&[u8]], #[case] text: Option<&str>) {
    assert_eq!(captured(limit, frames).text().as_deref(), text);
}

proptest! {
    #[test]
    fn every_byte_is_counted_and_the_text_is_a_prefix(text in "\\PC{0,40}", limit in 0_usize..50, cut in 0_usize..40) {
        let bytes = text.as_bytes();
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        let capture = captured(limit, &[first, second]);
        prop_assert_eq!(capture.total(), bytes.len() as u64);
        prop_assert!(text.starts_with(&capture.text().unwrap_or_default()));
    }
}

#[test]
fn small_frames_do_not_keep_the_buffers_they_were_read_into() {
    let mut capture = Capture::new(1_000);
    let buffer = Bytes::from(vec![b'x'; 8_192]);
    for _ in 0..10 {
        capture.feed(&buffer.slice(..10));
    }
    assert_eq!(capture.text().unwrap(), "x".repeat(100));
    assert!(buffer.is_unique(), "a frame is still held");
}
