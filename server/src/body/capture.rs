//! The first bytes of a body, kept for the audit log by reference to the frames that flow by.

use bytes::Bytes;

/// Keeps a prefix and counts the rest.
#[derive(Debug, Default)]
pub struct Capture {
    frames: Vec<Bytes>,
    kept: usize,
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
        if self.kept < self.limit && !frame.is_empty() {
            let part = frame.slice(..frame.len().min(self.limit - self.kept));
            self.kept += part.len();
            self.frames.push(part);
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
        if self.kept == 0 {
            return None;
        }
        let bytes = self.frames.concat();
        let cut = self.total > self.kept as u64;
        let text = match std::str::from_utf8(&bytes) {
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
