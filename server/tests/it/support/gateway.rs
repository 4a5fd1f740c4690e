//! A whole gateway on a free port, over a fresh database, with the routes and keys of one test.

use super::client::Call;
use axum::Router;
use fastgate::api_keys::NewKey;
use fastgate::app::{App, ChangeError, change};
use fastgate::config::{Config, LiveConfig};
use fastgate::db::keys::StoredKey;
use fastgate::db::logs::{self, LogQuery, Order};
use fastgate::doors;
use fastgate::history::Origin;
use fastgate::listen::{self, Certificates, Doors, Gate};
use fastgate::upstream::resolve::{Lookup, SystemLookup};
use fastgate_shared::api_key::{ApiKey, ApiKeyDefinition};
use fastgate_shared::audit_log::LogRecord;
use fastgate_shared::route::{Route, RouteDefinition};
use futures_util::TryStreamExt as _;
use garde::Validate as _;
use http::Method;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What a gateway is made from.
pub struct Builder {
    config: Config,
    lookup: Arc<dyn Lookup>,
    routes: Vec<Value>,
    keys: Vec<Value>,
    doors: Router,
}

/// A running gateway. To be ended by [`TestGateway::finish`], which checks its books.
pub struct TestGateway {
    pub app: Arc<App>,
    pub address: SocketAddr,
    pub certificates: Certificates,
    /// The routes in the order in which they were given.
    pub routes: Vec<Route>,
    keys: Vec<String>,
    asked: AtomicUsize,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    finished: bool,
    folder: TempDir,
}

impl Builder {
    /// A route; `route_name` and `match_path` (everything) need not be given.
    pub fn route(mut self, route: Value) -> Self {
        self.routes.push(route);
        self
    }

    /// A key; `source_path` need not be given.
    pub fn key(mut self, key: Value) -> Self {
        self.keys.push(key);
        self
    }

    /// Changes the configuration.
    pub fn config(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Further doors beside the gateway's own, below `/admin/`.
    pub fn doors(mut self, doors: Router) -> Self {
        self.doors = doors;
        self
    }

    /// Who knows the addresses of upstreams instead of the machine.
    pub fn names(mut self, lookup: impl Lookup) -> Self {
        self.lookup = Arc::new(lookup);
        self
    }

    /// Starts, with one key that may do everything unless the test has its own.
    pub async fn start(self) -> TestGateway {
        let Self {
            mut config,
            lookup,
            routes,
            mut keys,
            doors,
        } = self;
        let folder = tempfile::tempdir().unwrap();
        config.database.sqlite_path = folder.path().join("fastgate.db");
        config
            .security
            .admin_token
            .get_or_insert_with(|| "the-admin-token-of-all-tests".into());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = App::start_with(LiveConfig::new(config), lookup).await.unwrap().app;
        let certificates = Certificates::load(&app.config.server.tls).unwrap();
        let gate = Gate::new(
            app.clone(),
            doors::router(app.clone()).merge(doors),
            Doors::All,
            certificates.clone(),
        );
        let gate = Arc::new(gate);
        let stop = CancellationToken::new();
        let mut gateway = TestGateway {
            app,
            address,
            certificates,
            routes: Vec::new(),
            keys: Vec::new(),
            asked: AtomicUsize::new(0),
            serving: tokio::spawn(listen::serve(listener, gate, stop.clone())),
            stop,
            finished: false,
            folder,
        };
        for route in routes {
            let route = gateway.add_route(route).await;
            gateway.routes.push(route);
        }
        if keys.is_empty() {
            keys.push(json!({}));
        }
        for key in keys {
            let value = gateway.add_key(key).await;
            gateway.keys.push(value);
        }
        gateway
    }
}

impl TestGateway {
    pub fn builder() -> Builder {
        Builder {
            config: Config::default(),
            lookup: Arc::new(SystemLookup),
            routes: Vec::new(),
            keys: Vec::new(),
            doors: Router::new(),
        }
    }

    /// A gateway with one route, which sends everything to this host.
    pub async fn to(host: impl Into<String>) -> Self {
        Self::builder().route(json!({"target_host": host.into()})).start().await
    }

    /// The value of the first key.
    pub fn key(&self) -> &str {
        self.key_at(0)
    }

    /// The value of a key, in the order in which they were given.
    pub fn key_at(&self, index: usize) -> &str {
        &self.keys[index]
    }

    /// Adds a route as an administrator would.
    pub async fn add_route(&self, route: Value) -> Route {
        let definition = self.definition(route);
        change(&self.app, Origin::program(), |change| async move {
            change.add_route(definition).await
        })
        .await
        .unwrap_or_else(|error: ChangeError| panic!("{error:?}"))
    }

    /// Replaces a route as an administrator would.
    pub async fn change_route(&self, route_id: &str, route: Value) -> Route {
        let (definition, route_id) = (self.definition(route), route_id.to_owned());
        change(&self.app, Origin::program(), |change| async move {
            change.change_route(&route_id, definition).await
        })
        .await
        .unwrap_or_else(|error: ChangeError| panic!("{error:?}"))
    }

    fn definition(&self, mut route: Value) -> RouteDefinition {
        let fields = route.as_object_mut().unwrap();
        let name = format!("route {}", self.routes.len() + 1);
        fields.entry("route_name").or_insert(name.into());
        fields.entry("match_path").or_insert("/**".into());
        let definition: RouteDefinition = serde_json::from_value(route).unwrap();
        definition.validate().unwrap();
        definition
    }

    /// Adds a key as an administrator would; returns its value.
    pub async fn add_key(&self, mut key: Value) -> String {
        let fields = key.as_object_mut().unwrap();
        fields.entry("source_path").or_insert("tests".into());
        let definition: ApiKeyDefinition = serde_json::from_value(key).unwrap();
        definition.validate().unwrap();
        let secret = NewKey::generate(&self.app.config.security.key_prefix);
        let key = StoredKey {
            key: ApiKey {
                key_id: uuid::Uuid::now_v7().to_string(),
                key_preview: secret.preview.clone(),
                definition,
                usage_count: 0,
                last_used_at: None,
                previous_valid_until: None,
                created_at: Timestamp::now(),
            },
            hash: *secret.hash.as_bytes(),
            previous: None,
        };
        change(&self.app, Origin::program(), |change| async move {
            change.add_key(key).await
        })
        .await
        .unwrap_or_else(|error: ChangeError| panic!("{error:?}"));
        secret.value.expose_secret().to_owned()
    }

    /// A request with the first key.
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// A request with the first key and a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Call<'_> {
        self.call(Method::POST, path).json(body)
    }

    /// A request with the first key.
    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        self.stranger(method, path)
            .header("authorization", format!("Bearer {}", self.key()))
    }

    /// A request without a key.
    pub fn stranger(&self, method: Method, path: &str) -> Call<'_> {
        Call::new(self, method, path)
    }

    /// A call of an administrator, of which there is no record.
    pub fn admin(&self, method: Method, path: &str) -> Call<'_> {
        let token = self.app.config.security.admin_token.as_ref().unwrap().expose_secret();
        self.stranger(method, path)
            .unrecorded()
            .header("authorization", format!("Bearer {token}"))
    }

    /// The number of the only request in flight.
    pub fn log_id(&self) -> String {
        let items = self.app.audit.live.items();
        assert_eq!(items.len(), 1, "one request in flight");
        items.into_iter().next().unwrap().id
    }

    /// One more request was sent, of which there must be a record in the end.
    pub fn count_request(&self) {
        self.asked.fetch_add(1, Ordering::SeqCst);
    }

    /// The record of the only request, once it has ended.
    pub async fn record(&self) -> LogRecord {
        let records = self.records(1).await;
        assert_eq!(records.len(), 1, "one request, one record");
        records.into_iter().next().unwrap()
    }

    /// The records in the order of their requests, once there are `count` that have ended.
    pub async fn records(&self, count: usize) -> Vec<LogRecord> {
        let started = Instant::now();
        loop {
            self.app.audit.flush().await;
            let records = self.stored().await;
            let ended = records.iter().filter(|record| record.item.outcome.is_some()).count();
            if ended >= count && self.app.audit.live.in_flight() == 0 {
                return records;
            }
            assert!(started.elapsed() < PATIENCE, "{ended} of {count} requests have ended");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The records that are on disk now.
    pub async fn stored(&self) -> Vec<LogRecord> {
        let records = logs::export(self.app.db.clone(), LogQuery::default(), Order::Asc, true);
        let records: Vec<Vec<LogRecord>> = records.try_collect().await.unwrap();
        records.into_iter().flatten().collect()
    }

    /// Waits until a condition holds.
    pub async fn until(&self, what: &str, mut condition: impl FnMut(&App) -> bool) {
        let started = Instant::now();
        while !condition(&self.app) {
            assert!(started.elapsed() < PATIENCE, "{what}: not in time");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Ends the listener without waiting for the requests in flight, as at the end of the drain.
    pub async fn cut_off(&self) {
        self.app.audit.live.cut_off();
        self.serving.abort();
        self.until("nobody is in flight", |app| app.audit.live.in_flight() == 0)
            .await;
    }

    /// Ends the gateway as a signal would, and checks its books: each request that was sent has one record with an end,
    /// nothing waits, nothing was lost, nobody counts as in flight, and no key stands in any file.
    pub async fn finish(mut self) {
        self.stop.cancel();
        self.finished = true;
        // A test may have cut the listener off.
        let _ = tokio::time::timeout(PATIENCE, &mut self.serving)
            .await
            .expect("the listener ends in time");
        let asked = self.asked.load(Ordering::SeqCst);
        let records = self.records(asked).await;
        assert_eq!(records.len(), asked, "as many records as requests");
        assert!(records.iter().all(|record| record.item.outcome.is_some()));
        assert_eq!(self.app.audit.depth(), 0);
        assert_eq!(self.app.audit.lost(), 0);
        for route in self.app.snapshot.load().routes.all_in_order() {
            assert!(route.plan.targets.iter().all(|target| target.state.in_flight() == 0));
        }
        let keys: Vec<&str> = self.keys.iter().map(String::as_str).collect();
        self.assert_nowhere(&keys);
    }

    /// None of these secrets stands in a file of the database.
    pub fn assert_nowhere(&self, secrets: &[&str]) {
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            for secret in secrets {
                if let Some(at) = memchr::memmem::find(&bytes, secret.as_bytes()) {
                    let around = &bytes[at.saturating_sub(200)..bytes.len().min(at + 50)];
                    let around = String::from_utf8_lossy(around).escape_debug().to_string();
                    panic!("{secret} in {}, around {around}", path.display());
                }
            }
        }
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        self.stop.cancel();
        if !self.finished && !std::thread::panicking() {
            panic!("the test must end with `gateway.finish().await`");
        }
    }
}
