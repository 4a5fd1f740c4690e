//! The figures of `/metrics`: counters, gauges and histograms in Prometheus' text. Labels are the route and the status
//! class only, never a path or a key, so that their number stays bounded.

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;

const REQUESTS: &str = "fastgate_requests_total";
const DURATION: &str = "fastgate_request_duration_seconds";
const TTFB: &str = "fastgate_ttfb_seconds";
const IN_FLIGHT: &str = "fastgate_requests_in_flight";
const QUEUE_RECORDS: &str = "fastgate_audit_queue_records";
const QUEUE_BYTES: &str = "fastgate_audit_queue_bytes";
const RECORDS_LOST: &str = "fastgate_audit_records_lost_total";
const UPSTREAM_OPENED: &str = "fastgate_upstream_connections_opened_total";
const UPSTREAM_OPEN: &str = "fastgate_upstream_connections_open";
const BUILD: &str = "fastgate_build_info";

/// Upper bounds of the histograms' buckets, in seconds: from an answer out of the cache to a long stream.
const BUCKETS: [f64; 16] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0,
];

/// The label of requests that no route took.
const UNROUTED: &str = "none";

/// The process's figures, each ready to be changed without looking up a name.
pub struct Figures {
    handle: PrometheusHandle,
    /// Requests of the proxy that have begun and not ended.
    pub in_flight: Gauge,
    /// Audit records that wait to be written.
    pub audit_queue_records: Gauge,
    /// Their bytes.
    pub audit_queue_bytes: Gauge,
    /// Audit records that were lost since the start.
    pub audit_records_lost: Counter,
    /// Connections to upstreams, opened since the start.
    pub upstream_connections_opened: Counter,
    /// Connections to upstreams that are open.
    pub upstream_connections_open: Gauge,
    /// Requests that no route took.
    pub unrouted: RouteFigures,
}

/// The figures of one route; a compiled route holds its own.
#[derive(Clone)]
pub struct RouteFigures {
    /// By the status's first digit, from 1.
    requests: [Counter; 5],
    duration: Histogram,
    ttfb: Histogram,
}

/// The figures of this process. The first call sets them up.
pub fn figures() -> &'static Figures {
    static FIGURES: OnceLock<Figures> = OnceLock::new();
    FIGURES.get_or_init(Figures::install)
}

impl Figures {
    fn install() -> Self {
        // Only empty buckets and a second recorder can fail it; the buckets are above, and nobody else installs one.
        let handle = recorder().expect("the process's only recorder, with buckets");
        describe();
        gauge!(BUILD, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Self {
            handle,
            in_flight: gauge!(IN_FLIGHT),
            audit_queue_records: gauge!(QUEUE_RECORDS),
            audit_queue_bytes: gauge!(QUEUE_BYTES),
            audit_records_lost: counter!(RECORDS_LOST),
            upstream_connections_opened: counter!(UPSTREAM_OPENED),
            upstream_connections_open: gauge!(UPSTREAM_OPEN),
            unrouted: RouteFigures::register(UNROUTED),
        }
    }

    /// All figures as Prometheus' text.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Takes in what the histograms have gathered; without it they grow until somebody asks for them.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// Calls [`Figures::upkeep`] every five seconds, for ever.
    pub async fn keep_up(&self) {
        let mut every = tokio::time::interval(Duration::from_secs(5));
        loop {
            every.tick().await;
            self.upkeep();
        }
    }
}

impl RouteFigures {
    /// The figures of the route of this name. The same name gives the same figures.
    #[must_use]
    pub fn new(route: &str) -> Self {
        figures();
        Self::register(route)
    }

    fn register(route: &str) -> Self {
        let route = route.to_owned();
        let requests = ["1xx", "2xx", "3xx", "4xx", "5xx"]
            .map(|class| counter!(REQUESTS, "route" => route.clone(), "status_class" => class));
        Self {
            requests,
            duration: histogram!(DURATION, "route" => route.clone()),
            ttfb: histogram!(TTFB, "route" => route),
        }
    }

    /// Counts a request that ended with this status after this time.
    pub fn ended(&self, status: u16, duration: Duration) {
        let class = usize::from(status / 100).clamp(1, self.requests.len());
        self.requests[class - 1].increment(1);
        self.duration.record(duration);
    }

    /// Takes down how long the first byte of a response took.
    pub fn first_byte(&self, ttfb: Duration) {
        self.ttfb.record(ttfb);
    }
}

fn recorder() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .install_recorder()
}

fn describe() {
    describe_counter!(REQUESTS, "Requests of the proxy that ended, by route and status class.");
    describe_histogram!(DURATION, Unit::Seconds, "From a request's head to its response's end.");
    describe_histogram!(
        TTFB,
        Unit::Seconds,
        "From a request's head to its response's first byte."
    );
    describe_gauge!(IN_FLIGHT, "Requests of the proxy that have begun and not ended.");
    describe_gauge!(QUEUE_RECORDS, "Audit records that wait to be written.");
    describe_gauge!(
        QUEUE_BYTES,
        Unit::Bytes,
        "Bytes of audit records that wait to be written."
    );
    describe_counter!(RECORDS_LOST, "Audit records lost because the queue was full.");
    describe_counter!(UPSTREAM_OPENED, "Connections to upstreams that were opened.");
    describe_gauge!(UPSTREAM_OPEN, "Connections to upstreams that are open.");
    describe_gauge!(BUILD, "1, labelled with the version.");
}
