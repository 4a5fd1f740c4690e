//! A histogram of durations with log-linear buckets: 16 to each power of two, so that a quantile is off by 3 % at most,
//! from a microsecond to weeks. Stored as bytes, added up by readers.

/// Buckets to each power of two, as bits.
const SUB_BITS: u32 = 4;
const SUB: u64 = 1 << SUB_BITS;
/// Longer than a month is a month.
const MAX: u64 = 1 << 42;
/// One more than the bucket of [`MAX`].
const BUCKETS: u16 = 39 * SUB as u16 + 1;

/// Counts by bucket, as the writer keeps them: few buckets, many histograms, and each copied for a batch that may fail.
/// In the order of the buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<(u16, u64)>,
}

/// What several histograms add up to, as readers need it: one place for each bucket, so that adding a stored histogram
/// costs nanoseconds a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    counts: Vec<u64>,
}

impl Histogram {
    /// Counts a duration in microseconds.
    pub fn add(&mut self, microseconds: u64) {
        let bucket = bucket(microseconds);
        match self.counts.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(place) => self.counts[place].1 += 1,
            Err(place) => self.counts.insert(place, (bucket, 1)),
        }
    }

    /// Adds the counts of another.
    pub fn merge(&mut self, more: &Self) {
        let mut place = 0;
        for &(bucket, count) in &more.counts {
            place += self.counts[place..].partition_point(|(known, _)| *known < bucket);
            match self.counts.get_mut(place) {
                Some((known, counted)) if *known == bucket => *counted += count,
                _ => self.counts.insert(place, (bucket, count)),
            }
        }
    }

    /// As bytes: for each bucket the distance from the last one and the count, both as varints (LEB128).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.counts.len() * 3);
        let mut last = 0;
        for (bucket, count) in &self.counts {
            write_varint(&mut bytes, u64::from(bucket - last));
            write_varint(&mut bytes, *count);
            last = *bucket;
        }
        bytes
    }
}

impl Merged {
    /// Adds what [`Histogram::encode`] made, or several of these with two zeros between them, as a migration left them.
    /// Bytes that make no sense are passed over.
    pub fn add(&mut self, mut bytes: &[u8]) {
        let mut bucket = 0_u16;
        while let (Some(distance), Some(count)) = (read_varint(&mut bytes), read_varint(&mut bytes)) {
            if (distance, count) == (0, 0) {
                bucket = 0;
                continue;
            }
            let next = u16::try_from(distance)
                .ok()
                .and_then(|distance| bucket.checked_add(distance))
                .filter(|next| *next < BUCKETS);
            let Some(next) = next else { return };
            bucket = next;
            let place = usize::from(bucket);
            if place >= self.counts.len() {
                self.counts.resize(place + 1, 0);
            }
            self.counts[place] = self.counts[place].saturating_add(count);
        }
    }

    /// Adds the counts of others.
    pub fn merge(&mut self, other: &Self) {
        if other.counts.len() > self.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
    }

    /// Takes away the counts of others, which were added before.
    pub fn subtract(&mut self, other: &Self) {
        for (count, less) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_sub(*less);
        }
    }

    /// Forgets the counts and keeps the memory.
    pub fn clear(&mut self) {
        self.counts.clear();
    }

    /// How many durations were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The duration, in microseconds, that the share `q` (0–1) of all durations does not exceed; 0 without any.
    #[must_use]
    pub fn quantile(&self, q: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the product is between 0 and a count"
        )]
        let rank = ((self.total() as f64 * q).ceil() as u64).max(1);
        let mut seen = 0_u64;
        for (bucket, count) in (0..).zip(&self.counts) {
            seen = seen.saturating_add(*count);
            if seen >= rank {
                return middle(bucket);
            }
        }
        0.0
    }
}

fn bucket(value: u64) -> u16 {
    let value = value.min(MAX);
    if value < SUB {
        return u16::try_from(value).expect("below 16");
    }
    let exponent = value.ilog2() - SUB_BITS;
    u16::try_from(u64::from(exponent) * SUB + (value >> exponent)).expect("at most 38 × 16 + 31")
}

fn middle(bucket: u16) -> f64 {
    let bucket = u64::from(bucket);
    if bucket < 2 * SUB {
        return bucket as f64;
    }
    let exponent = (bucket / SUB - 1).min(50);
    let low = (bucket % SUB + SUB) << exponent;
    low as f64 + ((1_u64 << exponent) as f64) / 2.0
}

fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_quantile_is_off_by_less_than_four_percent(mut values in prop::collection::vec(1_u64..10_000_000_000, 1..200), q in 0.01..1.0_f64) {
            let mut histogram = Histogram::default();
            for value in &values {
                histogram.add(*value);
            }
            values.sort_unstable();
            let rank = ((values.len() as f64 * q).ceil() as usize).max(1);
            let exact = values[rank - 1] as f64;
            let mut merged = Merged::default();
            merged.add(&histogram.encode());
            let told = merged.quantile(q);
            prop_assert!((told - exact).abs() <= exact * 0.04, "{told} instead of {exact}");
        }

        #[test]
        fn bytes_of_parts_add_up_to_those_of_the_whole(values in prop::collection::vec(any::<u64>(), 0..100), at in 0_usize..100) {
            let encoded = |values: &[u64]| {
                let mut histogram = Histogram::default();
                values.iter().for_each(|value| histogram.add(*value));
                histogram.encode()
            };
            let histogram = |bytes: &[u8]| {
                let mut merged = Merged::default();
                merged.add(bytes);
                merged
            };
            let (first, second) = values.split_at(at.min(values.len()));
            let (first, second) = (encoded(first), encoded(second));
            let mut parts = histogram(&first);
            parts.merge(&histogram(&second));
            prop_assert_eq!(parts.total(), values.len() as u64);
            let whole = histogram(&encoded(&values));
            prop_assert_eq!(&parts, &whole);
            prop_assert_eq!(&histogram(&[&first[..], &[0, 0], &second[..]].concat()), &whole);
            let total = parts.total();
            parts.subtract(&histogram(&second));
            prop_assert_eq!(parts.total(), total - histogram(&second).total());
            parts.merge(&histogram(&second));
            prop_assert_eq!(parts, whole);
        }

        #[test]
        fn damaged_bytes_are_passed_over(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let mut merged = Merged::default();
            merged.add(&bytes);
            prop_assert!(merged.quantile(0.5).is_finite());
        }
    }

    #[test]
    fn without_durations_a_quantile_is_zero() {
        assert!(Merged::default().quantile(0.95).abs() < f64::EPSILON);
    }
}
