//! A client of HTTP/2 that writes its frames by hand: fields that no library would let out, and in any order.

use crate::support::client::Raw;
use crate::support::gateway::TestGateway;
use std::collections::BTreeMap;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RESET: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const GOAWAY: u8 = 7;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// Kind, flags, stream and payload.
#[derive(Clone, Copy)]
pub struct Frame<'a>(pub u8, pub u8, pub u32, pub &'a [u8]);

/// A field as it is sent.
pub type Field = (&'static [u8], &'static [u8]);

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With this answer.
    Answer(u16),
    /// Taken back by the gateway.
    Reset,
}

/// What became of the streams of a connection.
#[derive(Debug, Default)]
pub struct Ends {
    pub streams: BTreeMap<u32, End>,
    /// The gateway ended the connection.
    pub closed: bool,
}

/// Sends a request on stream 1 and another one on stream 3, and waits until both have ended or the connection has.
pub async fn ask(gateway: &TestGateway, fields: &[Field], body: Option<&[u8]>, follower: &[Field]) -> Ends {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let end = if body.is_none() { END_STREAM } else { 0 };
    let (first, second) = (block(fields), block(follower));
    let mut frames = vec![Frame(SETTINGS, 0, 0, &[]), Frame(HEADERS, END_HEADERS | end, 1, &first)];
    frames.extend(body.map(|body| Frame(DATA, END_STREAM, 1, body)));
    frames.push(Frame(HEADERS, END_HEADERS | END_STREAM, 3, &second));
    bytes.extend(self::bytes(&frames));
    let mut raw = Raw::connect(gateway).await;
    raw.send(bytes).await;
    let (mut ends, mut seen) = (Ends::default(), Vec::new());
    while ends.streams.len() < 2 {
        while let Some((kind, _, stream, payload)) = take(&mut seen) {
            match kind {
                HEADERS => drop(ends.streams.insert(stream, End::Answer(status(&payload)))),
                RESET => drop(ends.streams.entry(stream).or_insert(End::Reset)),
                GOAWAY => ends.closed = true,
                _ => {}
            }
        }
        if ends.streams.len() < 2 && !raw.read_more(&mut seen).await {
            ends.closed = true;
            break;
        }
    }
    ends
}

/// The frames as they are sent.
pub fn bytes(frames: &[Frame<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Frame(kind, flags, stream, payload) in frames {
        let length = u32::try_from(payload.len()).unwrap();
        bytes.extend_from_slice(&length.to_be_bytes()[1..]);
        bytes.extend_from_slice(&[*kind, *flags]);
        bytes.extend_from_slice(&stream.to_be_bytes());
        bytes.extend_from_slice(payload);
    }
    bytes
}

/// The fields as literals that are never indexed (RFC 7541 section 6.2.3).
fn block(fields: &[Field]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0x10);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).ok().filter(|length| *length < 127).unwrap());
            block.extend_from_slice(text);
        }
    }
    block
}

/// The first whole frame of what came: kind, flags, stream and payload.
pub fn take(seen: &mut Vec<u8>) -> Option<(u8, u8, u32, Vec<u8>)> {
    let head: [u8; 9] = seen.get(..9)?.try_into().unwrap();
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    if seen.len() < 9 + length {
        return None;
    }
    let payload = seen.drain(..9 + length).skip(9).collect();
    let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    Some((head[3], head[4], stream, payload))
}

/// The status at the beginning of a block; 0 for one that is not in the static table (RFC 7541 appendix A).
fn status(block: &[u8]) -> u16 {
    // Changes of the table's size come first.
    let mut rest = block;
    while let [first, others @ ..] = rest
        && first & 0xe0 == 0x20
    {
        rest = others;
        if first & 0x1f == 0x1f {
            let continued = rest.iter().take_while(|b| **b & 0x80 != 0).count();
            rest = &rest[continued + 1..];
        }
    }
    match rest.first() {
        Some(0x88) => 200,
        Some(0x8c) => 400,
        Some(0x8d) => 404,
        Some(0x8e) => 500,
        _ => 0,
    }
}
