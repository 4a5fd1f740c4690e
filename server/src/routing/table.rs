//! All routes in matching order, and the selection of those that take a request.
//!
//! What keeps the look-up short with 10,000 routes is in `table/index.rs`.

mod index;

use crate::body::peek::PeekedBody;
use crate::routing::{Asked, Candidate, CompiledRoute, rank};
use http::{HeaderMap, Method};
use index::PrefixIndex;
use smallvec::SmallVec;
use std::sync::Arc;

/// Routes in matching order. Immutable: a change makes a new table, which may share the compiled routes.
#[derive(Default)]
pub struct RouteTable {
    all: Vec<Arc<CompiledRoute>>,
    index: PrefixIndex,
}

/// The routes that take a request as far as its head tells, in matching order.
#[derive(Default)]
pub struct Selection {
    candidates: SmallVec<[Candidate; 4]>,
}

impl RouteTable {
    /// Sorts and indexes routes, active or not.
    #[must_use]
    pub fn new(mut routes: Vec<Arc<CompiledRoute>>) -> Self {
        routes.sort_by(|left, right| rank::matching_order(left, right));
        let index = PrefixIndex::new(&routes);
        Self { all: routes, index }
    }

    /// Every route in matching order, also those that are switched off.
    #[must_use]
    pub fn all_in_order(&self) -> &[Arc<CompiledRoute>] {
        &self.all
    }

    /// The active routes whose path, method and headers match.
    #[must_use]
    #[inline(never)] // Counted by itself: bench/instructions.mjs.
    pub fn select(&self, asked: &Asked<'_>) -> Selection {
        let fitting = self
            .matching_path(asked.path)
            .into_iter()
            .map(|place| &self.all[place])
            .filter(|route| route.matches_method(asked.method) && route.matches_headers(asked.headers));
        let candidate = |route: &Arc<CompiledRoute>| Candidate {
            captures: route.matcher.captures(asked.path, asked.raw_path),
            route: route.clone(),
        };
        Selection {
            candidates: fitting.map(candidate).collect(),
        }
    }

    /// The route whose `cors` counts for a request of this path and method: the first that has one among those that could
    /// win. Of a preflight neither fields (`None`) nor body are known.
    #[must_use]
    pub fn with_cors(&self, path: &str, method: &Method, headers: Option<&HeaderMap>) -> Option<&Arc<CompiledRoute>> {
        for place in self.matching_path(path) {
            let route = &self.all[place];
            if !route.matches_method(method) || headers.is_some_and(|headers| !route.matches_headers(headers)) {
                continue;
            }
            if route.cors.is_some() {
                return Some(route);
            }
            let takes_any = route.body_rule.is_none() && (headers.is_some() || route.headers.is_empty());
            if takes_any {
                return None;
            }
        }
        None
    }

    /// Places of the active routes whose path matches, in matching order.
    pub(super) fn matching_path(&self, path: &str) -> SmallVec<[usize; 16]> {
        let mut places = SmallVec::new();
        for node in self.index.prefixes_of(path) {
            node.for_each_that_may_match(path, |place| {
                if self.all[place].matcher.is_match(path) {
                    places.push(place);
                }
            });
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}

impl Selection {
    /// What is left, in matching order.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    /// The candidates that can still win, whatever the body says: those up to and including the first one without a body
    /// rule, and those that share its requests.
    pub fn could_win(&self) -> impl Iterator<Item = &Candidate> {
        let certain = self
            .candidates
            .iter()
            .position(|candidate| candidate.route.body_rule.is_none());
        let count = certain.map_or(self.candidates.len(), |place| place + 1);
        let (before, after) = self.candidates.split_at(count);
        let alike = move |candidate: &&Candidate| {
            let certain = before.last();
            certain.is_some_and(|certain| certain.route.is_like(&candidate.route))
        };
        before.iter().chain(after.iter().filter(alike))
    }

    /// Puts one of the candidates before all others, whose order stays.
    pub fn lead_with(&mut self, index: usize) {
        let candidate = self.candidates.remove(index);
        self.candidates.insert(0, candidate);
    }

    /// Whether the body decides who wins.
    #[must_use]
    pub fn body_needed_to_win(&self) -> bool {
        self.candidates
            .first()
            .is_some_and(|first| first.route.body_rule.is_some())
    }

    /// Drops the candidates that the body does not fit.
    pub fn judge_body(&mut self, body: &PeekedBody<'_>) {
        self.candidates.retain(|candidate| candidate.route.matches_body(body));
    }
}
