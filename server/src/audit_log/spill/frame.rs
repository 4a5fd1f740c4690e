//! Records as bytes: length (4), checksum (8), JSON. What is torn or was changed is told from what is whole.

use super::super::record::Record;
use super::kept::Kept;
use sha2::{Digest as _, Sha256};
use std::io;

/// No record is longer: bodies are bounded by `audit.max_body_bytes`, heads by `server.max_header_bytes`.
pub const LONGEST: u64 = 64 << 20;
const HEAD: usize = 12;

/// Frames that are being put together.
#[derive(Default)]
pub struct Frames(Vec<u8>);

impl Frames {
    /// One more.
    ///
    /// # Errors
    /// When it is longer than any may be.
    pub fn push(&mut self, record: &Record) -> io::Result<()> {
        let at = self.0.len();
        self.0.resize(at + HEAD, 0);
        serde_json::to_writer(&mut self.0, &Kept::of(record))?;
        let length = self.0.len() - at - HEAD;
        let Some(length) = u32::try_from(length)
            .ok()
            .filter(|length| u64::from(*length) <= LONGEST)
        else {
            self.0.truncate(at);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the record is too long"));
        };
        let sum = checksum(&self.0[at + HEAD..]);
        self.0[at..at + 4].copy_from_slice(&length.to_le_bytes());
        self.0[at + 4..at + HEAD].copy_from_slice(&sum);
        Ok(())
    }

    /// All of them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The whole records at the beginning, at most so many, and how many bytes they took. Ends at the first one that is not
/// whole.
pub fn read(bytes: &[u8], most: usize) -> (Vec<Record>, usize) {
    let (mut records, mut at) = (Vec::new(), 0);
    while records.len() < most
        && let Some((record, length)) = first(&bytes[at..])
    {
        records.push(record);
        at += length;
    }
    (records, at)
}

fn first(bytes: &[u8]) -> Option<(Record, usize)> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let length = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    let json = rest.get(..length)?;
    if head[4..] != checksum(json) {
        return None;
    }
    let kept: Kept = serde_json::from_slice(json).ok()?;
    Some((kept.into_record()?, HEAD + length))
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let digest = Sha256::digest(bytes);
    let mut sum = [0; 8];
    sum.copy_from_slice(&digest[..8]);
    sum
}
