//! Damaged files at the start: two hundred seeded damages of a database through the real way to open it, and as many of a
//! configuration. Nothing panics, nothing starts empty, and no door stands open.

use crate::support::gateway::TestGateway;
use crate::support::upstream::Upstream;
use fastgate::app::App;
use fastgate::config::{Config, LiveConfig, Sources};
use fastgate::doors;
use fastgate::listen::{self, Certificates, Doors, Gate};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const SEEDS: u64 = 200;
const PAGE: usize = 4096;
const TOKEN: &str = "the-admin-token-of-all-tests";

/// Does some harm to bytes.
fn damage(bytes: &mut Vec<u8>, random: &mut StdRng) -> &'static str {
    let length = bytes.len();
    let at = random.random_range(0..length);
    let page = at / PAGE * PAGE;
    let page = page..(page + PAGE).min(length);
    match random.random_range(0..9) {
        0 => {
            bytes[at] ^= random.random_range(1..=255);
            "a byte changed"
        }
        1 => {
            for _ in 0..random.random_range(2..200) {
                let at = random.random_range(0..length);
                bytes[at] = random.random();
            }
            "many bytes changed"
        }
        2 => {
            bytes[page].fill(0);
            "a page emptied"
        }
        3 => {
            random.fill(&mut bytes[page]);
            "a page overwritten"
        }
        4 => {
            bytes.truncate(at);
            "the end missing"
        }
        5 => {
            let other = random.random_range(0..length / PAGE) * PAGE;
            let copy = bytes[other..other + PAGE].to_vec();
            bytes[page.start..page.start + copy.len().min(length - page.start)]
                .copy_from_slice(&copy[..copy.len().min(length - page.start)]);
            "a page in another's place"
        }
        6 => {
            bytes.drain(at..(at + random.random_range(1..PAGE)).min(length));
            "a piece missing"
        }
        7 => {
            let head = random.random_range(0..100);
            bytes[head] = random.random();
            "the head changed"
        }
        _ => {
            // What begins a tree of the tables: its kind, its cells.
            let start = page.start;
            let end = (start + 12).min(length);
            random.fill(&mut bytes[start..end]);
            "a page's head changed"
        }
    }
}

/// The files of a gateway with a route, a key, a disabled key and some records; the value of the disabled key.
async fn good_files(upstream: &Upstream) -> (Vec<u8>, Vec<u8>, Vec<String>) {
    let gateway = TestGateway::builder()
        .route(json!({"match_path": "/closed/**", "target_host": upstream.host(), "add_headers": {"Authorization": "Bearer sk-upstream-secret"}}))
        .key(json!({}))
        .key(json!({"is_active": false}))
        .key(json!({"expires_at": "2020-01-01T00:00:00Z"}))
        .start()
        .await;
    for number in 0..40 {
        gateway.get(&format!("/none/{number}")).send().await;
    }
    gateway.records(40).await;
    let closed = vec![gateway.key_at(1).to_owned(), gateway.key_at(2).to_owned()];
    let path = gateway.app.config.database.sqlite_path.clone();
    let db = gateway.app.db.clone();
    db.read(fastgate::db::upkeep::checkpoint).await.unwrap();
    let files = (
        fs::read(&path).unwrap(),
        fs::read(path.with_extension("db.key")).unwrap(),
    );
    gateway.finish().await;
    (files.0, files.1, closed)
}

/// The status of a request.
async fn ask(address: std::net::SocketAddr, path: &str, bearer: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let field = if bearer.is_empty() {
        String::new()
    } else {
        format!("Authorization: Bearer {bearer}\r\n")
    };
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\n{field}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(answer.get(9..12).unwrap_or_default()).into_owned()
}

/// Who gets in although nobody may: none, if the gateway is as closed as before.
async fn open_doors(app: Arc<App>, closed: &[String]) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let certificates = Certificates::load(&app.config.server.tls).unwrap();
    let gate = Gate::new(app.clone(), doors::router(app.clone()), Doors::All, certificates);
    let stop = CancellationToken::new();
    let serving = tokio::spawn(listen::serve(listener, Arc::new(gate), stop.clone()));
    let mut open = Vec::new();
    let strangers = ["", "fg_unknown-unknown-unknown", &closed[0], &closed[1]];
    for stranger in strangers {
        let status = ask(address, "/closed/x", stranger).await;
        if !["401", "404", "503"].contains(&status.as_str()) {
            open.push(format!("/closed/x as `{stranger}`: {status}"));
        }
    }
    for token in ["", "wrong-token-wrong-token", &closed[0]] {
        let status = ask(address, "/admin/keys", token).await;
        if status != "401" {
            open.push(format!("/admin/keys as `{token}`: {status}"));
        }
    }
    stop.cancel();
    serving.await.unwrap();
    open
}

fn config(folder: &Path) -> Config {
    let mut config = Config::default();
    config.database.sqlite_path = folder.join("fastgate.db");
    config.security.admin_token = Some(TOKEN.into());
    config.server.worker_threads = NonZeroUsize::new(1);
    config
}

#[tokio::test]
async fn no_damage_of_the_database_panics_opens_a_door_or_starts_empty() {
    let upstream = Upstream::start();
    let (good, key, closed) = good_files(&upstream).await;
    let (mut refused, mut started, mut wrong) = (0, 0, Vec::new());
    for seed in 0..SEEDS {
        let mut random = StdRng::seed_from_u64(seed);
        let mut bytes = good.clone();
        let kind = damage(&mut bytes, &mut random);
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path());
        fs::write(&config.database.sqlite_path, &bytes).unwrap();
        fs::write(folder.path().join("fastgate.db.key"), &key).unwrap();
        let outcome = tokio::spawn(App::start(LiveConfig::new(config))).await;
        match outcome {
            Err(panicked) => wrong.push(format!("seed {seed} ({kind}): {panicked}")),
            Ok(Err(error)) => {
                refused += 1;
                let said = error.to_string();
                if said.is_empty() || said.contains("sk-upstream") {
                    wrong.push(format!("seed {seed} ({kind}): refused with `{said}`"));
                }
            }
            Ok(Ok(app)) => {
                started += 1;
                let app = app.app;
                let snapshot = app.snapshot.load();
                if snapshot.routes.all_in_order().is_empty() || snapshot.keys.is_empty() {
                    wrong.push(format!("seed {seed} ({kind}): started empty"));
                }
                let open = open_doors(app.clone(), &closed).await;
                wrong.extend(open.into_iter().map(|door| format!("seed {seed} ({kind}): {door}")));
            }
        }
    }
    println!("{SEEDS} damages: {refused} refused, {started} harmless");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        refused > SEEDS / 4 && started > 0,
        "{refused} refused, {started} started: the damages are of one kind"
    );
    assert_eq!(upstream.requests(), 0, "nobody came through");
}

/// A configuration in which everything is set.
const CONFIGURATION: &str = "\
server: {host: 127.0.0.1, port: 8000, trusted_proxies: [10.0.0.0/8], max_connections: 1000}
database: {sqlite_path: data/fastgate.db, pool_size: 4}
proxy: {timeout: 30, max_retries: 3, async_audit: true}
security: {admin_token: a-token-of-an-administrator, key_prefix: fg_, allow_query_token: false, session_max_hours: 8}
rate_limiting: {enabled: true, default_requests_per_minute: 60}
logging: {level: info, format: json}
audit: {capture: errors, redact_fields: [password, secret], max_age_days: 30}
metrics: {public: false}
";

#[test]
fn no_damage_of_the_configuration_panics_or_opens_a_door() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    let mut refused = 0;
    for seed in 0..SEEDS {
        let mut random = StdRng::seed_from_u64(seed);
        let mut bytes = CONFIGURATION.as_bytes().to_vec();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..5) {
                0 => bytes[at] = random.random(),
                1 => bytes.truncate(at.max(1)),
                2 => drop(bytes.drain(at..(at + random.random_range(1..40)).min(bytes.len()))),
                3 => bytes.insert(
                    at,
                    *b"{}[]:,&*!|>'\"%#-\n\t 0"[..].get(random.random_range(0..20)).unwrap(),
                ),
                _ => bytes.swap(at, 0),
            }
        }
        fs::write(&file, &bytes).unwrap();
        let sources = Sources {
            file: Some(file.clone()),
            variables: Vec::new(),
            flags: Vec::new(),
        };
        match sources.load() {
            Err(problems) => {
                refused += 1;
                assert!(!problems.0.is_empty(), "seed {seed}");
                assert!(
                    !problems.to_string().contains("a-token-of-an-administrator"),
                    "seed {seed}: the token is shown: {problems}"
                );
            }
            Ok(loaded) => {
                let config = loaded.config;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                assert!(!config.metrics.public || text.contains("true"), "seed {seed}: {text}");
                assert!(
                    config.server.host.is_loopback() || !text.contains("127.0.0.1"),
                    "seed {seed}: {text}"
                );
            }
        }
    }
    println!("{SEEDS} damages of a configuration: {refused} refused");
    assert!(refused > SEEDS / 4, "{refused}");
}
