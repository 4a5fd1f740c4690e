//! The figures of routes: counted by requests without a lock, read off the routes that are in the snapshot when somebody
//! asks. A route that is refused or deleted leaves no series behind.

use super::exposition::{Exposition, Family};
use super::figures::figures;
use crate::kept::Kept;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The label of requests that no route took.
pub const UNROUTED: &str = "none";

/// Upper bounds of the histograms' buckets, in seconds: from an answer out of the cache to a long stream.
pub(super) const BUCKETS: [f64; 16] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The figures of one route, or of several with one name.
#[derive(Debug, Default)]
pub struct RouteFigures {
    /// By the status's first digit, from 1.
    requests: [AtomicU64; 5],
    duration: Spread,
    ttfb: Spread,
    retries: AtomicU64,
    retries_refused: AtomicU64,
}

/// The figures of every route that some snapshot refers to, by its name. Asked when a route is compiled.
#[derive(Debug, Default)]
pub struct KnownFigures(Kept<Arc<str>, RouteFigures>);

/// How often a time was within which bound.
#[derive(Debug, Default)]
struct Spread {
    /// The last one has no bound.
    buckets: [AtomicU64; BUCKETS.len() + 1],
    sum_micros: AtomicU64,
}

impl RouteFigures {
    /// Counts a request that ended with this status after this time.
    pub fn ended(&self, status: u16, duration: Duration) {
        let class = usize::from(status / 100).clamp(1, self.requests.len());
        self.requests[class - 1].fetch_add(1, Ordering::Relaxed);
        self.duration.record(duration);
    }

    /// Takes down how long the first byte of a response took.
    pub fn first_byte(&self, ttfb: Duration) {
        self.ttfb.record(ttfb);
    }

    /// A failed attempt was followed by another.
    pub fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// A failed attempt was not followed by another because the budget was spent.
    pub fn retry_refused(&self) {
        self.retries_refused.fetch_add(1, Ordering::Relaxed);
    }

    /// The figures of these routes, each with its name.
    pub fn expose(routes: &[(&str, &Self)], text: &mut Exposition) {
        let help = "Requests of the proxy that ended, by route and status class.";
        let mut family = text.family("fastgate_requests_total", "counter", help);
        for (route, figures) in routes {
            for (class, requests) in CLASSES.iter().zip(&figures.requests) {
                let labels = [("route", *route), ("status_class", class)];
                family.series("", &labels, requests.load(Ordering::Relaxed));
            }
        }
        let help = "From a request's head to its response's end.";
        let mut family = text.family("fastgate_request_duration_seconds", "histogram", help);
        routes
            .iter()
            .for_each(|(route, figures)| figures.duration.expose(route, &mut family));
        let help = "From a request's head to its response's first byte.";
        let mut family = text.family("fastgate_ttfb_seconds", "histogram", help);
        routes
            .iter()
            .for_each(|(route, figures)| figures.ttfb.expose(route, &mut family));
        let help = "Failed attempts that were followed by another, by route.";
        let mut family = text.family("fastgate_retries_total", "counter", help);
        for (route, figures) in routes {
            family.series("", &[("route", route)], figures.retries.load(Ordering::Relaxed));
        }
        let help = "Failed attempts that were not, because the retry budget was spent.";
        let mut family = text.family("fastgate_retries_over_budget_total", "counter", help);
        for (route, figures) in routes {
            family.series("", &[("route", route)], figures.retries_refused.load(Ordering::Relaxed));
        }
    }
}

impl KnownFigures {
    /// The figures of the route of this name. The same name gives the same figures.
    #[must_use]
    pub fn of(&self, route: &Arc<str>) -> Arc<RouteFigures> {
        if **route == *UNROUTED {
            return figures().unrouted.clone();
        }
        self.0.get_or_make(route.clone(), |_| true, Arc::default)
    }
}

impl Spread {
    fn record(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bucket = BUCKETS.partition_point(|bound| *bound < seconds);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(time.as_micros() as u64, Ordering::Relaxed);
    }

    fn expose(&self, route: &str, family: &mut Family<'_>) {
        let mut count = 0;
        let bounds = BUCKETS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (bucket, bound) in self.buckets.iter().zip(bounds) {
            count += bucket.load(Ordering::Relaxed);
            family.series("_bucket", &[("route", route), ("le", &bound)], count);
        }
        let seconds = self.sum_micros.load(Ordering::Relaxed) as f64 / 1e6;
        family.series("_sum", &[("route", route)], seconds);
        family.series("_count", &[("route", route)], count);
    }
}
