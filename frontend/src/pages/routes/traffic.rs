//! What came through each route in the last 24 hours: requests, errors, p95. Each figure leads to its requests.

use std::sync::Arc;

use fastgate_shared::metrics::{BucketSpan, GroupBy};
use leptos::prelude::*;
use serde_json::json;

use super::RoutesState;
use crate::api::{self, Answer};
use crate::app::BASE;
use crate::format;
use crate::locales::routes as t;
use crate::order::Named;
use crate::state::range::Range;
use crate::state::reactive;

/// The range of the figures.
const RANGE: &str = "24h";
/// Routes that are told apart; the API's most.
const ROUTES: u32 = 50;

/// The figures of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hits {
    pub requests: u64,
    pub errors: u64,
    pub p95_ms: f64,
}

/// The figures of all routes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    by_route: Named<Hits>,
    /// There were more routes than can be told apart.
    more: bool,
}

/// Which figure a cell shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    Requests,
    Errors,
    P95,
}

impl Figure {
    const ALL: [Self; 3] = [Self::Requests, Self::Errors, Self::P95];

    /// Its name in the address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "hits",
            Self::Errors => "errors",
            Self::P95 => "p95",
        }
    }

    /// The figure of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|figure| figure.name() == name)
    }

    /// The number; none of a route without requests, but how many they are.
    #[expect(clippy::cast_precision_loss, reason = "a count or a share in percent")]
    pub fn number(self, hits: Hits) -> Option<f64> {
        match self {
            Self::Requests => Some(hits.requests as f64),
            _ if hits.requests == 0 => None,
            Self::Errors => Some(hits.errors as f64 / hits.requests as f64 * 100.0),
            Self::P95 => Some(hits.p95_ms),
        }
    }
}

impl Traffic {
    /// What came through a route; none where it is not told apart.
    pub fn of(&self, route_id: &str) -> Option<Hits> {
        let known = self.by_route.get(route_id).copied();
        known.or_else(|| (!self.more).then(Hits::default))
    }
}

pub async fn traffic() -> Answer<Arc<Traffic>> {
    let start = Range::find(RANGE).start(BucketSpan::Hour);
    let metrics = api::metrics::grouped(Some(GroupBy::Route), BucketSpan::Hour, &start, ROUTES).await?;
    let of_route = metrics.groups.into_iter().filter_map(|group| {
        let figures = group.figures.figures;
        let hits = Hits {
            requests: figures.total_requests,
            errors: figures.errors,
            p95_ms: figures.p95_response_time,
        };
        Some((group.id?, hits))
    });
    Ok(Arc::new(Traffic {
        by_route: Named::of(of_route.collect()),
        more: metrics.other.is_some(),
    }))
}

/// A figure of a route. It follows the figures by itself, so that the row stays.
#[component]
pub fn HitsCell(state: RoutesState, route_id: String, name: String, figure: Figure) -> impl IntoView {
    let id = route_id.clone();
    let hits = reactive::memo(move |_| state.traffic.data.with(|traffic| traffic.as_ref()?.of(&id)));
    let link = move || {
        let mut query = json!({ "route_id": route_id, "range": RANGE });
        if figure == Figure::Errors {
            query["has_error"] = "true".into();
        }
        api::with_query(&format!("{BASE}/requests"), &query)
    };
    move || match hits.get() {
        Some(hits) if hits.requests > 0 => {
            let (word, shown) = shown(hits, figure);
            let label = t::figure_of(word, &name, &shown);
            let of_errors = figure == Figure::Errors;
            let bad = of_errors && hits.errors > 0;
            let title = of_errors.then(t::errors_hint);
            view! {
                <a class="figure-link" class:figure-bad=bad href=link() title=title aria-label=label>
                    {shown}
                </a>
            }
            .into_any()
        }
        Some(_) if figure == Figure::Requests => view! { <span class="muted">"0"</span> }.into_any(),
        _ => view! { <span class="muted">"–"</span> }.into_any(),
    }
}

fn shown(hits: Hits, figure: Figure) -> (&'static str, String) {
    let number = figure.number(hits).unwrap_or_default();
    match figure {
        Figure::Requests => (t::col_hits(), format::count(hits.requests)),
        Figure::Errors => (t::col_errors(), format::percent(number)),
        Figure::P95 => (t::col_p95(), format::duration(number)),
    }
}
