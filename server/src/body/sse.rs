//! Server-sent events and JSON lines, framed independently of chunk borders (WHATWG HTML, section 9.2.6).

/// How much of one event's data is kept; longer events are counted, not read.
const MAX_DATA: usize = 256 << 10;
/// An unfinished line of more than this has more data than is kept, whatever stands before the data.
const MAX_LINE: usize = MAX_DATA + 16;

/// Finds the events in a stream of chunks.
#[derive(Debug, Default)]
pub struct SseFramer {
    /// An unfinished line from earlier chunks.
    line: Vec<u8>,
    /// The data of the event so far.
    data: Vec<u8>,
    has_data: bool,
    data_overflowed: bool,
    /// The last chunk ended in CR: a LF at the start of the next one belongs to it.
    after_cr: bool,
    started: bool,
    events: u64,
}

impl SseFramer {
    /// Reads a chunk; `on_event` gets the data of each event that it completes.
    pub fn feed(&mut self, mut chunk: &[u8], mut on_event: impl FnMut(&[u8])) {
        if self.after_cr && !chunk.is_empty() {
            self.after_cr = false;
            chunk = chunk.strip_prefix(b"\n").unwrap_or(chunk);
        }
        while let Some(end) = memchr::memchr2(b'\n', b'\r', chunk) {
            let (line, rest) = (&chunk[..end], &chunk[end + 1..]);
            let cr = chunk[end] == b'\r';
            chunk = if cr {
                rest.strip_prefix(b"\n").unwrap_or(rest)
            } else {
                rest
            };
            self.after_cr = cr && rest.is_empty();
            if self.line.is_empty() {
                self.end_line(line, &mut on_event);
            } else {
                self.push(line);
                let mut whole = std::mem::take(&mut self.line);
                self.end_line(&whole, &mut on_event);
                whole.clear();
                self.line = whole;
            }
        }
        self.push(chunk);
    }

    /// Adds to the unfinished line. Of one that is too long so much is kept that it is still seen to be too long.
    fn push(&mut self, part: &[u8]) {
        let room = MAX_LINE - self.line.len();
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }

    /// Events that were completed so far. An event without data is none.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    fn end_line(&mut self, line: &[u8], on_event: &mut impl FnMut(&[u8])) {
        let line = if self.started {
            line
        } else {
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
        };
        self.started = true;
        if line.is_empty() {
            if self.has_data {
                self.events += 1;
                if !self.data_overflowed {
                    on_event(&self.data);
                }
            }
            self.data.clear();
            self.has_data = false;
            self.data_overflowed = false;
            return;
        }
        let Some(value) = line.strip_prefix(b"data") else {
            return;
        };
        let value = match value {
            [b':', b' ', rest @ ..] | [b':', rest @ ..] => rest,
            [] => value,
            _ => return,
        };
        if self.data.len() + value.len() > MAX_DATA {
            self.data_overflowed = true;
        } else if !self.data_overflowed {
            if self.has_data {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value);
        }
        self.has_data = true;
    }
}

/// Counts and reads the lines of `application/x-ndjson`.
#[derive(Debug, Default)]
pub struct LineFramer {
    line: Vec<u8>,
    overflowed: bool,
    lines: u64,
}

impl LineFramer {
    /// Reads a chunk; `on_line` gets each line that it completes. Blank lines do not count.
    pub fn feed(&mut self, mut chunk: &[u8], mut on_line: impl FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', chunk) {
            self.push(&chunk[..end]);
            chunk = &chunk[end + 1..];
            self.finish(&mut on_line);
        }
        self.push(chunk);
    }

    /// The last line may end without a line feed.
    pub fn finish(&mut self, mut on_line: impl FnMut(&[u8])) {
        let blank = self.line.iter().all(u8::is_ascii_whitespace);
        if !blank || self.overflowed {
            self.lines += 1;
        }
        if !blank && !self.overflowed {
            on_line(&self.line);
        }
        self.line.clear();
        self.overflowed = false;
    }

    /// Lines so far.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    fn push(&mut self, part: &[u8]) {
        if self.line.len() + part.len() > MAX_DATA {
            self.overflowed = true;
            self.line.clear();
        } else if !self.overflowed {
            self.line.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests;
