//! Model and usage in the responses of the usual upstreams, streamed and not, compressed and not.

use super::{MAX_JSON, Usage, UsageReader, is_stream};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use rstest::rstest;
use std::io::Write;

fn headers(media: &str, encoding: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_str(media).unwrap());
    if !encoding.is_empty() {
        headers.insert("content-encoding", HeaderValue::from_str(encoding).unwrap());
    }
    headers
}

fn read(media: &str, encoding: &str, body: &[u8], chunk: usize) -> (Usage, u64) {
    let mut reader = UsageReader::for_response(&headers(media, encoding)).expect("a reader");
    for piece in body.chunks(chunk) {
        reader.feed(piece);
    }
    reader.finish()
}

fn usage(model: &str, prompt: u64, completion: impl Into<Option<u64>>) -> Usage {
    Usage {
        model: Some(model.to_owned()),
        prompt_tokens: Some(prompt),
        completion_tokens: completion.into(),
    }
}

fn compressed(encoding: &str, body: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(body).unwrap();
            encoder.finish().unwrap()
        }
        "br" => {
            let mut out = Vec::new();
            brotli::CompressorWriter::new(&mut out, 4096, 5, 22)
                .write_all(body)
                .unwrap();
            out
        }
        "zstd" => zstd::encode_all(body, 3).unwrap(),
        _ => body.to_vec(),
    }
}

const CHAT: &str = r#"{"id":"c","object":"chat.completion","model":"gpt-4o","choices":[{"message":{"content":"\"usage\":null"}}],
    "usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18,"prompt_tokens_details":{"cached_tokens":0}}}"#;
const EMBEDDINGS: &str = r#"{"object":"list","data":[{"embedding":[0.1]}],"model":"text-embedding-3-small","usage":{"prompt_tokens":8,"total_tokens":8}}"#;
const RESPONSES: &str =
    r#"{"id":"resp","object":"response","model":"gpt-4.1","usage":{"input_tokens":36,"output_tokens":87}}"#;
const MESSAGES: &str = r#"{"type":"message","model":"claude-sonnet-4","usage":{"input_tokens":25,"output_tokens":15}}"#;
const BOTH_NAMES: &str =
    r#"{"model":"m","usage":{"prompt_tokens":3,"completion_tokens":4,"input_tokens":3,"output_tokens":4}}"#;
const OLLAMA: &str =
    r#"{"model":"llama3","response":"Hello","message":"x","usage":{"prompt_tokens":1,"completion_tokens":2}}"#;

#[rstest]
#[case::chat(CHAT, usage("gpt-4o", 11, 7))]
#[case::embeddings(EMBEDDINGS, usage("text-embedding-3-small", 8, None))]
#[case::responses(RESPONSES, usage("gpt-4.1", 36, 87))]
#[case::messages(MESSAGES, usage("claude-sonnet-4", 25, 15))]
#[case::both_names(BOTH_NAMES, usage("m", 3, 4))]
#[case::other_shapes_of_other_fields(OLLAMA, usage("llama3", 1, 2))]
fn a_response_tells_its_model_and_usage(
    #[case] body: &str,
    #[case] expected: Usage,
    #[values("", "identity", "gzip", "deflate", "br", "zstd")] encoding: &str,
    #[values(1, 13, 100_000)] chunk: usize,
) {
    let body = compressed(encoding, body.as_bytes());
    assert_eq!(
        read("application/json; charset=utf-8", encoding, &body, chunk),
        (expected, 0)
    );
}

const CHAT_STREAM: &str = "data: {\"model\":\"gpt-4o\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}],\"usage\":null}\n\n\
    data: {\"model\":\"gpt-4o\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n\
    data: [DONE]\n\n";
const RESPONSES_STREAM: &str = "event: response.created\r\n\
    data: {\"type\":\"response.created\",\"response\":{\"model\":\"gpt-4.1\",\"usage\":null}}\r\n\r\n\
    event: response.completed\r\n\
    data: {\"type\":\"response.completed\",\"response\":{\"model\":\"gpt-4.1\",\"usage\":{\"input_tokens\":9,\"output_tokens\":4}}}\r\n\r\n";
const MESSAGES_STREAM: &str = "event: message_start\n\
    data: {\"type\":\"message_start\",\"message\":{\"model\":\"claude\",\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n\
    event: ping\ndata: {\"type\":\"ping\"}\n\n\
    event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":15}}\n\n";

#[rstest]
#[case::chat(CHAT_STREAM, usage("gpt-4o", 5, 2), 3)]
#[case::responses(RESPONSES_STREAM, usage("gpt-4.1", 9, 4), 2)]
#[case::messages(MESSAGES_STREAM, usage("claude", 25, 15), 3)]
fn a_stream_tells_its_model_and_usage(
    #[case] body: &str,
    #[case] expected: Usage,
    #[case] events: u64,
    #[values("", "gzip", "deflate", "br", "zstd")] encoding: &str,
    #[values(1, 13, 100_000)] chunk: usize,
) {
    let body = compressed(encoding, body.as_bytes());
    assert_eq!(read("text/event-stream", encoding, &body, chunk), (expected, events));
}

#[test]
fn json_lines_are_counted_and_read() {
    let body = b"{\"model\":\"llama3\"}\n{\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}";
    assert_eq!(read("application/x-ndjson", "", body, 5), (usage("llama3", 1, 2), 2));
}

#[rstest]
#[case("text/event-stream; charset=utf-8", true)]
#[case("Text/Event-Stream", true)]
#[case("application/x-ndjson", true)]
#[case("application/json", false)]
fn a_stream_is_known_by_its_media_type(#[case] media: &str, #[case] stream: bool) {
    assert_eq!(is_stream(&headers(media, "")), stream);
}

#[rstest]
#[case("text/html", "")]
#[case("application/json", "gzip, br")]
#[case("application/json", "aws-chunked")]
fn nothing_is_read_where_nothing_can_be_found(#[case] media: &str, #[case] encoding: &str) {
    assert!(UsageReader::for_response(&headers(media, encoding)).is_none());
}

#[rstest]
#[case::array(r#"["model",{"prompt_tokens":1}]"#)]
#[case::cut(r#"{"model":"m","usage":{"prompt"#)]
#[case::text("\"usage\"")]
fn what_is_no_object_tells_nothing(#[case] body: &str) {
    assert_eq!(read("application/json", "", body.as_bytes(), 4).0, Usage::default());
}

#[test]
fn broken_compression_ends_the_reading_and_nothing_else() {
    let mut body = compressed("gzip", CHAT_STREAM.as_bytes());
    let middle = body.len() / 2;
    body[middle..].fill(0xff);
    read("text/event-stream", "gzip", &body, 10);
}

#[test]
fn a_bomb_is_not_unpacked() {
    let body = compressed("gzip", &vec![b' '; 64 << 20]);
    assert_eq!(read("application/json", "gzip", &body, body.len()).0, Usage::default());
}

#[test]
fn usage_at_the_end_of_a_large_response_is_found() {
    let numbers = "0.125,".repeat(MAX_JSON / 3);
    let body = format!(
        r#"{{"object":"list","data":[{{"embedding":[{numbers}1]}}],"model":"text-embedding-3-small","usage":{{"prompt_tokens":8,"total_tokens":8}}}}"#
    );
    let expected = usage("text-embedding-3-small", 8, None);
    assert_eq!(read("application/json", "", body.as_bytes(), 16_384).0, expected);
}

proptest! {
    #[test]
    fn no_response_makes_the_reader_panic(
        body in prop::collection::vec(any::<u8>(), 0..300),
        encoding in prop::sample::select(vec!["", "gzip", "deflate", "br", "zstd"]),
        media in prop::sample::select(vec!["application/json", "text/event-stream", "application/x-ndjson"]),
    ) {
        read(media, encoding, &body, 7);
    }
}
