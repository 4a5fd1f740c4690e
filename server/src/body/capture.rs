//! The first bytes of a body, kept for the audit log: a body of one frame by reference, one of several as a copy.

use bytes::Bytes;

/// Keeps a prefix and counts the rest.
#[derive(Debug, Default)]
pub struct Capture {
    /// The only frame so far, kept as it came: most bodies are one.
    only: Bytes,
    /// Several frames, copied. A frame keeps the whole buffer alive that it was read into, which for the small ones of a
    /// stream would be a hundred times what they are.
    several: Vec<u8>,
    limit: usize,
    total: u64,
}

impl Capture {
    /// Keeps up to `limit` bytes; 0 only counts.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// A frame flows by.
    pub fn feed(&mut self, frame: &Bytes) {
        self.total += frame.len() as u64;
        let room = self.limit - self.kept().len();
        if room == 0 || frame.is_empty() {
            return;
        }
        let part = frame.slice(..frame.len().min(room));
        if self.kept().is_empty() {
            self.only = part;
            return;
        }
        if self.several.is_empty() {
            self.several.extend_from_slice(&std::mem::take(&mut self.only));
        }
        self.several.extend_from_slice(&part);
    }

    fn kept(&self) -> &[u8] {
        if self.several.is_empty() {
            &self.only
        } else {
            &self.several
        }
    }

    /// Bytes that flowed by.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The prefix as text. `None` when nothing was kept or it is not text (UTF-8 without control characters other than
    /// white space).
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let bytes = self.kept();
        if bytes.is_empty() {
            return None;
        }
        let cut = self.total > bytes.len() as u64;
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            // A cut may fall into a character.
            Err(error) if cut && error.error_len().is_none() => {
                std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
            }
            Err(_) => return None,
        };
        let binary = text
            .chars()
            .any(|c| c.is_control() && !c.is_whitespace() && c != '\u{1b}');
        (!binary).then(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests;
