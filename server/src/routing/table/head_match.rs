//! What a request's head selects, and what its body leaves of that.

use super::models::Models;
use crate::body::peek::PeekedBody;
use crate::routing::{Candidate, Captures, CompiledRoute, rank};
use fastgate_shared::route::RouteAuth;
use smallvec::SmallVec;
use std::sync::Arc;

/// The routes that take a request as far as its head tells. Those that only its model tells apart are not told apart yet.
#[derive(Default)]
pub struct HeadMatch {
    /// In matching order.
    pub(super) candidates: SmallVec<[Candidate; 4]>,
    pub(super) by_model: SmallVec<[ByModel; 1]>,
}

/// Routes of one path that wait for the model, and what their path captured.
pub(super) struct ByModel {
    pub(super) models: Arc<Models>,
    pub(super) captures: Captures,
}

/// The routes that take a request, in matching order.
#[derive(Default)]
pub struct Selection {
    candidates: SmallVec<[Candidate; 4]>,
}

impl HeadMatch {
    /// Whether no route is left, whatever the body says.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.candidates.is_empty() && self.by_model.is_empty()
    }

    /// Whether a route that is left needs no API key.
    #[must_use]
    pub fn takes_strangers(&self) -> bool {
        let mut candidates = self.candidates.iter();
        candidates.any(|candidate| candidate.route.auth == RouteAuth::None)
            || self.by_model.iter().any(|some| some.models.takes_strangers())
    }

    /// Whether the body decides who wins.
    #[must_use]
    pub fn body_decides(&self) -> bool {
        let first = self.candidates.first().map(|candidate| &*candidate.route);
        first.is_some_and(|first| first.body_rule.is_some())
            || self.by_model.iter().any(|some| some.models.before(first) > 0)
    }

    /// Whether a route that could win changes the body.
    #[must_use]
    pub fn may_edit_body(&self) -> bool {
        let certain = self.certain();
        self.could_win().any(|candidate| !candidate.route.plan.body.is_empty())
            || self
                .by_model
                .iter()
                .any(|some| some.models.edits(some.models.before(certain)))
    }

    /// The longest body that a route that could win takes, bytes; `u64::MAX` without any.
    #[must_use]
    pub fn most_body_bytes(&self) -> u64 {
        let certain = self.certain();
        let of_candidates = self.could_win().map(|candidate| candidate.route.max_body_bytes);
        let by_model = self.by_model.iter().map(|some| &some.models);
        let by_model = by_model.filter_map(|models| match models.before(certain) {
            0 => None,
            first => Some(models.most_body_bytes(first)),
        });
        of_candidates.chain(by_model).max().unwrap_or(u64::MAX)
    }

    /// What is left when the body was read.
    #[must_use]
    pub fn judge(mut self, body: &PeekedBody<'_>) -> Selection {
        self.candidates.retain(|candidate| candidate.route.matches_body(body));
        let Some(model) = body.model().filter(|_| !self.by_model.is_empty()) else {
            return Selection {
                candidates: self.candidates,
            };
        };
        self.with(|models| models.of(model).collect())
    }

    /// All of them, of a body that was not read; those with a rule for it are judged when they are needed.
    #[must_use]
    pub fn unread(self) -> Selection {
        self.with(|models| models.all().collect())
    }

    /// Takes in those of the routes told apart by their model that `told` names.
    fn with(mut self, told: impl Fn(&Models) -> SmallVec<[&Arc<CompiledRoute>; 2]>) -> Selection {
        for ByModel { models, captures } in &self.by_model {
            self.candidates.extend(told(models).into_iter().map(|route| Candidate {
                route: route.clone(),
                captures: captures.clone(),
            }));
        }
        if !self.by_model.is_empty() {
            let order = |left: &Candidate, right: &Candidate| rank::matching_order(&left.route, &right.route);
            self.candidates.sort_by(order);
        }
        Selection {
            candidates: self.candidates,
        }
    }

    /// The first route that takes the request whatever its body says, but for those that their model tells apart.
    fn certain(&self) -> Option<&CompiledRoute> {
        let mut routes = self.candidates.iter().map(|candidate| &*candidate.route);
        routes.find(|route| route.body_rule.is_none())
    }

    /// The candidates that can still win: those up to and including the first one without a body rule, and those that share
    /// its requests.
    fn could_win(&self) -> impl Iterator<Item = &Candidate> {
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
}

impl Selection {
    /// What is left, in matching order.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Puts one of the candidates before all others, whose order stays.
    pub fn lead_with(&mut self, index: usize) {
        let candidate = self.candidates.remove(index);
        self.candidates.insert(0, candidate);
    }
}
