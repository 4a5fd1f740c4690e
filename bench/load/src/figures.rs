//! Percentiles.

/// Microseconds, to be told as percentiles.
#[derive(Default)]
pub struct Figures(Vec<u64>);

impl Figures {
    /// Counts one.
    pub fn add(&mut self, micros: u64) {
        self.0.push(micros);
    }

    /// Takes those of another.
    pub fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// `"NAME_p50":…,"NAME_p99":…,"NAME_p999":…,"NAME_max":…`, in microseconds (nearest rank).
    pub fn json(mut self, name: &str) -> String {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        let at = |per_mille: usize| self.0.get(last * per_mille / 1_000).copied().unwrap_or_default();
        format!(
            "\"{name}_p50\":{},\"{name}_p99\":{},\"{name}_p999\":{},\"{name}_max\":{}",
            at(500),
            at(990),
            at(999),
            at(1_000)
        )
    }
}
