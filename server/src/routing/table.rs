//! All routes in matching order, and the selection of those that take a request.
//!
//! What keeps the look-up short with 10,000 routes is in `table/index.rs` and `table/models.rs`.

mod head_match;
mod index;
mod models;

use crate::routing::{Asked, Candidate, CompiledRoute, rank};
use head_match::ByModel;
pub use head_match::{HeadMatch, Selection};
use http::{HeaderMap, Method};
use index::PrefixIndex;
use models::Models;
use smallvec::SmallVec;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Routes in matching order. Immutable: a change makes a new table, which may share the compiled routes.
#[derive(Default)]
pub struct RouteTable {
    all: Vec<Arc<CompiledRoute>>,
    index: PrefixIndex,
    /// Those that only the body's model tells apart, by the place of the first: the index holds that one for all of them.
    by_model: HashMap<usize, Arc<Models>>,
}

impl RouteTable {
    /// Sorts and indexes routes, active or not.
    #[must_use]
    pub fn new(mut routes: Vec<Arc<CompiledRoute>>) -> Self {
        routes.sort_by(|left, right| rank::matching_order(left, right));
        let by_model = Models::among(&routes);
        let others = by_model.values().flat_map(|models| &models.places()[1..]);
        let others: HashSet<usize> = others.copied().collect();
        let compared = (0..routes.len()).filter(|place| routes[*place].is_active() && !others.contains(place));
        let index = PrefixIndex::new(&routes, compared);
        Self {
            all: routes,
            index,
            by_model,
        }
    }

    /// Every route in matching order, also those that are switched off.
    #[must_use]
    pub fn all_in_order(&self) -> &[Arc<CompiledRoute>] {
        &self.all
    }

    /// The active routes whose path, method and headers match.
    #[must_use]
    #[inline(never)] // Counted by itself: bench/instructions.mjs.
    pub fn select(&self, asked: &Asked<'_>) -> HeadMatch {
        let mut found = HeadMatch::default();
        for place in self.compared(asked.path, Some(asked.headers)) {
            let route = &self.all[place];
            if !route.matches_method(asked.method) || !route.matches_headers(asked.headers) {
                continue;
            }
            let captures = route.matcher.captures(asked.path, asked.raw_path);
            match self.by_model.get(&place) {
                Some(models) => found.by_model.push(ByModel {
                    models: models.clone(),
                    captures,
                }),
                None => found.candidates.push(Candidate {
                    route: route.clone(),
                    captures,
                }),
            }
        }
        found
    }

    /// The route whose `cors` counts for a request of this path and method: the first that has one among those that could
    /// win. Of a preflight neither fields (`None`) nor body are known.
    #[must_use]
    pub fn with_cors(&self, path: &str, method: &Method, headers: Option<&HeaderMap>) -> Option<&Arc<CompiledRoute>> {
        for place in self.matching_path_of(path, headers, Models::has_cors) {
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
        self.matching_path_of(path, None, |_| true)
    }

    /// As [`Self::matching_path`], perhaps without those whose header fields do not match; of routes that only the model tells
    /// apart those that `counts` says.
    fn matching_path_of(
        &self,
        path: &str,
        headers: Option<&HeaderMap>,
        counts: impl Fn(&Models) -> bool,
    ) -> SmallVec<[usize; 16]> {
        let mut places = SmallVec::new();
        for place in self.compared(path, headers) {
            match self.by_model.get(&place) {
                Some(models) if counts(models) => places.extend_from_slice(models.places()),
                Some(_) => {}
                None => places.push(place),
            }
        }
        places.sort_unstable();
        places
    }

    /// Places of those routes of the index whose path matches, in matching order, perhaps without those whose header fields do
    /// not.
    fn compared(&self, path: &str, headers: Option<&HeaderMap>) -> SmallVec<[usize; 16]> {
        let mut places = SmallVec::new();
        for node in self.index.prefixes_of(path) {
            node.for_each_that_may_match(path, headers, |place| {
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
