//! Which target gets a request (contract: Load sharing and failover). Pure: clock and dice are passed in. Who may be asked
//! at all is not decided here.

mod hash;

pub use hash::{HashOn, hash};

use fastgate_shared::route::{Balance, RouteDefinition};
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::time::{Duration, Instant};

/// What is compared: a target among those of its route, or a route among those that share with it.
pub trait Share {
    /// Its part of the load, relative to the others; 0 gets nothing.
    fn weight(&self) -> u32;
    /// Requests that it is working on.
    fn in_flight(&self) -> u32;
    /// How long it lately took to answer; zero when that is not known.
    fn latency(&self, now: Instant) -> Duration;
    /// What it is called, on every node alike.
    fn name(&self) -> &str;
}

/// How a route shares its requests, and what it must remember for that.
#[derive(Debug)]
pub struct Balancer {
    policy: Policy,
    /// What each share is owed: its weight for every pick, less all weights for each pick that it got. So the shares come
    /// close to the weights after few requests, where dice need thousands.
    owed: Mutex<SmallVec<[i64; 4]>>,
}

/// What a pick depends on beside the shares.
pub struct Draw<C, R> {
    /// The time.
    pub now: Instant,
    /// Gives the hash of what requests are told apart by.
    pub client: C,
    /// Dice: a number from 0 to n-1.
    pub roll: R,
}

#[derive(Debug)]
enum Policy {
    PowerOfTwo,
    RoundRobin,
    LeastLoaded,
    ClientHash(HashOn),
}

/// Rounds that a share is owed, or ahead, at most: who was slow or away does not get everything when it is back.
const MAX_ROUNDS: i64 = 4;

/// Latencies less than twofold and this apart are taken for equal: chance must not skew the weights.
const NOISE: Duration = Duration::from_millis(25);

impl Balancer {
    /// As the route says.
    #[must_use]
    pub fn new(definition: &RouteDefinition) -> Self {
        let policy = match definition.balance {
            Balance::PowerOfTwo => Policy::PowerOfTwo,
            Balance::RoundRobin => Policy::RoundRobin,
            Balance::LeastLoaded => Policy::LeastLoaded,
            Balance::ClientHash => Policy::ClientHash(HashOn::parse(definition.hash_on.as_deref())),
        };
        Self {
            policy,
            owed: Mutex::default(),
        }
    }

    /// Picks one of those that `open` lets in; `None` when there is none with a weight.
    #[must_use]
    pub fn pick<S: Share>(
        &self,
        shares: &[S],
        open: impl Fn(usize) -> bool,
        draw: Draw<impl FnOnce(&HashOn) -> u64, impl FnOnce(u64) -> u64>,
    ) -> Option<usize> {
        let weights: Weights = shares
            .iter()
            .enumerate()
            .map(|(index, share)| (index, u64::from(share.weight())))
            .filter(|(index, weight)| *weight > 0 && open(*index))
            .collect();
        if let [] | [_] = &*weights {
            return weights.first().map(|(index, _)| *index);
        }
        match &self.policy {
            Policy::PowerOfTwo => self.power_of_two(shares, &weights, draw.now, draw.roll),
            Policy::RoundRobin => self.in_turn(&weights, &weights, |next| next),
            Policy::LeastLoaded => self.in_turn(&weights, &least_loaded(shares, &weights), |next| next),
            Policy::ClientHash(on) => hash::closest(shares, &weights, (draw.client)(on)),
        }
    }

    /// Of two, the one whose turn it is, unless the other would be no more loaded with the request than the first is
    /// without it, or the first is much slower. So the weights hold as long as nobody is busy.
    fn power_of_two<S: Share>(
        &self,
        shares: &[S],
        weights: &Weights,
        now: Instant,
        roll: impl FnOnce(u64) -> u64,
    ) -> Option<usize> {
        self.in_turn(weights, weights, |first| {
            let others: Weights = weights.iter().filter(|(index, _)| *index != first).copied().collect();
            let Some(second) = at(&others, roll(total(&others))) else {
                return first;
            };
            let (a, b) = (&shares[first], &shares[second]);
            let (slow_a, slow_b) = slowness(a.latency(now), b.latency(now));
            let load = |share: &S, more: f64| (f64::from(share.in_flight()) + more) / f64::from(share.weight());
            let less_loaded = load(b, 1.0) * slow_b <= load(a, 0.0) * slow_a;
            let much_faster = slow_a > 1.0 && load(b, 1.0) < load(a, 1.0) * slow_a;
            if less_loaded || much_faster { second } else { first }
        })
    }

    /// Whoever of `among` is owed most, or whom `instead` names in its place: smooth weighted round robin, as nginx does
    /// it.
    fn in_turn(&self, all: &Weights, among: &Weights, instead: impl FnOnce(usize) -> usize) -> Option<usize> {
        let mut owed = self.owed.lock();
        let last = all.iter().map(|(index, _)| *index).max()?;
        if owed.len() <= last {
            owed.resize(last + 1, 0);
        }
        for (index, weight) in all {
            owed[*index] += *weight as i64;
        }
        let indexes = among.iter().map(|(index, _)| *index);
        // The first of equals.
        let next = indexes.rev().max_by_key(|index| owed[*index])?;
        let picked = instead(next);
        let round = total(all) as i64;
        owed[picked] -= round;
        for (index, _) in all {
            owed[*index] = owed[*index].clamp(-MAX_ROUNDS * round, MAX_ROUNDS * round);
        }
        Some(picked)
    }
}

/// Those that are the least loaded for their weight.
fn least_loaded<S: Share>(shares: &[S], weights: &Weights) -> Weights {
    // Each is read once. Loads are compared as fractions, crosswise, so that equals are equal.
    let with_load = |(index, weight): &(usize, u64)| (*index, *weight, u64::from(shares[*index].in_flight()));
    let loads: SmallVec<[(usize, u64, u64); 8]> = weights.iter().map(with_load).collect();
    let no_more = |a: &(usize, u64, u64), b: &(usize, u64, u64)| a.2 * b.1 <= b.2 * a.1;
    let is_least = |a: &&(usize, u64, u64)| loads.iter().all(|b| no_more(a, b));
    let least = loads.iter().filter(is_least);
    least.map(|(index, weight, _)| (*index, *weight)).collect()
}

/// Index and weight of those that can be picked.
type Weights = SmallVec<[(usize, u64); 8]>;

fn total(weights: &Weights) -> u64 {
    weights.iter().map(|(_, weight)| weight).sum()
}

/// Whose part of the line of all weights this place is in.
fn at(weights: &Weights, mut place: u64) -> Option<usize> {
    for (index, weight) in weights {
        if place < *weight {
            return Some(*index);
        }
        place -= weight;
    }
    None
}

/// How many times slower one is than the other; 1 for both where they are alike, or one is not known.
fn slowness(a: Duration, b: Duration) -> (f64, f64) {
    let times = |slow: Duration, fast: Duration| slow.as_secs_f64() / fast.max(NOISE).as_secs_f64();
    let slower = |slow: Duration, fast: Duration| slow > 2 * fast + NOISE;
    match (a.is_zero() || b.is_zero(), slower(a, b), slower(b, a)) {
        (false, true, _) => (times(a, b), 1.0),
        (false, _, true) => (1.0, times(b, a)),
        _ => (1.0, 1.0),
    }
}

#[cfg(test)]
mod tests;
