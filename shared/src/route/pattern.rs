//! Path patterns (`match_path`): their grammar, and which of two patterns is the more specific one.
//!
//! A pattern is parsed into [`Token`]s. Matching a path against them is the server's work, not done here; parsing is
//! shared because the dashboard's form and the `path:` permissions speak the same grammar.

mod error;
mod parser;

use parser::Parser;
use std::cmp::Ordering;

pub use error::PatternError;

/// Bytes of a pattern at most.
pub const MAX_PATTERN_BYTES: usize = 2048;

/// Wildcards and captures of a pattern at most.
pub const MAX_WILDCARDS: usize = 16;

/// A piece of a pattern. A path matches when the pieces, one after the other, take all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// This text. In canonical spelling: what needs no percent-encoding has none, anything else has it in upper case.
    Literal(String),
    /// `*` as a whole segment with more after it: one segment, at least one character.
    Segment,
    /// `*` beside other text of a segment: any number of characters other than `/`.
    Within,
    /// `*` at the very start or the very end: any text, `/` included, also none.
    Anything,
    /// `**`: zero or more whole segments, each with the `/` before it.
    Segments,
    /// `{name}`: at least one character other than `/`.
    Capture(String),
    /// `{name:path}`: all that is left, at least one character.
    Rest(String),
}

/// A parsed `match_path` (contract: Routes).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    source: String,
    tokens: Vec<Token>,
}

/// How specific a pattern is. The greater of two is the more specific one; see [`Specificity::cmp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Specificity {
    /// Bytes before the first wildcard.
    literal_prefix: usize,
    /// Bytes of all literal pieces.
    literal: usize,
    /// Number of wildcards and captures.
    wildcards: usize,
    /// How much the wildcards may take, summed over all.
    width: usize,
}

/// Names of the captures of a pattern, in order; empty when it does not parse.
#[must_use]
pub fn capture_names(pattern: &str) -> Vec<String> {
    PathPattern::parse(pattern)
        .map(|pattern| pattern.capture_names().map(str::to_owned).collect())
        .unwrap_or_default()
}

/// `match_path`, for garde.
///
/// # Errors
/// When it does not parse; see [`PatternError`].
pub fn validate<C>(pattern: &str, _: &C) -> garde::Result {
    PathPattern::parse(pattern).map(drop).map_err(garde::Error::new)
}

/// Whether a byte stands for itself in a path (RFC 3986 section 3.3: `pchar`, and `/`). All others are
/// percent-encoded in canonical spelling.
#[must_use]
pub const fn is_path_byte(byte: u8) -> bool {
    matches!(byte,
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~'
        | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@' | b'/')
}

/// Whether percent-encoding a byte makes no difference (RFC 3986 section 2.3).
#[must_use]
pub const fn is_unreserved(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~')
}

/// Whether a path has a segment that servers resolve: `.` or `..`, plain or percent-encoded, also with parameters
/// (`..;x`).
#[must_use]
pub fn has_dot_segment(path: &str) -> bool {
    let is_dots = |segment: &str| {
        let name = segment.split(';').next().unwrap_or_default();
        // `%2e%2e` is the longest spelling.
        if name.len() > 6 || !name.starts_with(['.', '%']) {
            return false;
        }
        matches!(name.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
    };
    // Nearly no path has a segment that begins like one.
    let begins = |pair: &[u8]| pair[0] == b'/' && matches!(pair[1], b'.' | b'%');
    (path.starts_with(['.', '%']) || path.as_bytes().windows(2).any(begins)) && path.split('/').any(is_dots)
}

impl PathPattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// What is wrong with it and what is allowed.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::TooLong);
        }
        if !text.starts_with(['/', '*']) {
            return Err(PatternError::Start);
        }
        let tokens = Parser::tokens(text)?;
        Ok(Self {
            source: text.to_owned(),
            tokens,
        })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Its pieces; never two [`Token::Literal`] side by side.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Names of the captures, in order.
    pub fn capture_names(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Capture(name) | Token::Rest(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// What every path that matches begins with, in canonical spelling: the text before the first wildcard. This is
    /// what `strip_path_prefix` strips.
    #[must_use]
    pub fn literal_prefix(&self) -> &str {
        match self.tokens.first() {
            Some(Token::Literal(text)) => text,
            _ => "",
        }
    }

    /// How specific it is.
    #[must_use]
    pub fn specificity(&self) -> Specificity {
        let mut literal = 0;
        let mut wildcards = 0;
        let mut width = 0;
        for token in &self.tokens {
            if let Token::Literal(text) = token {
                literal += text.len();
            } else {
                wildcards += 1;
                width += token.width();
            }
        }
        Specificity {
            literal_prefix: self.literal_prefix().len(),
            literal,
            wildcards,
            width,
        }
    }
}

impl Token {
    /// How much a wildcard may take, from narrow to wide; 0 for literals.
    const fn width(&self) -> usize {
        match self {
            Self::Literal(_) => 0,
            Self::Capture(_) | Self::Segment => 1,
            Self::Within => 2,
            Self::Rest(_) => 3,
            Self::Anything => 4,
            Self::Segments => 5,
        }
    }
}

impl Ord for Specificity {
    /// Greater = more specific: longer literal prefix, then more literal characters, then fewer wildcards, then narrower
    /// ones (contract: Routes).
    fn cmp(&self, other: &Self) -> Ordering {
        self.literal_prefix
            .cmp(&other.literal_prefix)
            .then(self.literal.cmp(&other.literal))
            .then(other.wildcards.cmp(&self.wildcards))
            .then(other.width.cmp(&self.width))
    }
}

impl PartialOrd for Specificity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
