//! Routes that only the model in the body tells apart, as a gateway for many models has them by the hundred: they have one path
//! and the same methods, and a request is compared with these once. Its model then leads to those that take it.

use super::index::FEW;
use crate::routing::body_schema::BodyRule;
use crate::routing::{CompiledRoute, rank};
use fastgate_shared::route::RouteAuth;
use http::Method;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

/// Such routes of one path, with what has to be known of them before the body was read.
pub(super) struct Models {
    /// In matching order.
    routes: Vec<Arc<CompiledRoute>>,
    /// Their places in the table.
    places: Vec<usize>,
    /// By the model that they are for: indices of `routes`.
    by_model: HashMap<Box<str>, Vec<usize>>,
    /// The longest body, in bytes, that one of the routes up to each takes.
    most_body_bytes: Vec<u64>,
    /// Index of the first that changes the body.
    first_that_edits: Option<usize>,
    takes_strangers: bool,
    has_cors: bool,
}

impl Models {
    /// Those among routes in matching order that are worth it, by the place of the first of them.
    pub(super) fn among(all: &[Arc<CompiledRoute>]) -> HashMap<usize, Arc<Self>> {
        let mut groups: HashMap<(&str, &[Method]), Vec<usize>> = HashMap::new();
        for (place, route) in all.iter().enumerate() {
            if route.is_active() && route.headers.is_empty() && model_of(route).is_some() {
                let alike = (route.matcher.pattern().as_str(), &*route.methods);
                groups.entry(alike).or_default().push(place);
            }
        }
        let worth_it = groups.into_values().filter(|places| places.len() > FEW);
        worth_it
            .map(|places| (places[0], Arc::new(Self::new(all, places))))
            .collect()
    }

    fn new(all: &[Arc<CompiledRoute>], places: Vec<usize>) -> Self {
        let routes: Vec<_> = places.iter().map(|place| all[*place].clone()).collect();
        let mut by_model: HashMap<Box<str>, Vec<usize>> = HashMap::new();
        for (index, route) in routes.iter().enumerate() {
            if let Some(model) = model_of(route) {
                by_model.entry(model.into()).or_default().push(index);
            }
        }
        let so_far = |most: &mut u64, route: &Arc<CompiledRoute>| {
            *most = route.max_body_bytes.max(*most);
            Some(*most)
        };
        Self {
            by_model,
            most_body_bytes: routes.iter().scan(0, so_far).collect(),
            first_that_edits: routes.iter().position(|route| !route.plan.body.is_empty()),
            takes_strangers: routes.iter().any(|route| route.auth == RouteAuth::None),
            has_cors: routes.iter().any(|route| route.cors.is_some()),
            routes,
            places,
        }
    }

    /// Where they stand in the table.
    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }

    /// All of them, in matching order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<CompiledRoute>> {
        self.routes.iter()
    }

    /// Those for a model, in matching order.
    pub(super) fn of(&self, model: &str) -> impl Iterator<Item = &Arc<CompiledRoute>> {
        let indices = self.by_model.get(model).into_iter().flatten();
        indices.map(|index| &self.routes[*index])
    }

    /// Whether one needs no API key.
    pub(super) fn takes_strangers(&self) -> bool {
        self.takes_strangers
    }

    /// Whether one tells browsers anything.
    pub(super) fn has_cors(&self) -> bool {
        self.has_cors
    }

    /// How many come before another route; all when there is none.
    pub(super) fn before(&self, other: Option<&CompiledRoute>) -> usize {
        other.map_or(self.routes.len(), |other| {
            let is_before = |route: &Arc<CompiledRoute>| rank::matching_order(route, other) == Ordering::Less;
            self.routes.partition_point(is_before)
        })
    }

    /// The longest body, in bytes, that one of the first so many takes; 0 for none.
    pub(super) fn most_body_bytes(&self, first: usize) -> u64 {
        first.checked_sub(1).map_or(0, |last| self.most_body_bytes[last])
    }

    /// Whether one of the first so many changes the body.
    pub(super) fn edits(&self, first: usize) -> bool {
        self.first_that_edits.is_some_and(|index| index < first)
    }
}

/// The model that a route is for, when that is its whole rule.
fn model_of(route: &CompiledRoute) -> Option<&str> {
    match &route.body_rule {
        Some(BodyRule::Model(model)) => Some(model),
        _ => None,
    }
}
