//! The path of a request: its canonical spelling for matching, and the way back to the client's own spelling.
//!
//! What is matched is what is forwarded: a path that an upstream could read as another resource is refused here, and
//! everything else goes on exactly as the client wrote it. Patterns are not here but in `pattern`.

use fastgate_shared::route::pattern::{has_dot_segment, is_path_byte, is_unreserved};
use std::borrow::Cow;
use std::fmt::Write as _;
use thiserror::Error;

/// Why a path is refused with 400: it is malformed, or could mean different resources to different servers
/// (contract: Routes). Reads on after "The path".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PathRefusal {
    /// It does not start with `/`.
    #[error("must start with `/`")]
    NotAbsolute,
    /// A segment `.` or `..`, plain or encoded, also with parameters (`..;x`).
    #[error("has a dot segment (`.` or `..`, plain or percent-encoded)")]
    DotSegment,
    /// `%2F`.
    #[error("has a percent-encoded slash (%2F)")]
    EncodedSlash,
    /// `\` or `%5C`.
    #[error("has a backslash, plain or percent-encoded")]
    Backslash,
    /// `%00`, or the byte itself.
    #[error("has a NUL character")]
    Nul,
    /// `%` without two hexadecimal digits after it.
    #[error("has `%` without two hexadecimal digits after it")]
    PercentEncoding,
}

/// The canonical spelling of a path (without query), for matching: unreserved characters are decoded, everything that a
/// path cannot contain is encoded, hexadecimal digits are in upper case (RFC 3986 section 6.2.2). Allocates only where
/// that changes something.
///
/// # Errors
/// For a path that is malformed or ambiguous.
pub fn canonical(raw: &str) -> Result<Cow<'_, str>, PathRefusal> {
    if !raw.starts_with('/') {
        return Err(PathRefusal::NotAbsolute);
    }
    let mut changed = false;
    let mut bytes = raw.as_bytes();
    while let Some(byte) = bytes.first() {
        match byte {
            0 => return Err(PathRefusal::Nul),
            b'\\' => return Err(PathRefusal::Backslash),
            b'%' => {
                match decoded(bytes)? {
                    b'/' => return Err(PathRefusal::EncodedSlash),
                    b'\\' => return Err(PathRefusal::Backslash),
                    0 => return Err(PathRefusal::Nul),
                    byte => changed |= is_unreserved(byte) || bytes[1..3].iter().any(u8::is_ascii_lowercase),
                }
                bytes = &bytes[3..];
                continue;
            }
            byte => changed |= !is_path_byte(*byte),
        }
        bytes = &bytes[1..];
    }
    if has_dot_segment(raw) {
        return Err(PathRefusal::DotSegment);
    }
    Ok(if changed {
        Cow::Owned(respell(raw))
    } else {
        Cow::Borrowed(raw)
    })
}

/// The client's spelling of a part of a canonical path. `raw` is a path that [`canonical`] accepted; `from` and `to` are
/// byte offsets into its canonical spelling.
#[must_use]
pub fn as_spelled(raw: &str, from: usize, to: usize) -> &str {
    let start = raw_offset(raw, from);
    let end = raw_offset(raw, to).max(start);
    &raw[start..end]
}

/// What the client's path has after a canonical prefix of `prefix_len` bytes, in the client's spelling: what
/// `strip_path_prefix` leaves.
#[must_use]
pub fn after_prefix(raw: &str, prefix_len: usize) -> &str {
    &raw[raw_offset(raw, prefix_len)..]
}

/// How many bytes of `raw` spell its first `len` canonical bytes; rounded up to a border of characters, which matters
/// only where a pattern spells half a character (`/%C3*`).
fn raw_offset(raw: &str, len: usize) -> usize {
    let bytes = raw.as_bytes();
    let (mut offset, mut canonical) = (0, 0);
    while canonical < len && offset < bytes.len() {
        let (spelled, counts) = match bytes[offset] {
            b'%' if decoded(&bytes[offset..]).is_ok_and(is_unreserved) => (3, 1),
            b'%' => (3, 3),
            byte if is_path_byte(byte) => (1, 1),
            _ => (1, 3),
        };
        offset += spelled;
        canonical += counts;
    }
    while !raw.is_char_boundary(offset) && offset < raw.len() {
        offset += 1;
    }
    offset.min(raw.len())
}

/// The byte that the escape at the start of `bytes` stands for.
fn decoded(bytes: &[u8]) -> Result<u8, PathRefusal> {
    let digit = |at: usize| {
        let value = bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        value
            .and_then(|value| u8::try_from(value).ok())
            .ok_or(PathRefusal::PercentEncoding)
    };
    Ok(digit(1)? << 4 | digit(2)?)
}

/// The canonical spelling, without asking whether the path is clear.
pub(crate) fn respell(raw: &str) -> String {
    let mut spelled = String::with_capacity(raw.len() + 16);
    let mut bytes = raw.as_bytes();
    while let Some(&byte) = bytes.first() {
        let (byte, plain, length) = match decoded(bytes) {
            Ok(byte) if bytes[0] == b'%' => (byte, is_unreserved(byte), 3),
            _ => (byte, is_path_byte(byte), 1),
        };
        if plain {
            spelled.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(spelled, "%{byte:02X}");
        }
        bytes = &bytes[length..];
    }
    spelled
}

#[cfg(test)]
mod tests;
