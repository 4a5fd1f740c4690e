//! Heads of HTTP/1.1: a request's is written, a response's is read, and with it how its body ends. Pure: bytes in, bytes
//! out. What goes into a request's head is decided in `message`.

use crate::message::hop_by_hop;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri, Version};
use hyper::ext::ReasonPhrase;
use std::mem::MaybeUninit;

/// Fields for which there is room without asking for memory; most heads have fewer.
const USUAL_FIELDS: usize = 48;

/// The head of a response, without its fields.
#[derive(Debug)]
pub struct Head {
    /// The status code.
    pub status: StatusCode,
    /// HTTP/1.1 or 1.0.
    pub version: Version,
    /// What the status line says, where it is not what the status is usually called.
    pub reason: Option<ReasonPhrase>,
    /// Whether the connection may serve another request, as far as the head says (RFC 9112 section 9.3).
    pub keep_alive: bool,
    /// How the body ends.
    pub framing: Framing,
    /// Bytes that the head took.
    pub len: usize,
}

/// How a response's body ends (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    Empty,
    /// After so many bytes.
    Length(u64),
    /// After the last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

/// Why a head cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadFault {
    /// It is none, or says its body's length in no way that can be believed.
    Malformed,
    /// It has more fields than are taken.
    TooManyFields,
}

/// Writes the head of a request. The fields are written as they are; `host` where they do not say it
/// (RFC 9112 section 3.2).
pub(super) fn write(out: &mut Vec<u8>, method: &Method, uri: &Uri, headers: &HeaderMap, host: &str) {
    out.reserve(64 + headers.len() * 40);
    out.extend_from_slice(method.as_str().as_bytes());
    out.push(b' ');
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    if target.starts_with('?') {
        out.push(b'/');
    }
    out.extend_from_slice(target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    if !headers.contains_key(header::HOST) {
        out.extend_from_slice(b"host: ");
        out.extend_from_slice(host.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    write_fields(out, headers);
    out.extend_from_slice(b"\r\n");
}

/// Writes fields, a line for each.
pub(super) fn write_fields(out: &mut Vec<u8>, headers: &HeaderMap) {
    for (name, value) in headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// Reads the head that `input` begins with; `None` when it is not there whole. Its fields are appended to `headers`, as
/// slices of `input`; more than `max_fields` are too many. `answers_head` says that the request was HEAD.
///
/// # Errors
/// Why it is no head that can be used.
pub fn read(
    input: &Bytes,
    answers_head: bool,
    max_fields: usize,
    headers: &mut HeaderMap,
) -> Result<Option<Head>, HeadFault> {
    let mut room = [const { MaybeUninit::uninit() }; USUAL_FIELDS];
    let usual = max_fields.min(USUAL_FIELDS);
    match read_into(&mut room[..usual], input, answers_head, headers) {
        Err(HeadFault::TooManyFields) if usual < max_fields => {
            let mut room = vec![MaybeUninit::uninit(); max_fields];
            read_into(&mut room, input, answers_head, headers)
        }
        read => read,
    }
}

fn read_into<'input>(
    room: &mut [MaybeUninit<httparse::Header<'input>>],
    input: &'input Bytes,
    answers_head: bool,
    headers: &mut HeaderMap,
) -> Result<Option<Head>, HeadFault> {
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let len = match config.parse_response_with_uninit_headers(&mut response, input, room) {
        Ok(httparse::Status::Complete(len)) => len,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(HeadFault::TooManyFields),
        Err(_) => return Err(HeadFault::Malformed),
    };
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or(HeadFault::Malformed)?;
    let version = match response.version {
        Some(1) => Version::HTTP_11,
        _ => Version::HTTP_10,
    };
    let reason = response.reason.filter(|said| Some(*said) != status.canonical_reason());
    let mut persists = Persists::of(version);
    headers.reserve(response.headers.len());
    for field in response.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| HeadFault::Malformed)?;
        let value = HeaderValue::from_maybe_shared(input.slice_ref(field.value)).map_err(|_| HeadFault::Malformed)?;
        if name == header::CONNECTION {
            persists.hear(&value);
        }
        headers.append(name, value);
    }
    let framing = framing(status, version, answers_head, headers)?;
    tidy_length(headers);
    Ok(Some(Head {
        status,
        version,
        reason: reason.and_then(|said| ReasonPhrase::try_from(said.as_bytes().to_vec()).ok()),
        keep_alive: persists.keep_alive,
        framing,
        len,
    }))
}

/// Whether a connection goes on after a response (RFC 9112 section 9.3).
struct Persists {
    keep_alive: bool,
    closes: bool,
}

impl Persists {
    fn of(version: Version) -> Self {
        Self {
            keep_alive: version == Version::HTTP_11,
            closes: false,
        }
    }

    /// A `Connection` field; one that says "close" is not taken back by another.
    fn hear(&mut self, value: &HeaderValue) {
        let says = |option: &[u8]| {
            let mut options = value.as_bytes().split(|byte| *byte == b',');
            options.any(|said| said.trim_ascii().eq_ignore_ascii_case(option))
        };
        self.closes |= says(b"close");
        self.keep_alive = !self.closes && (self.keep_alive || says(b"keep-alive"));
    }
}

/// RFC 9112 section 6.3. A response that says its length twice, in one way or in two, is judged in `proxy::forward`.
fn framing(
    status: StatusCode,
    version: Version,
    answers_head: bool,
    headers: &HeaderMap,
) -> Result<Framing, HeadFault> {
    if answers_head || status.is_informational() || matches!(status.as_u16(), 204 | 304) {
        return Ok(Framing::Empty);
    }
    if headers.contains_key(header::TRANSFER_ENCODING) {
        // HTTP/1.0 has no transfer codings: nobody knows what its sender means (RFC 9112 section 6.1).
        if version == Version::HTTP_10 {
            return Err(HeadFault::Malformed);
        }
        let is_chunked = hop_by_hop::codings(headers).count() == 1 && hop_by_hop::only_chunked(headers);
        return is_chunked.then_some(Framing::Chunked).ok_or(HeadFault::Malformed);
    }
    Ok(match length(headers)? {
        Some(0) => Framing::Empty,
        Some(length) => Framing::Length(length),
        None => Framing::UntilClose,
    })
}

/// The one length that a head says, however often (RFC 9110 section 8.6).
fn length(headers: &HeaderMap) -> Result<Option<u64>, HeadFault> {
    let mut length = None;
    for value in headers.get_all(header::CONTENT_LENGTH) {
        for said in value.as_bytes().split(|byte| *byte == b',') {
            let said = number(said.trim_ascii()).ok_or(HeadFault::Malformed)?;
            if length.is_some_and(|length| length != said) {
                return Err(HeadFault::Malformed);
            }
            length = Some(said);
        }
    }
    Ok(length)
}

/// Says the length once and in the usual way, since not all readers understand the other ways alike. One that means nothing,
/// where no body follows, goes.
fn tidy_length(headers: &mut HeaderMap) {
    let mut said = headers.get_all(header::CONTENT_LENGTH).iter();
    let is_tidy = |value: &HeaderValue| match value.as_bytes() {
        b"0" => true,
        [b'1'..=b'9', rest @ ..] => rest.len() < 19 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let (first, second) = (said.next(), said.next());
    if second.is_none() && first.is_none_or(is_tidy) {
        return;
    }
    match length(headers) {
        Ok(Some(length)) => drop(headers.insert(header::CONTENT_LENGTH, length.into())),
        Ok(None) | Err(_) => drop(headers.remove(header::CONTENT_LENGTH)),
    }
}

/// Digits and nothing else.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Whether a head can have ended in these bytes, of which the first `seen` held no end: so that one that comes in small
/// pieces is not read anew with each.
pub(super) fn may_end(input: &[u8], seen: usize) -> bool {
    let new = &input[seen.saturating_sub(3)..];
    memchr::memchr_iter(b'\n', new).any(|at| matches!(new[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]))
}

#[cfg(test)]
mod tests;
