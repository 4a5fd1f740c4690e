//! A response's body as it comes over HTTP/1.1 (RFC 9112 sections 6 and 7), piece by piece. Pure: it takes bytes from the
//! front of what was read, and hands data on by reference. Where pieces begin and end changes nothing but where the data
//! is cut.

use super::head::Framing;
use bytes::{Buf as _, Bytes};
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Bytes of all chunk extensions of a body at most.
const MAX_EXTENSION_BYTES: usize = 16 << 10;
/// Leading zeros and white space of one chunk's size at most. Some upstreams pad each size to the same width.
const MAX_PADDING_BYTES: usize = 64;
/// Bytes of the trailer fields at most.
const MAX_TRAILER_BYTES: usize = 16 << 10;

/// Reads one body.
#[derive(Debug)]
pub enum Decoder {
    /// So many bytes are to come.
    Length(u64),
    /// All that comes until the connection ends.
    UntilClose,
    /// Chunks; boxed, so that what is more usual is small.
    Chunked(Box<Chunks>),
    /// It has ended.
    Ended,
}

/// What the bytes so far come to.
#[derive(Debug, PartialEq)]
pub enum Decoded {
    /// Data.
    Data(Bytes),
    /// The fields that end it.
    Trailers(HeaderMap),
    /// The end.
    End,
    /// More is needed.
    More,
}

/// What came is no such body.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

/// Where in chunks the next byte is.
#[derive(Debug)]
pub struct Chunks {
    at: At,
    /// Bytes of the current chunk that are still to come.
    left: u64,
    /// Bytes of extensions so far.
    extension_bytes: usize,
    /// Bytes of the current size that say nothing.
    padding_bytes: usize,
    /// The lines after the last chunk, so far.
    trailers: Vec<u8>,
    max_fields: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// The first digit of a size.
    Start,
    Size,
    /// White space after a size.
    Blank,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailers,
}

impl Decoder {
    /// For a body that ends so; `max_fields` bounds its trailer fields.
    pub fn new(framing: Framing, max_fields: usize) -> Self {
        match framing {
            Framing::Empty | Framing::Length(0) => Self::Ended,
            Framing::Length(length) => Self::Length(length),
            Framing::UntilClose => Self::UntilClose,
            Framing::Chunked => Self::Chunked(Box::new(Chunks {
                at: At::Start,
                left: 0,
                extension_bytes: 0,
                padding_bytes: 0,
                trailers: Vec::new(),
                max_fields,
            })),
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        matches!(self, Self::Ended)
    }

    /// Bytes that are still to come, if that is known.
    pub(super) fn remaining(&self) -> Option<u64> {
        match self {
            Self::Ended => Some(0),
            Self::Length(left) => Some(*left),
            Self::UntilClose | Self::Chunked(_) => None,
        }
    }

    /// Takes the next piece off the front of `input`.
    ///
    /// # Errors
    /// When what came is no such body.
    pub fn decode(&mut self, input: &mut Bytes) -> Result<Decoded, Malformed> {
        let decoded = match self {
            Self::Ended => return Ok(Decoded::End),
            _ if input.is_empty() => return Ok(Decoded::More),
            Self::UntilClose => return Ok(Decoded::Data(std::mem::take(input))),
            Self::Length(left) => {
                let data = take(input, *left);
                *left -= data.len() as u64;
                if *left > 0 {
                    return Ok(Decoded::Data(data));
                }
                Decoded::Data(data)
            }
            Self::Chunked(chunks) => match chunks.decode(input)? {
                ended @ (Decoded::End | Decoded::Trailers(_)) => ended,
                going_on => return Ok(going_on),
            },
        };
        *self = Self::Ended;
        Ok(decoded)
    }

    /// The connection has ended. Whether that is the end of the body (RFC 9112 section 8).
    pub fn end_of_input(&mut self) -> bool {
        let ends = matches!(self, Self::UntilClose | Self::Ended);
        if ends {
            *self = Self::Ended;
        }
        ends
    }
}

/// At most so many bytes off the front.
fn take(input: &mut Bytes, at_most: u64) -> Bytes {
    match usize::try_from(at_most) {
        Ok(at_most) if at_most < input.len() => input.split_to(at_most),
        _ => std::mem::take(input),
    }
}

impl Chunks {
    fn decode(&mut self, input: &mut Bytes) -> Result<Decoded, Malformed> {
        loop {
            match self.at {
                At::Data => {
                    if input.is_empty() {
                        return Ok(Decoded::More);
                    }
                    let data = take(input, self.left);
                    self.left -= data.len() as u64;
                    if self.left == 0 {
                        self.at = At::DataCr;
                        self.skip_end_of_data(input);
                    }
                    return Ok(Decoded::Data(data));
                }
                At::Trailers => return self.read_trailers(input),
                _ => {
                    let Some(byte) = input.first().copied() else {
                        return Ok(Decoded::More);
                    };
                    input.advance(1);
                    self.at = self.step(byte)?;
                }
            }
        }
    }

    /// The usual end of a chunk at once.
    fn skip_end_of_data(&mut self, input: &mut Bytes) {
        if input.starts_with(b"\r\n") {
            input.advance(2);
            self.at = At::Start;
        }
    }

    /// What follows a byte of the framing (RFC 9112 section 7.1). A line that ends without a carriage return is refused,
    /// and so is white space before a size.
    fn step(&mut self, byte: u8) -> Result<At, Malformed> {
        Ok(match (self.at, byte) {
            (At::Start | At::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).ok_or(Malformed)?;
                let sixteenfold = self.left.checked_mul(16).ok_or(Malformed)?;
                self.left = sixteenfold + u64::from(digit);
                if self.left == 0 {
                    self.pad()?;
                }
                At::Size
            }
            (At::Size | At::Blank, b'\t' | b' ') => {
                self.pad()?;
                At::Blank
            }
            (At::Size | At::Blank, b';') => At::Extension,
            (At::Size | At::Blank | At::Extension, b'\r') => At::SizeLf,
            (At::Extension, b'\n') => return Err(Malformed),
            (At::Extension, _) => {
                self.extension_bytes += 1;
                if self.extension_bytes >= MAX_EXTENSION_BYTES {
                    return Err(Malformed);
                }
                At::Extension
            }
            (At::SizeLf, b'\n') if self.left == 0 => At::Trailers,
            (At::SizeLf, b'\n') => {
                self.padding_bytes = 0;
                At::Data
            }
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::Start,
            _ => return Err(Malformed),
        })
    }

    fn pad(&mut self) -> Result<(), Malformed> {
        self.padding_bytes += 1;
        if self.padding_bytes > MAX_PADDING_BYTES {
            return Err(Malformed);
        }
        Ok(())
    }

    /// Lines until an empty one (RFC 9112 section 7.1.2).
    fn read_trailers(&mut self, input: &mut Bytes) -> Result<Decoded, Malformed> {
        loop {
            let line = memchr::memchr(b'\n', input).map_or(input.len(), |end| end + 1);
            if line == 0 {
                return Ok(Decoded::More);
            }
            if self.trailers.len() + line > MAX_TRAILER_BYTES {
                return Err(Malformed);
            }
            self.trailers.extend_from_slice(&input[..line]);
            input.advance(line);
            match self.trailers.as_slice() {
                b"\r\n" => return Ok(Decoded::End),
                [.., b'\r', b'\n', b'\r', b'\n'] => return self.fields().map(Decoded::Trailers),
                [.., b'\r', b'\n'] => {}
                [.., b'\n'] => return Err(Malformed),
                _ => return Ok(Decoded::More),
            }
        }
    }

    fn fields(&self) -> Result<HeaderMap, Malformed> {
        let mut room = vec![httparse::EMPTY_HEADER; self.max_fields];
        let parsed = httparse::parse_headers(&self.trailers, &mut room);
        let Ok(httparse::Status::Complete((_, fields))) = parsed else {
            return Err(Malformed);
        };
        let mut trailers = HeaderMap::with_capacity(fields.len());
        for field in fields {
            let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| Malformed)?;
            let value = HeaderValue::from_bytes(field.value).map_err(|_| Malformed)?;
            trailers.append(name, value);
        }
        Ok(trailers)
    }
}

#[cfg(test)]
mod tests;
