//! The process's own figures of `/metrics`. Those of routes and targets are in `route_figures` and `target_figures`: labels
//! are names from the configuration and the status class, never a path or a key, so that their number stays bounded.

use super::route_figures::{BUCKETS, RouteFigures};
use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const IN_FLIGHT: &str = "fastgate_requests_in_flight";
const QUEUE_RECORDS: &str = "fastgate_audit_queue_records";
const QUEUE_BYTES: &str = "fastgate_audit_queue_bytes";
const SPILL_RECORDS: &str = "fastgate_audit_spill_records";
const SPILL_BYTES: &str = "fastgate_audit_spill_bytes";
const RECORDS_LOST: &str = "fastgate_audit_records_lost_total";
const UPSTREAM_OPENED: &str = "fastgate_upstream_connections_opened_total";
const UPSTREAM_OPEN: &str = "fastgate_upstream_connections_open";
const TUNNELS_OPEN: &str = "fastgate_tunnels_open";
const CERTIFICATE_EXPIRES: &str = "fastgate_tls_certificate_expires_timestamp_seconds";
const SHED: &str = "fastgate_requests_shed_total";
const QUEUED: &str = "fastgate_requests_queued";
const BUILD: &str = "fastgate_build_info";

/// The process's figures, each ready to be changed without looking up a name.
pub struct Figures {
    handle: PrometheusHandle,
    /// Requests of the proxy that have begun and not ended.
    pub in_flight: Gauge,
    /// Audit records that wait to be written.
    pub audit_queue_records: Gauge,
    /// Their bytes.
    pub audit_queue_bytes: Gauge,
    /// Audit records that wait in the spill file.
    pub audit_spill_records: Gauge,
    /// Its bytes.
    pub audit_spill_bytes: Gauge,
    /// Audit records that were lost since the start.
    pub audit_records_lost: Counter,
    /// Connections to upstreams, opened since the start.
    pub upstream_connections_opened: Counter,
    /// Connections to upstreams that are open.
    pub upstream_connections_open: Gauge,
    /// WebSockets and other upgraded connections that are open.
    pub tunnels_open: Gauge,
    /// Requests that a route's bound turned away.
    pub shed_by_route: Counter,
    /// Requests that a key's bound turned away.
    pub shed_by_key: Counter,
    /// Requests that the gateway's own bound turned away.
    pub shed_by_gateway: Counter,
    /// Connections that found no room.
    pub shed_by_listener: Counter,
    /// Requests that wait for a place.
    pub requests_queued: Gauge,
    /// Requests that no route took.
    pub unrouted: Arc<RouteFigures>,
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
            audit_spill_records: gauge!(SPILL_RECORDS),
            audit_spill_bytes: gauge!(SPILL_BYTES),
            audit_records_lost: counter!(RECORDS_LOST),
            upstream_connections_opened: counter!(UPSTREAM_OPENED),
            upstream_connections_open: gauge!(UPSTREAM_OPEN),
            tunnels_open: gauge!(TUNNELS_OPEN),
            shed_by_route: counter!(SHED, "bound" => "route"),
            shed_by_key: counter!(SHED, "bound" => "key"),
            shed_by_gateway: counter!(SHED, "bound" => "gateway"),
            shed_by_listener: counter!(SHED, "bound" => "connections"),
            requests_queued: gauge!(QUEUED),
            unrouted: Arc::default(),
        }
    }

    /// All figures as Prometheus' text.
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// The first of the listener's certificates ends then, in seconds since 1970. Without TLS there is no such figure.
    pub fn certificate_expires(&self, at: i64) {
        gauge!(CERTIFICATE_EXPIRES).set(at as f64);
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

fn recorder() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .install_recorder()
}

fn describe() {
    describe_gauge!(IN_FLIGHT, "Requests of the proxy that have begun and not ended.");
    describe_gauge!(QUEUE_RECORDS, "Audit records that wait in memory to be written.");
    describe_gauge!(
        QUEUE_BYTES,
        Unit::Bytes,
        "Bytes of audit records that wait to be written."
    );
    describe_gauge!(
        SPILL_RECORDS,
        "Audit records that wait on disk because the database does not take them."
    );
    describe_gauge!(
        SPILL_BYTES,
        Unit::Bytes,
        "Bytes of the file in which audit records wait."
    );
    describe_counter!(
        RECORDS_LOST,
        "Audit records lost because neither the database, the spill file nor the queue took them."
    );
    describe_counter!(UPSTREAM_OPENED, "Connections to upstreams that were opened.");
    describe_gauge!(UPSTREAM_OPEN, "Connections to upstreams that are open.");
    describe_gauge!(TUNNELS_OPEN, "WebSockets and other upgraded connections that are open.");
    describe_gauge!(
        CERTIFICATE_EXPIRES,
        Unit::Seconds,
        "When the first of the listener's certificates ends, in seconds since 1970."
    );
    describe_counter!(
        SHED,
        "Requests turned away because too many were in flight, or connections open, by whose bound that is."
    );
    describe_gauge!(QUEUED, "Requests that wait because too many are in flight.");
    describe_gauge!(BUILD, "1, labelled with the version.");
}
