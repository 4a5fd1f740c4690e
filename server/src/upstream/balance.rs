//! Which of a route's targets gets a request: the less loaded of two picked at random by weight
//! (contract: Load sharing and failover). Pure: the dice are passed in.

use crate::message::PlannedTarget;

/// Picks a target among those that `open` lets in; `None` when there is none.
///
/// `roll(n)` gives a number from 0 to n-1.
#[must_use]
pub fn pick(
    targets: &[PlannedTarget],
    open: impl Fn(usize) -> bool + Copy,
    mut roll: impl FnMut(u64) -> u64,
) -> Option<usize> {
    if let [only] = targets {
        return (only.weight > 0 && open(0)).then_some(0);
    }
    let first = by_weight(targets, open, &mut roll)?;
    let second = by_weight(targets, |index| index != first && open(index), &mut roll);
    match second {
        // Load is relative to weight: a target with twice the weight may have twice the requests in flight.
        Some(second) if load(&targets[second]) < load(&targets[first]) => Some(second),
        _ => Some(first),
    }
}

fn by_weight(
    targets: &[PlannedTarget],
    open: impl Fn(usize) -> bool,
    roll: &mut impl FnMut(u64) -> u64,
) -> Option<usize> {
    let weights = || {
        targets
            .iter()
            .enumerate()
            .filter(|(index, _)| open(*index))
            .map(|(i, t)| (i, u64::from(t.weight)))
    };
    let total: u64 = weights().map(|(_, weight)| weight).sum();
    if total == 0 {
        return None;
    }
    let mut left = roll(total);
    for (index, weight) in weights() {
        if left < weight {
            return Some(index);
        }
        left -= weight;
    }
    None
}

fn load(target: &PlannedTarget) -> f64 {
    f64::from(target.in_flight()) / f64::from(target.weight.max(1))
}

#[cfg(test)]
mod tests;
