//! A body that flows by, as pieces of text that may be shown: whole characters, and never a credential, also not one that
//! comes in two pieces.

use crate::audit_log::redact::forget;

/// Bytes of text that are shown.
pub const MAX_TEXT: usize = 1 << 20;

/// What came so far, as far as more must be known before it can be shown.
#[derive(Debug, Default)]
pub struct Pieces {
    credentials: Vec<String>,
    /// The beginning of a character.
    started: Vec<u8>,
    /// Text that ends as one of the credentials begins.
    held: String,
    /// Bytes of text that were shown.
    shown: usize,
    /// There was more text than is shown.
    truncated: bool,
    /// Bytes that came.
    size: u64,
    /// It is no text: nothing of it is shown.
    binary: bool,
}

impl Pieces {
    /// Of an answer that may have these credentials in it.
    pub fn new(credentials: impl Iterator<Item = String>) -> Self {
        Self {
            credentials: credentials.filter(|credential| !credential.is_empty()).collect(),
            ..Self::default()
        }
    }

    /// Bytes that came.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// There was more text than is shown.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// A piece came: what can be shown now.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<String> {
        let is_first = self.size == 0;
        self.size += bytes.len() as u64;
        if self.binary || self.truncated {
            return None;
        }
        self.started.extend_from_slice(bytes);
        let (text, faults) = self.decode();
        if is_first
            && (faults
                || text
                    .chars()
                    .any(|c| c.is_control() && !c.is_whitespace() && c != '\u{1b}'))
        {
            self.binary = true;
            self.started.clear();
            return None;
        }
        self.held.push_str(&text);
        self.held = forget(std::mem::take(&mut self.held), self.credentials());
        let open = self.open();
        let rest = self.held.split_off(self.held.len() - open);
        let text = std::mem::replace(&mut self.held, rest);
        self.show(text)
    }

    /// Nothing more comes: the rest.
    pub fn finish(&mut self) -> Option<String> {
        let mut text = std::mem::take(&mut self.held);
        if !std::mem::take(&mut self.started).is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        self.show(text)
    }

    fn credentials(&self) -> impl Iterator<Item = &str> {
        self.credentials.iter().map(String::as_str)
    }

    /// The whole characters so far, and whether there were bytes that are none.
    fn decode(&mut self) -> (String, bool) {
        let mut text = String::new();
        let (mut faults, mut rest) = (false, 0);
        let mut chunks = self.started.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            let is_beginning = || std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if chunks.peek().is_none() && !invalid.is_empty() && is_beginning() {
                rest = invalid.len();
            } else if !invalid.is_empty() {
                faults = true;
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.started.drain(..self.started.len() - rest);
        (text, faults)
    }

    /// Bytes at the end that may be the beginning of a credential.
    fn open(&self) -> usize {
        let of_one = |credential: &str| {
            let longest = credential.len().min(self.held.len() + 1);
            let mut lengths = (1..longest).rev().filter(|length| credential.is_char_boundary(*length));
            lengths.find(|length| self.held.ends_with(&credential[..*length]))
        };
        self.credentials().filter_map(of_one).max().unwrap_or(0)
    }

    fn show(&mut self, mut text: String) -> Option<String> {
        let room = MAX_TEXT - self.shown;
        if text.len() > room {
            text.truncate(text.floor_char_boundary(room));
            self.truncated = true;
        }
        self.shown += text.len();
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn shown(credentials: &[&str], pieces: &[&[u8]]) -> String {
        let mut reading = Pieces::new(credentials.iter().map(|credential| (*credential).to_owned()));
        let mut text = String::new();
        for piece in pieces {
            text.extend(reading.feed(piece));
        }
        text.extend(reading.finish());
        text
    }

    #[rstest]
    #[case::plain(&["one ", "two"], "one two")]
    #[case::a_character_in_two_pieces(&["gr\\c3", "\\bcn."], "gr\u{fc}n.")]
    #[case::a_fault_in_text(&["good ", "\\ff bad"], "good \u{fffd} bad")]
    #[case::cut_in_a_character(&["a\\c3"], "a\u{fffd}")]
    #[case::no_text(&["\\89PNG\r\n", "text"], "")]
    #[case::zeros(&["a\\00b"], "")]
    fn pieces_are_whole_characters(#[case] pieces: &[&str], #[case] expected: &str) {
        let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| bytes(piece)).collect();
        let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        assert_eq!(shown(&[], &pieces), expected);
    }

    /// A text in which `\c3` is the byte of that number.
    fn bytes(text: &str) -> Vec<u8> {
        let mut parts = text.split('\\');
        let mut bytes = parts.next().unwrap().as_bytes().to_vec();
        for part in parts {
            let (number, rest) = part.split_at(2);
            bytes.push(u8::from_str_radix(number, 16).unwrap());
            bytes.extend_from_slice(rest.as_bytes());
        }
        bytes
    }

    #[test]
    fn what_can_be_a_credential_waits_and_all_else_does_not() {
        let mut reading = Pieces::new(["sk-secret".to_owned()].into_iter());
        assert_eq!(reading.feed(b"the key is s").as_deref(), Some("the key is "));
        assert_eq!(reading.feed(b"k-sec").as_deref(), None);
        assert_eq!(reading.feed(b"ond, not s").as_deref(), Some("sk-second, not "));
        assert_eq!(reading.feed(b"k-secret!").as_deref(), Some("[redacted]!"));
        assert_eq!(reading.finish(), None);
    }

    #[test]
    fn only_the_beginning_of_a_long_text_is_shown() {
        let mut reading = Pieces::new(std::iter::empty());
        let long = "\u{fc}".repeat(MAX_TEXT / 2 + 10);
        assert_eq!(reading.feed(long.as_bytes()).map(|text| text.len()), Some(MAX_TEXT));
        assert!(reading.truncated());
        assert_eq!(reading.feed(b"more"), None);
        assert_eq!(reading.size(), long.len() as u64 + 4);
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_text_is_the_same_and_has_no_credential(
            text in "(abc|ab|a|c| |\u{fc}|sk-1|sk-)*", cuts in prop::collection::vec(1_usize..9, 0..60),
        ) {
            let credentials = ["abc", "sk-1"];
            let mut bytes = text.as_bytes();
            let mut pieces = Vec::new();
            for cut in cuts {
                let (piece, rest) = bytes.split_at(cut.min(bytes.len()));
                pieces.push(piece);
                bytes = rest;
            }
            pieces.push(bytes);
            let shown = shown(&credentials, &pieces);
            for credential in credentials {
                prop_assert!(!shown.contains(credential), "{shown:?}");
            }
            let whole = forget(text.clone(), credentials.into_iter());
            prop_assert_eq!(shown, whole);
        }
    }
}
