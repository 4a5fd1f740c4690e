//! The order in which routes are tried, and the priorities that put one of them elsewhere in it.

use super::Route;
use super::pattern::{PathPattern, Specificity};
use std::cmp::Ordering;

/// Priorities that a route may have.
const PRIORITIES: std::ops::RangeInclusive<u16> = 1..=1000;

/// What decides between routes of one priority: the more specific path, then the older route, then the id.
type Tie<'a> = (std::cmp::Reverse<Option<Specificity>>, crate::time::Timestamp, &'a str);

/// A route that gets another priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its place in the list before.
    pub index: usize,
    /// The new priority.
    pub priority: u16,
}

/// Which of two routes is tried first (contract: Routes).
#[must_use]
pub fn matching_order(left: &Route, right: &Route) -> Ordering {
    let by_priority = left.definition.priority.cmp(&right.definition.priority);
    by_priority.then_with(|| tie(left).cmp(&tie(right)))
}

/// The priorities that bring the route at `from` to the place `to` of a list in matching order and leave the others in
/// their order: those of the route itself, where that is enough, else also of some that follow. Each change of the result can be
/// made before the next without another pair of routes changing places. None where there is no room up to 1000.
#[must_use]
pub fn moved(routes: &[Route], from: usize, to: usize) -> Option<Vec<Moved>> {
    if from >= routes.len() || to >= routes.len() {
        return None;
    }
    let mut order: Vec<usize> = (0..routes.len()).collect();
    let own = order.remove(from);
    order.insert(to, own);
    let mut priorities: Vec<u16> = routes.iter().map(|route| route.definition.priority).collect();
    let ties: Vec<Tie<'_>> = routes.iter().map(tie).collect();
    // The lowest number with which `later` comes after `earlier`, and the highest with which `earlier` comes before.
    let after = |priority: u16, earlier: usize, later: usize| priority + u16::from(ties[later] < ties[earlier]);
    let before =
        |priority: u16, earlier: usize, later: usize| priority.checked_sub(u16::from(ties[later] < ties[earlier]));

    let lowest = match to.checked_sub(1) {
        Some(place) => after(priorities[order[place]], order[place], own),
        None => *PRIORITIES.start(),
    };
    let highest = match order.get(to + 1) {
        Some(next) => before(priorities[*next], own, *next).unwrap_or_default(),
        None => *PRIORITIES.end(),
    };
    priorities[own] = priorities[own].min(highest).max(lowest);
    // Those that follow make room, as far as they must.
    for place in to + 1..order.len() {
        let (earlier, later) = (order[place - 1], order[place]);
        priorities[later] = priorities[later].max(after(priorities[earlier], earlier, later));
    }
    if priorities.iter().any(|priority| !PRIORITIES.contains(priority)) {
        return None;
    }
    // The last ones first, so that none overtakes another on the way.
    let changed = order
        .into_iter()
        .rev()
        .filter(|index| priorities[*index] != routes[*index].definition.priority);
    let moved = changed.map(|index| Moved {
        index,
        priority: priorities[index],
    });
    Some(moved.collect())
}

fn tie(route: &Route) -> Tie<'_> {
    let specificity = PathPattern::parse(&route.definition.match_path).ok();
    let specificity = specificity.map(|pattern| pattern.specificity());
    (std::cmp::Reverse(specificity), route.created_at, &route.route_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use rstest::rstest;
    use serde_json::json;

    fn route((at, (priority, pattern)): (usize, &(u16, &str))) -> Route {
        let fields = json!({"route_name": "r", "match_path": pattern, "target_host": "h", "priority": priority});
        let made = Timestamp::from_second(i64::try_from(at).unwrap()).unwrap();
        Route {
            route_id: at.to_string(),
            definition: serde_json::from_value(fields).unwrap(),
            created_at: made,
            updated_at: made,
        }
    }

    fn routes(of: &[(u16, &str)]) -> Vec<Route> {
        let mut routes: Vec<Route> = of.iter().enumerate().map(route).collect();
        routes.sort_by(matching_order);
        routes
    }

    #[rstest]
    #[case::up_to_the_same_priority_where_the_path_decides(&[(10, "/**"), (20, "/a")], 1, 0, &[(1, 10)])]
    #[case::up_one_before(&[(10, "/a"), (20, "/a")], 1, 0, &[(1, 9)])]
    #[case::down_one_after(&[(10, "/a"), (20, "/a")], 0, 1, &[(0, 21)])]
    #[case::down_behind_one_of_its_own_priority(&[(10, "/a"), (10, "/a")], 0, 1, &[(0, 11)])]
    #[case::between_two_of_one_priority(&[(10, "/a"), (10, "/a"), (10, "/a")], 2, 1, &[(1, 11)])]
    #[case::before_the_first_possible(&[(1, "/a"), (1, "/a")], 1, 0, &[(0, 2)])]
    fn a_move_changes_as_little_as_it_can(
        #[case] of: &[(u16, &str)],
        #[case] from: usize,
        #[case] to: usize,
        #[case] expected: &[(usize, u16)],
    ) {
        let routes = routes(of);
        let moved = moved(&routes, from, to).unwrap();
        let told: Vec<(usize, u16)> = moved.iter().map(|moved| (moved.index, moved.priority)).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn without_room_nothing_is_moved() {
        let routes = routes(&[(1000, "/a"), (1000, "/a"), (1000, "/a")]);
        assert_eq!(moved(&routes, 0, 1), None);
        assert_eq!(moved(&routes, 0, 3), None, "there is no such place");
    }
}
