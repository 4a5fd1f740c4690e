//! What goes into one transaction, and what has to be known of it.

use super::ids::milliseconds_of;
use super::record::Record;
use std::collections::{BTreeMap, HashSet};

/// Records for one transaction.
#[expect(
    clippy::vec_box,
    reason = "records come in boxes and are large: moving the boxes is cheaper"
)]
#[derive(Debug, Default)]
pub struct Batch {
    /// Requests that go on.
    pub started: Vec<Box<Record>>,
    /// Requests that ended.
    pub ended: Vec<Box<Record>>,
    /// They waited in the spill file: some may be in the database already.
    pub spilled: bool,
}

impl Batch {
    /// How many records.
    pub fn len(&self) -> usize {
        self.started.len() + self.ended.len()
    }

    /// A start whose end is here as well need not be stored.
    pub fn drop_superseded(&mut self) {
        if !self.started.is_empty() {
            let ended: HashSet<i64> = self.ended.iter().map(|record| record.id).collect();
            self.started.retain(|record| !ended.contains(&record.id));
        }
    }

    /// One batch for each record.
    pub fn singles(&self) -> impl Iterator<Item = Self> {
        let started = self.started.iter().map(|record| Self {
            started: vec![record.clone()],
            spilled: self.spilled,
            ..Self::default()
        });
        let ended = self.ended.iter().map(|record| Self {
            ended: vec![record.clone()],
            spilled: self.spilled,
            ..Self::default()
        });
        started.chain(ended)
    }

    /// All numbers.
    pub fn ids(&self) -> Vec<i64> {
        let records = self.started.iter().chain(&self.ended);
        records.map(|record| record.id).collect()
    }

    /// How far the numbers are ahead of the records' times at most: the clock was set back by that much.
    pub fn clock_lead_ms(&self) -> i64 {
        let lead = |record: &Record| milliseconds_of(record.id) - record.request_time.div_euclid(1000);
        let records = self.started.iter().chain(&self.ended);
        // A second is within the readers' tolerance.
        records
            .map(|record| lead(record))
            .filter(|lead| *lead > 1_000)
            .max()
            .unwrap_or(0)
    }
}

/// Requests and time of last use for each key, in the order of the ids: two writers that change the same keys then
/// never wait for each other in a circle.
pub fn usage<'a>(ended: &[&'a Record]) -> BTreeMap<&'a str, (i64, i64)> {
    let mut usage = BTreeMap::new();
    for record in ended {
        if let Some(key_id) = record.key_id.as_deref() {
            let (requests, last_used_at) = usage.entry(key_id).or_insert((0, i64::MIN));
            *requests += 1;
            *last_used_at = record.request_time.max(*last_used_at);
        }
    }
    usage
}
