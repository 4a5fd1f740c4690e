//! Which model answered and how many tokens it took: read from OpenAI- and Anthropic-shaped responses on the side,
//! also from compressed ones, without holding the response back (contract: Audit log).

use super::fields::fields;
use super::sse::{LineFramer, SseFramer};
use http::{HeaderMap, header};
use memchr::memmem::Finder;
use serde::de::IgnoredAny;
use std::io::{self, Write};
use std::sync::LazyLock;

/// Largest JSON response that is kept whole for reading; of larger ones the end is read, where usage stands.
const MAX_JSON: usize = 1 << 20;
const TAIL: usize = 16 << 10;
/// How much one chunk may grow when it is decompressed before reading stops.
const MAX_EXPANSION: usize = 16 << 20;

static USAGE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\"usage\""));
static MODEL: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\"model\""));

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer.
    pub completion_tokens: Option<u64>,
}

/// Reads along with a response's body.
pub struct UsageReader(Decoder);

/// Takes bytes of the decoded body.
struct Reader {
    format: Format,
    found: Usage,
    budget: usize,
}

enum Format {
    Events(SseFramer),
    Lines(LineFramer),
    Json { body: Vec<u8>, cut: bool },
}

enum Decoder {
    Plain(Reader),
    Gzip(Box<flate2::write::MultiGzDecoder<Reader>>),
    Deflate(Box<flate2::write::ZlibDecoder<Reader>>),
    Brotli(Box<brotli::DecompressorWriter<Reader>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Reader>>),
    /// The body's encoding is broken or unknown; nothing more is read.
    Lost(Box<Reader>),
}

/// Whether a response is a stream: `text/event-stream` or `application/x-ndjson`.
#[must_use]
pub fn is_stream(headers: &HeaderMap) -> bool {
    matches!(
        media_type(headers).as_deref(),
        Some("text/event-stream" | "application/x-ndjson")
    )
}

fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next()?.trim().to_ascii_lowercase())
}

impl UsageReader {
    /// A reader that fits the response's media type and encoding; `None` when there is nothing to read in it.
    #[must_use]
    pub fn for_response(headers: &HeaderMap) -> Option<Self> {
        let media = media_type(headers)?;
        let format = match media.as_str() {
            "text/event-stream" => Format::Events(SseFramer::default()),
            "application/x-ndjson" => Format::Lines(LineFramer::default()),
            media if media == "application/json" || media.ends_with("+json") => Format::json(),
            _ => return None,
        };
        let reader = Reader {
            format,
            found: Usage::default(),
            budget: MAX_EXPANSION,
        };
        let encoding = headers
            .get(header::CONTENT_ENCODING)
            .and_then(|value| value.to_str().ok())
            .map(str::trim);
        let decoder = match encoding.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Decoder::Plain(reader),
            Some("gzip" | "x-gzip") => Decoder::Gzip(Box::new(flate2::write::MultiGzDecoder::new(reader))),
            Some("deflate") => Decoder::Deflate(Box::new(flate2::write::ZlibDecoder::new(reader))),
            Some("br") => Decoder::Brotli(Box::new(brotli::DecompressorWriter::new(reader, 4096))),
            Some("zstd") => match zstd::stream::write::Decoder::new(reader) {
                Ok(decoder) => Decoder::Zstd(Box::new(decoder)),
                Err(_) => return None,
            },
            Some(_) => return None,
        };
        Some(Self(decoder))
    }

    /// A chunk flows by.
    pub fn feed(&mut self, chunk: &[u8]) {
        self.0.reader().budget = MAX_EXPANSION;
        let read = match &mut self.0 {
            Decoder::Plain(reader) => reader.write_all(chunk),
            Decoder::Gzip(decoder) => decoder.write_all(chunk).and_then(|()| decoder.flush()),
            Decoder::Deflate(decoder) => decoder.write_all(chunk).and_then(|()| decoder.flush()),
            Decoder::Brotli(decoder) => decoder.write_all(chunk).and_then(|()| decoder.flush()),
            Decoder::Zstd(decoder) => decoder.write_all(chunk).and_then(|()| decoder.flush()),
            Decoder::Lost(_) => Ok(()),
        };
        if read.is_err() {
            let reader = std::mem::replace(self.0.reader(), Reader::empty());
            self.0 = Decoder::Lost(Box::new(reader));
        }
    }

    /// Events or lines so far; 0 for what is no stream.
    #[must_use]
    pub fn chunks(&mut self) -> u64 {
        match &self.0.reader().format {
            Format::Events(framer) => framer.events(),
            Format::Lines(framer) => framer.lines(),
            Format::Json { .. } => 0,
        }
    }

    /// The body ended: what was found in it.
    #[must_use]
    #[inline(never)] // Counted by itself: bench/instructions.mjs.
    pub fn finish(mut self) -> (Usage, u64) {
        let reader = self.0.reader();
        let Reader { format, found, .. } = reader;
        match format {
            Format::Json { body, cut: false } => found.read(body),
            Format::Json { body, cut: true } => found.read_tail(body),
            Format::Lines(framer) => framer.finish(|line| found.read(line)),
            Format::Events(_) => {}
        }
        let found = std::mem::take(found);
        (found, self.chunks())
    }
}

impl Decoder {
    fn reader(&mut self) -> &mut Reader {
        match self {
            Self::Plain(reader) => reader,
            Self::Lost(reader) => reader,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Deflate(decoder) => decoder.get_mut(),
            Self::Brotli(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
        }
    }
}

impl Format {
    fn json() -> Self {
        Self::Json {
            body: Vec::new(),
            cut: false,
        }
    }
}

impl Reader {
    fn empty() -> Self {
        Self {
            format: Format::json(),
            found: Usage::default(),
            budget: 0,
        }
    }
}

impl Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.budget = self
            .budget
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::FileTooLarge)?;
        let Self { format, found, .. } = self;
        match format {
            Format::Events(framer) => framer.feed(bytes, |data| found.read(data)),
            Format::Lines(framer) => framer.feed(bytes, |line| found.read(line)),
            Format::Json { body, cut } => {
                body.extend_from_slice(bytes);
                *cut |= body.len() > MAX_JSON;
                // Moved only now and then, not for each piece.
                if *cut && body.len() > 2 * TAIL {
                    body.drain(..body.len() - TAIL);
                    body.shrink_to(4 * TAIL);
                }
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Usage {
    /// Reads one JSON text. Text that cannot hold anything new is not parsed at all: most events of a stream cost two
    /// substring searches.
    fn read(&mut self, json: &[u8]) {
        // Chunks of a stream carry `"usage":null` until the last.
        let is_null = |value: &[u8]| {
            let value = value.trim_ascii_start().strip_prefix(b":");
            value.is_some_and(|value| value.trim_ascii_start().starts_with(b"null"))
        };
        let has_usage = USAGE.find_iter(json).any(|at| !is_null(&json[at + 7..]));
        let wants_model = self.model.is_none() && MODEL.find(json).is_some();
        if !(has_usage || wants_model) {
            return;
        }
        let Some([message, response, model, usage]) = fields(json, ["message", "response", "model", "usage"]) else {
            return;
        };
        // Anthropic's `message_start`, OpenAI's `response.completed`.
        for inner in message.into_iter().chain(response) {
            if let Some([model, usage]) = fields(inner, ["model", "usage"]) {
                self.take(model, usage);
            }
        }
        self.take(model, usage);
    }

    /// Reads the end of a JSON object whose start is gone: from the first field after which everything closes well.
    fn read_tail(&mut self, tail: &mut [u8]) {
        for comma in memchr::memchr_iter(b',', tail).collect::<Vec<_>>() {
            if tail[comma + 1..].trim_ascii_start().starts_with(b"\"") {
                tail[comma] = b'{';
                if serde_json::from_slice::<IgnoredAny>(&tail[comma..]).is_ok() {
                    return self.read(&tail[comma..]);
                }
                tail[comma] = b',';
            }
        }
    }

    /// Takes what is said in one of the known shapes: OpenAI's chat completions, completions, embeddings and responses, Anthropic's
    /// messages. Each field is read by itself: another shape of one (Ollama's `response` is a text) does not hide the others.
    fn take(&mut self, model: Option<&[u8]>, usage: Option<&[u8]>) {
        if self.model.is_none() {
            self.model = model
                .and_then(|model| serde_json::from_slice::<String>(model).ok())
                .filter(|model| !model.is_empty())
                .map(|model| model.chars().take(255).collect());
        }
        // The names of OpenAI's first interfaces, and those of its responses and of Anthropic. Some upstreams send both.
        const NAMES: [&str; 4] = ["prompt_tokens", "completion_tokens", "input_tokens", "output_tokens"];
        if let Some(found) = usage.and_then(|usage| fields(usage, NAMES)) {
            let [prompt, completion, input, output] =
                found.map(|tokens| tokens.and_then(|tokens| str::from_utf8(tokens).ok()?.parse().ok()));
            self.prompt_tokens = prompt.or(input).or(self.prompt_tokens);
            self.completion_tokens = completion.or(output).or(self.completion_tokens);
        }
    }
}

#[cfg(test)]
mod tests;
