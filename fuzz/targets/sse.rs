//! Server-sent events: what is found does not depend on where the chunks are cut. Input: sizes of chunks, 0, the stream.

#![no_main]

use fastgate::body::sse::{LineFramer, SseFramer};
use libfuzzer_sys::fuzz_target;

fn found(stream: &[u8], sizes: &[u8]) -> (Vec<Vec<u8>>, u64, Vec<Vec<u8>>, u64) {
    let (mut events, mut lines) = (SseFramer::default(), LineFramer::default());
    let (mut data, mut texts) = (Vec::new(), Vec::new());
    let mut rest = stream;
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().map_or(rest.len(), |size| usize::from(*size).clamp(1, rest.len()));
        let (chunk, others) = rest.split_at(size);
        events.feed(chunk, |event| data.push(event.to_vec()));
        lines.feed(chunk, |line| texts.push(line.to_vec()));
        rest = others;
    }
    lines.finish(|line| texts.push(line.to_vec()));
    (data, events.events(), texts, lines.lines())
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(0);
    let (sizes, stream) = bytes.split_at(end);
    assert_eq!(found(stream, sizes), found(stream, &[]));
});
