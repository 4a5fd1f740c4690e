//! The text that a model wrote, read out of an answer while it comes: OpenAI's chat, completions and responses, Anthropic's
//! messages, streamed as server-sent events, as lines of JSON, or whole.

use serde_json::Value;

/// Reads along with an answer.
#[derive(Clone, Debug, Default)]
pub struct AnswerText {
    /// A line that has not ended.
    line: String,
    /// All of an answer that is no stream.
    whole: String,
    streams: bool,
    events: u64,
}

impl AnswerText {
    /// A reader; `streams` says whether the answer comes in events or lines.
    #[must_use]
    pub fn new(streams: bool) -> Self {
        Self {
            streams,
            ..Self::default()
        }
    }

    /// Whether an answer of this media type comes in events or lines.
    #[must_use]
    pub fn is_stream(media_type: &str) -> bool {
        let name = media_type.split(';').next().unwrap_or_default().trim();
        ["text/event-stream", "application/x-ndjson"]
            .iter()
            .any(|stream| stream.eq_ignore_ascii_case(name))
    }

    /// Events with text so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// A piece came: the text in it.
    pub fn feed(&mut self, piece: &str) -> String {
        let mut text = String::new();
        if !self.streams {
            self.whole.push_str(piece);
            return text;
        }
        self.line.push_str(piece);
        while let Some(end) = self.line.find('\n') {
            let line: String = self.line.drain(..=end).collect();
            self.read(&line, &mut text);
        }
        text
    }

    /// Nothing more comes: the text of what is left.
    pub fn finish(&mut self) -> String {
        let mut text = String::new();
        let rest = std::mem::take(if self.streams { &mut self.line } else { &mut self.whole });
        self.read(&rest, &mut text);
        text
    }

    fn read(&mut self, line: &str, text: &mut String) {
        let line = line.trim();
        let json = line.strip_prefix("data:").unwrap_or(line);
        let Ok(value) = serde_json::from_str::<Value>(json) else {
            return;
        };
        if let Some(found) = text_of(&value).filter(|found| !found.is_empty()) {
            self.events += 1;
            text.push_str(&found);
        }
    }
}

/// The text in one JSON value, where it is of a known shape.
fn text_of(value: &Value) -> Option<String> {
    // OpenAI: chat and completions.
    if let Some(choice) = value.pointer("/choices/0") {
        let places = ["/delta/content", "/message/content", "/text"];
        return places.iter().find_map(|place| plain(choice.pointer(place)?));
    }
    match value.get("type").and_then(Value::as_str) {
        // OpenAI: responses, streamed.
        Some("response.output_text.delta") => return plain(value.get("delta")?),
        // Anthropic, streamed.
        Some("content_block_delta") => return plain(value.pointer("/delta/text")?),
        // Anthropic, whole.
        Some("message") => return parts(value.get("content")?),
        _ => {}
    }
    // OpenAI: responses, whole.
    let output = value.get("output")?.as_array()?;
    let texts = output.iter().filter_map(|item| parts(item.get("content")?));
    Some(texts.collect())
}

/// A text, or the texts of a list of parts.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        list => parts(list),
    }
}

fn parts(list: &Value) -> Option<String> {
    let texts = list.as_array()?.iter().filter_map(|part| part.get("text")?.as_str());
    Some(texts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn read(streams: bool, pieces: &[&str]) -> (String, u64) {
        let mut reading = AnswerText::new(streams);
        let mut text: String = pieces.iter().map(|piece| reading.feed(piece)).collect();
        text.push_str(&reading.finish());
        (text, reading.events())
    }

    #[rstest]
    #[case::chat(&["data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"Hel", "lo\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\" you\"}}]}\r\n\r\ndata: {\"choices\":[{\"delta\":{}}]}\n\ndata: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n"], "Hello you", 2)]
    #[case::completions(&["data: {\"choices\":[{\"text\":\"a\"}]}\n"], "a", 1)]
    #[case::responses(&["event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"x\"}\n\n"], "x", 1)]
    #[case::messages(&["data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"y\"}}\n\n"], "y", 1)]
    #[case::lines_without_an_end(&["{\"choices\":[{\"text\":\"a\"}]}\n{\"choices\":[{\"text\":\"b\"}]}"], "ab", 2)]
    #[case::something_else(&["data: 1\n\ndata: {\"a\":1}\n\n: comment\n\n"], "", 0)]
    fn text_is_read_while_it_comes(#[case] pieces: &[&str], #[case] text: &str, #[case] events: u64) {
        assert_eq!(read(true, pieces), (text.to_owned(), events));
    }

    #[rstest]
    #[case::chat(r#"{"choices":[{"message":{"content":"a"}}]}"#, "a")]
    #[case::parts(
        r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"text":"b"}]}}]}"#,
        "ab"
    )]
    #[case::messages(r#"{"type":"message","content":[{"type":"text","text":"a"}]}"#, "a")]
    #[case::responses(
        r#"{"output":[{"type":"reasoning"},{"content":[{"type":"output_text","text":"a"}]}]}"#,
        "a"
    )]
    #[case::no_text(r#"{"object":"list","data":[]}"#, "")]
    #[case::no_json("Not found", "")]
    fn text_is_read_from_a_whole_answer(#[case] body: &str, #[case] text: &str) {
        let (start, end) = body.split_at(5);
        assert_eq!(read(false, &[start, end]).0, text);
    }

    #[rstest]
    #[case("text/event-stream; charset=utf-8", true)]
    #[case("Application/x-ndjson", true)]
    #[case("application/json", false)]
    #[case("", false)]
    fn a_stream_is_known_by_its_media_type(#[case] media_type: &str, #[case] is_stream: bool) {
        assert_eq!(AnswerText::is_stream(media_type), is_stream);
    }
}
