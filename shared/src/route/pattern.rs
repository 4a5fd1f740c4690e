//! Path patterns (`match_path`): their grammar, and which of two patterns is the more specific one.
//!
//! A pattern is parsed into [`Token`]s. Matching a path against them is the server's work, not done here; parsing is
//! shared because the dashboard's form and the `path:` permissions speak the same grammar.

use std::cmp::Ordering;
use std::fmt::Write as _;
use thiserror::Error;

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
    path.split('/').any(is_dots)
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
        let mut parser = Parser::default();
        // A leading `**` is the same as `/**`: the text before the first `/` is no segment of its own.
        let mut rest = text;
        if let Some(after) = text.strip_prefix("**") {
            if !after.is_empty() && !after.starts_with('/') {
                return Err(PatternError::DoubleStar);
            }
            parser.push(Token::Segments)?;
            rest = after;
        }
        while !rest.is_empty() {
            rest = parser.next(rest, rest.len() == text.len())?;
        }
        parser.finish(text)
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

/// The pieces found so far.
#[derive(Default)]
struct Parser {
    tokens: Vec<Token>,
    wildcards: usize,
}

impl Parser {
    /// Takes one piece off `rest`, which is not empty, and returns what is left.
    fn next<'a>(&mut self, rest: &'a str, at_start: bool) -> Result<&'a str, PatternError> {
        if let Some(Token::Rest(name)) = self.tokens.last() {
            return Err(PatternError::AfterRest(name.clone()));
        }
        if let Some(after) = rest.strip_prefix("/**")
            && (after.is_empty() || after.starts_with('/'))
        {
            self.push(Token::Segments)?;
            return Ok(after);
        }
        if rest.starts_with("**") {
            return Err(PatternError::DoubleStar);
        }
        if let Some(after) = rest.strip_prefix('*') {
            let opens_segment = matches!(self.tokens.last(), Some(Token::Literal(text)) if text.ends_with('/'));
            self.push(if at_start || after.is_empty() {
                Token::Anything
            } else if opens_segment && after.starts_with('/') {
                Token::Segment
            } else {
                Token::Within
            })?;
            return Ok(after);
        }
        if let Some(inside) = rest.strip_prefix('{') {
            let (name, after) = inside.split_once('}').ok_or(PatternError::Braces)?;
            if name.contains('{') {
                return Err(PatternError::Braces);
            }
            self.capture(name)?;
            return Ok(after);
        }
        self.literal(rest)
    }

    fn capture(&mut self, inside: &str) -> Result<(), PatternError> {
        let (name, kind) = match inside.split_once(':') {
            Some((name, kind)) => (name, Some(kind)),
            None => (inside, None),
        };
        let is_name =
            (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(PatternError::Name(name.escape_debug().to_string()));
        }
        let seen = |token: &Token| matches!(token, Token::Capture(other) | Token::Rest(other) if other == name);
        if self.tokens.iter().any(seen) {
            return Err(PatternError::Twice(name.to_owned()));
        }
        match kind {
            None => self.push(Token::Capture(name.to_owned())),
            Some("path") => self.push(Token::Rest(name.to_owned())),
            Some(kind) => Err(PatternError::Kind(kind.escape_debug().to_string())),
        }
    }

    /// Takes one literal character.
    fn literal<'a>(&mut self, rest: &'a str) -> Result<&'a str, PatternError> {
        let character = rest.chars().next().unwrap_or('\0');
        let after = &rest[character.len_utf8()..];
        let mut spelled = String::new();
        let mut after_this = after;
        match character {
            '}' => return Err(PatternError::Braces),
            '%' => {
                let digits = after.get(..2).ok_or(PatternError::PercentEncoding)?;
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return Err(PatternError::PercentEncoding);
                }
                let byte = u8::from_str_radix(digits, 16).map_err(|_| PatternError::PercentEncoding)?;
                if matches!(byte, b'/' | b'\\' | 0) {
                    return Err(PatternError::NeverMatches(format!("%{digits}")));
                }
                spell(byte, is_unreserved(byte), &mut spelled);
                after_this = &after[2..];
            }
            _ => {
                if let Some(hint) = refused(character) {
                    return Err(PatternError::Character {
                        what: format!("`{}`", character.escape_debug()),
                        hint,
                    });
                }
                for byte in rest[..character.len_utf8()].bytes() {
                    spell(byte, is_path_byte(byte), &mut spelled);
                }
            }
        }
        match self.tokens.last_mut() {
            Some(Token::Literal(text)) => text.push_str(&spelled),
            _ => self.tokens.push(Token::Literal(spelled)),
        }
        Ok(after_this)
    }

    fn push(&mut self, token: Token) -> Result<(), PatternError> {
        // `**` brings its own `/`, so that it may stand right after another wildcard.
        let beside = self
            .tokens
            .last()
            .is_some_and(|last| !matches!(last, Token::Literal(_)));
        if beside && (token != Token::Segments || self.tokens.last() == Some(&Token::Segments)) {
            return Err(PatternError::Adjacent);
        }
        self.wildcards += 1;
        if self.wildcards > MAX_WILDCARDS {
            return Err(PatternError::TooMany);
        }
        self.tokens.push(token);
        Ok(())
    }

    fn finish(self, source: &str) -> Result<PathPattern, PatternError> {
        let canonical: String = self
            .tokens
            .iter()
            .map(|token| match token {
                Token::Literal(text) => text.as_str(),
                Token::Segments => "/*",
                _ => "*",
            })
            .collect();
        match canonical.split('/').find(|segment| has_dot_segment(segment)) {
            Some(segment) => Err(PatternError::DotSegment(segment.to_owned())),
            None => Ok(PathPattern {
                source: source.to_owned(),
                tokens: self.tokens,
            }),
        }
    }
}

/// Appends a byte, as it is or percent-encoded.
fn spell(byte: u8, plain: bool, onto: &mut String) {
    if plain {
        onto.push(char::from(byte));
    } else {
        // Writing to a String cannot fail.
        let _ = write!(onto, "%{byte:02X}");
    }
}

/// What to do about a character that cannot be part of a path, not even encoded by us.
fn refused(character: char) -> Option<&'static str> {
    match character {
        '?' => Some("the query is not matched, so leave it out (a question mark itself is written %3F)"),
        '#' => Some("a `#` itself is written %23"),
        '\\' => Some("paths with a backslash are refused"),
        ' ' => Some("a space is written %20"),
        c if c.is_control() => Some("control characters are not allowed"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
