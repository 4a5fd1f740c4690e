//! Which model answered and how many tokens it took: read from OpenAI- and Anthropic-shaped responses on the side,
//! also from compressed ones, without holding the response back (contract: Audit log).

use super::sse::{LineFramer, SseFramer};
use http::{HeaderMap, header};
use serde::Deserialize;
use std::borrow::Cow;
use std::io::{self, Write};

/// Largest JSON response that is read; larger ones pass unread.
const MAX_JSON: usize = 1 << 20;
/// How much one chunk may grow when it is decompressed before reading stops.
const MAX_EXPANSION: usize = 16 << 20;

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
    Json(Vec<u8>),
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
            media if media == "application/json" || media.ends_with("+json") => Format::Json(Vec::new()),
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
            Format::Json(_) => 0,
        }
    }

    /// The body ended: what was found in it.
    #[must_use]
    pub fn finish(mut self) -> (Usage, u64) {
        let reader = self.0.reader();
        let Reader { format, found, .. } = reader;
        match format {
            Format::Json(body) => found.read(body),
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

impl Reader {
    fn empty() -> Self {
        Self {
            format: Format::Json(Vec::new()),
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
            Format::Json(body) if body.len() + bytes.len() > MAX_JSON => {
                *body = Vec::new();
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            Format::Json(body) => body.extend_from_slice(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The fields of OpenAI's chat completions, completions, embeddings and responses, and of Anthropic's messages.
#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(default)]
    usage: Option<Tokens>,
    /// Anthropic's `message_start`.
    #[serde(borrow, default)]
    message: Option<Inner<'a>>,
    /// OpenAI's `response.completed`.
    #[serde(borrow, default)]
    response: Option<Inner<'a>>,
}

#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(default)]
    usage: Option<Tokens>,
}

#[derive(Clone, Copy, Deserialize)]
struct Tokens {
    #[serde(default, alias = "input_tokens")]
    prompt_tokens: Option<u64>,
    #[serde(default, alias = "output_tokens")]
    completion_tokens: Option<u64>,
}

impl Usage {
    /// Reads one JSON text. Text that cannot hold anything new is not parsed at all: most events of a stream cost two
    /// substring searches.
    fn read(&mut self, json: &[u8]) {
        let has_usage = memchr::memmem::find(json, b"\"usage\"").is_some_and(|at| {
            // Chunks of a stream carry `"usage":null` until the last.
            !json[at + 7..]
                .trim_ascii_start()
                .strip_prefix(b":")
                .is_some_and(|v| v.trim_ascii_start().starts_with(b"null"))
        });
        let wants_model = self.model.is_none() && memchr::memmem::find(json, b"\"model\"").is_some();
        if !has_usage && !wants_model {
            return;
        }
        let Ok(peek) = serde_json::from_slice::<Peek<'_>>(json) else {
            return;
        };
        self.take(peek.model, peek.usage);
        for inner in peek.message.into_iter().chain(peek.response) {
            self.take(inner.model, inner.usage);
        }
    }

    fn take(&mut self, model: Option<Cow<'_, str>>, tokens: Option<Tokens>) {
        if self.model.is_none() {
            self.model = model
                .filter(|model| !model.is_empty())
                .map(|model| model.chars().take(255).collect());
        }
        if let Some(tokens) = tokens {
            self.prompt_tokens = tokens.prompt_tokens.or(self.prompt_tokens);
            self.completion_tokens = tokens.completion_tokens.or(self.completion_tokens);
        }
    }
}
