//! Responses over HTTP/1.1: what is understood does not depend on where the pieces are cut, no byte is taken twice or lost, and a
//! body of a known length has that length. Input: sizes of pieces, 0, what the upstream sends.

#![no_main]

use bytes::{Bytes, BytesMut};
use fastgate::upstream::http1::decode::{Decoded, Decoder};
use fastgate::upstream::http1::head::{self, Framing};
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;

/// A response's body: its data, its trailer fields, whether it ended well, and what came after it.
type Understood = (Vec<u8>, Option<HeaderMap>, bool, Vec<u8>);

fn body(framing: Framing, bytes: &[u8], sizes: &[u8]) -> Option<Understood> {
    let mut decoder = Decoder::new(framing, 8);
    let (mut data, mut trailers, mut after) = (Vec::new(), None, Vec::new());
    let mut rest = bytes;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().map_or(rest.len(), |size| usize::from(*size).clamp(1, rest.len()));
        let (piece, others) = rest.split_at(size);
        rest = others;
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match decoder.decode(&mut input).ok()? {
                Decoded::Data(piece) => data.extend_from_slice(&piece),
                Decoded::Trailers(fields) => trailers = Some(fields),
                Decoded::More => break assert!(input.is_empty(), "it asks for more and has some"),
                Decoded::End => break after.extend_from_slice(&input),
            }
        }
    }
    let ended = decoder.end_of_input();
    Some((data, trailers, ended, after))
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(0);
    let (sizes, response) = bytes.split_at(end);
    let response = Bytes::copy_from_slice(response.strip_prefix(b"\0").unwrap_or(response));
    let mut fields = HeaderMap::new();
    let Ok(Some(head)) = head::read(&response, false, 16, &mut fields) else {
        return;
    };
    let (ahead, rest) = response.split_at(head.len);
    let mut less = HeaderMap::new();
    let cut = BytesMut::from(&ahead[..ahead.len() - 1]).freeze();
    assert!(matches!(head::read(&cut, false, 16, &mut less), Ok(None)), "a head is whole with its last byte");
    let whole = body(head.framing, rest, &[]);
    assert_eq!(body(head.framing, rest, sizes), whole);
    if let (Framing::Length(length), Some((data, _, ended, after))) = (head.framing, whole) {
        assert_eq!(ended, data.len() as u64 == length);
        assert_eq!(data.len() + after.len(), rest.len());
    }
});
