//! Bodies, byte by byte.

use super::*;
use proptest::prelude::*;
use rstest::rstest;

/// How a body came out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    data: Vec<u8>,
    trailers: Vec<(String, Vec<u8>)>,
    is_malformed: bool,
    has_ended: bool,
    /// What came after its end.
    rest: Vec<u8>,
}

/// Decodes what comes in such pieces, and then the connection's end.
fn decode(framing: Framing, pieces: &[&[u8]]) -> Outcome {
    let mut decoder = Decoder::new(framing, 8);
    let mut outcome = Outcome::default();
    for piece in pieces {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match decoder.decode(&mut input) {
                Ok(Decoded::Data(data)) => {
                    assert!(!data.is_empty());
                    outcome.data.extend_from_slice(&data);
                }
                Ok(Decoded::Trailers(fields)) => {
                    let fields = fields
                        .iter()
                        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
                    outcome.trailers = fields.collect();
                }
                Ok(Decoded::More) => break,
                Ok(Decoded::End) => {
                    outcome.rest.extend_from_slice(&input);
                    break;
                }
                Err(Malformed) => {
                    outcome.is_malformed = true;
                    return outcome;
                }
            }
        }
    }
    outcome.has_ended = decoder.end_of_input();
    outcome
}

fn whole(framing: Framing, bytes: &str) -> Outcome {
    decode(framing, &[bytes.as_bytes()])
}

#[rstest]
#[case::a_length(Framing::Length(3), "abc", "abc", "")]
#[case::more_than_the_length(Framing::Length(3), "abcdef", "abc", "def")]
#[case::nothing(Framing::Empty, "abc", "", "abc")]
#[case::until_the_end(Framing::UntilClose, "abc", "abc", "")]
#[case::chunks(Framing::Chunked, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", "")]
#[case::large_and_small_digits(
    Framing::Chunked,
    "A\r\n0123456789\r\n00a\r\n0123456789\r\n0\r\n\r\n",
    "01234567890123456789",
    ""
)]
#[case::extensions(Framing::Chunked, "3;x=\"y\"\r\nabc\r\n0;z\r\n\r\n", "abc", "")]
#[case::blanks_after_a_size(Framing::Chunked, "3 \t;x\r\nabc\r\n0 \r\n\r\n", "abc", "")]
#[case::more_after_the_last_chunk(Framing::Chunked, "0\r\n\r\nHTTP/1.1", "", "HTTP/1.1")]
#[case::more_zeros(Framing::Chunked, "000\r\n\r\n", "", "")]
fn a_body_ends_where_its_framing_says(
    #[case] framing: Framing,
    #[case] bytes: &str,
    #[case] data: &str,
    #[case] rest: &str,
) {
    let outcome = whole(framing, bytes);
    assert_eq!(String::from_utf8_lossy(&outcome.data), data);
    assert_eq!(String::from_utf8_lossy(&outcome.rest), rest);
    assert!(outcome.has_ended && !outcome.is_malformed);
}

#[rstest]
#[case::short(Framing::Length(4), "abc", "abc")]
#[case::within_a_chunk(Framing::Chunked, "5\r\nhal", "hal")]
#[case::after_a_chunk(Framing::Chunked, "2\r\nok\r\n", "ok")]
#[case::within_a_size(Framing::Chunked, "2\r\nok\r\n1", "ok")]
#[case::before_the_last_line(Framing::Chunked, "2\r\nok\r\n0\r\n", "ok")]
#[case::within_trailers(Framing::Chunked, "0\r\nX-A: 1\r\n", "")]
fn an_end_in_the_middle_is_no_end(#[case] framing: Framing, #[case] bytes: &str, #[case] data: &str) {
    let outcome = whole(framing, bytes);
    assert_eq!(String::from_utf8_lossy(&outcome.data), data);
    assert!(!outcome.has_ended && !outcome.is_malformed);
}

#[rstest]
#[case::no_size("xyz\r\n")]
#[case::nothing_before_the_line_end("\r\nabc")]
#[case::a_blank_before_a_size(" 3\r\nabc\r\n")]
#[case::a_sign("+3\r\nabc\r\n")]
#[case::digits_after_a_blank("3 3\r\nabc")]
#[case::a_size_that_is_none("3x\r\nabc\r\n")]
#[case::more_than_a_number_holds("10000000000000000\r\n")]
#[case::a_line_feed_alone_after_a_size("3\nabc\r\n0\r\n\r\n")]
#[case::a_line_feed_in_an_extension("3;a\nb\r\nabc\r\n")]
#[case::a_return_alone_after_a_size("3\rabc\r\n")]
#[case::longer_than_it_says("2\r\nokXX0\r\n\r\n")]
#[case::a_line_feed_alone_after_data("2\r\nok\n0\r\n\r\n")]
#[case::a_line_feed_alone_at_the_end("0\r\n\n")]
#[case::a_trailer_without_a_colon("0\r\nX-A\r\n\r\n")]
#[case::a_folded_trailer("0\r\nX-A: 1\r\n 2\r\n\r\n")]
#[case::a_line_feed_alone_after_a_trailer("0\r\nX-A: 1\nX-B: 2\r\n\r\n")]
fn chunks_that_are_none_are_refused(#[case] bytes: &str) {
    assert!(whole(Framing::Chunked, bytes).is_malformed);
}

#[test]
fn what_surrounds_chunks_is_bounded() {
    let extensions = format!("1;{}\r\na\r\n", "x".repeat(4096)).repeat(5);
    assert!(whole(Framing::Chunked, &extensions).is_malformed);
    let trailers = format!("0\r\nX-A: {}\r\n\r\n", "x".repeat(20_000));
    assert!(whole(Framing::Chunked, &trailers).is_malformed);
    assert!(whole(Framing::Chunked, &format!("0\r\n{}\r\n", "X-A: 1\r\n".repeat(9))).is_malformed);
    assert!(whole(Framing::Chunked, &format!("0\r\n{}\r\n", "X-A: 1\r\n".repeat(8))).has_ended);
}

#[test]
fn data_is_handed_on_without_being_copied() {
    let mut input = Bytes::from_static(b"3\r\nabc\r\n0\r\n\r\n");
    let at = input[3..].as_ptr();
    let decoded = Decoder::new(Framing::Chunked, 8).decode(&mut input).unwrap();
    let Decoded::Data(data) = decoded else {
        panic!("{decoded:?}")
    };
    assert_eq!((data.as_ptr(), &data[..]), (at, &b"abc"[..]));
}

#[rstest]
#[case::zeros(64, 0)]
#[case::blanks(0, 64)]
#[case::both(32, 32)]
fn a_size_may_be_padded_a_little_however_many_chunks_there_are(#[case] zeros: usize, #[case] blanks: usize) {
    let chunk = format!("{}3{}\r\nabc\r\n", "0".repeat(zeros), " ".repeat(blanks));
    let padded = whole(Framing::Chunked, &format!("{}0\r\n\r\n", chunk.repeat(1000)));
    assert!(padded.has_ended);
    assert_eq!(padded.data.len(), 3000);
    let more = format!("{}3{} \r\nabc\r\n0\r\n\r\n", "0".repeat(zeros), " ".repeat(blanks));
    assert!(whole(Framing::Chunked, &more).is_malformed);
    assert!(whole(Framing::Chunked, &"0".repeat(100)).is_malformed);
}

/// Bytes, cut at these places.
fn cut<'bytes>(bytes: &'bytes [u8], cuts: &[prop::sample::Index]) -> Vec<&'bytes [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2)
        .map(|ends| &bytes[ends[0]..ends[1]])
        .filter(|piece| !piece.is_empty())
        .collect()
}

prop_compose! {
    /// A body in chunks, well or nearly so.
    fn chunked()(
        chunks in prop::collection::vec(("(;[a-z]{0,4})?", prop::collection::vec(any::<u8>(), 1..20)), 0..6),
        trailers in prop::collection::vec("X-[A-Z]{1,3}: [a-z]{0,5}\r\n", 0..4),
        rest in prop::collection::vec(any::<u8>(), 0..4),
        slip in prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>())),
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (extension, data) in chunks {
            bytes.extend(format!("{:x}{extension}\r\n", data.len()).into_bytes());
            bytes.extend(data);
            bytes.extend(b"\r\n");
        }
        bytes.extend(format!("0\r\n{}\r\n", trailers.concat()).into_bytes());
        bytes.extend(rest);
        if let Some((at, byte)) = slip {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    }
}

proptest! {
    #[test]
    fn where_pieces_end_changes_nothing(bytes in chunked(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let all = decode(Framing::Chunked, &[&bytes]);
        prop_assert_eq!(&decode(Framing::Chunked, &cut(&bytes, &cuts)), &all);
        let singly: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&decode(Framing::Chunked, &singly), &all);
    }

    #[test]
    fn a_length_is_counted_however_it_comes(length in 0u64..40, bytes in prop::collection::vec(any::<u8>(), 0..60), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let all = decode(Framing::Length(length), &[&bytes]);
        prop_assert_eq!(decode(Framing::Length(length), &cut(&bytes, &cuts)), all);
    }
}
