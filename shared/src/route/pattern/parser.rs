//! From the text of a pattern to its pieces.

use super::{MAX_WILDCARDS, PatternError, Token, has_dot_segment, is_path_byte, is_unreserved};
use std::fmt::Write as _;

/// The pieces found so far.
#[derive(Default)]
pub(super) struct Parser {
    tokens: Vec<Token>,
    wildcards: usize,
}

impl Parser {
    /// The pieces of a pattern that starts as one.
    pub(super) fn tokens(text: &str) -> Result<Vec<Token>, PatternError> {
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
        parser.finish()
    }

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

    /// The segments are known only now that all pieces are.
    fn finish(self) -> Result<Vec<Token>, PatternError> {
        let spelled = |token: &Token| match token {
            Token::Literal(text) => text.clone(),
            Token::Segments => "/*".to_owned(),
            _ => "*".to_owned(),
        };
        let canonical: String = self.tokens.iter().map(spelled).collect();
        match canonical.split('/').find(|segment| has_dot_segment(segment)) {
            Some(segment) => Err(PatternError::DotSegment(segment.to_owned())),
            None => Ok(self.tokens),
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
