//! What may be wrong with a pattern.

use super::{MAX_PATTERN_BYTES, MAX_WILDCARDS};
use thiserror::Error;

/// Why a text is no pattern: what is wrong, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// No text.
    #[error("is empty; a pattern starts with `/` or `*`, e.g. /v1/*")]
    Empty,
    /// Above [`MAX_PATTERN_BYTES`].
    #[error("is longer than {MAX_PATTERN_BYTES} bytes")]
    TooLong,
    /// The first character is neither `/` nor `*`.
    #[error("must start with `/` or `*`, e.g. /v1/* or *.json")]
    Start,
    /// A character that no path contains.
    #[error("has {what}, which a path cannot contain; {hint}")]
    Character {
        /// The character, readable.
        what: String,
        /// What to write instead.
        hint: &'static str,
    },
    /// `%` without two hexadecimal digits after it.
    #[error("has `%` without two hexadecimal digits after it; a percent sign itself is written %25")]
    PercentEncoding,
    /// `%2F`, `%5C` or `%00`, which are refused in requests.
    #[error("has `{0}`: paths with an encoded slash, backslash or NUL are refused, so it could never match")]
    NeverMatches(String),
    /// A segment `.` or `..`.
    #[error("has the segment `{0}`: paths with dot segments are refused, so it could never match")]
    DotSegment(String),
    /// A brace without its partner, or within another pair.
    #[error("has unbalanced braces; a capture is written {{name}} or {{name:path}}")]
    Braces,
    /// A capture's name is empty or has other characters.
    #[error("has the capture name `{0}`; a name is 1 to 64 letters, digits and `_`")]
    Name(String),
    /// Two captures with one name.
    #[error("captures `{0}` twice; each name may occur once")]
    Twice(String),
    /// `{name:kind}` with another kind than `path`.
    #[error("has the capture kind `:{0}`; the only kind is `:path`, e.g. {{rest:path}}")]
    Kind(String),
    /// Something follows `{name:path}`.
    #[error("has text after `{{{0}:path}}`; a `:path` capture comes last because it takes all that is left")]
    AfterRest(String),
    /// `**` beside other text.
    #[error(
        "has `**` beside other text of a segment; write it as a whole segment, e.g. /api/** or /a/**/z, or use a single `*`"
    )]
    DoubleStar,
    /// Two wildcards with nothing between them.
    #[error("has two wildcards or captures with no text between them; put a literal character between them")]
    Adjacent,
    /// Above [`MAX_WILDCARDS`].
    #[error("has more than {MAX_WILDCARDS} wildcards and captures")]
    TooMany,
}
