//! The order in which routes are tried.

use crate::routing::CompiledRoute;
use std::cmp::Ordering;

/// Which of two routes is tried first: the lower `priority` number, then the more specific path, then the older route
/// (contract: Routes). Ids break the last tie, so that every node of a cluster has the same order.
#[must_use]
pub fn matching_order(left: &CompiledRoute, right: &CompiledRoute) -> Ordering {
    let (left_definition, right_definition) = (&left.route.definition, &right.route.definition);
    left_definition
        .priority
        .cmp(&right_definition.priority)
        .then_with(|| right.specificity.cmp(&left.specificity))
        .then_with(|| left.route.created_at.cmp(&right.route.created_at))
        .then_with(|| left.id.cmp(&right.id))
}
