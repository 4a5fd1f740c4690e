//! Ten thousand routes and a hundred thousand keys: the start, and changes under load. How long a look-up takes is measured by
//! `examples/look_up.rs`.

use super::{TOKEN, either};
use crate::support::load::{Counting, Load};
use crate::support::process::Process;
use fastgate::api_keys::KeyHash;
use fastgate::config::Database;
use fastgate::db::keys::{self, StoredKey};
use fastgate::db::routes::{self, StoredRoute};
use fastgate::db::{self, Db};
use fastgate::secrets::SecretBox;
use fastgate_shared::api_key::{ApiKey, ApiKeyDefinition};
use jiff::Timestamp;
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn key(number: usize) -> StoredKey {
    StoredKey {
        key: ApiKey {
            key_id: format!("key-{number}"),
            key_preview: "fg_Ab…9xYz".to_owned(),
            definition: ApiKeyDefinition {
                source_path: format!("team-{}", number % 100),
                name: None,
                permissions: vec!["chat".to_owned(), format!("path:/team-{}/**", number % 100)],
                rate_limit: Some(1_000),
                max_concurrency: None,
                expires_at: None,
                is_active: true,
            },
            usage_count: 0,
            last_used_at: None,
            previous_valid_until: None,
            created_at: Timestamp::now(),
        },
        hash: *KeyHash::of(&format!("fg_key-number-{number}")).as_bytes(),
        previous: None,
    }
}

fn route(number: usize, upstream: SocketAddr) -> StoredRoute {
    // The last one takes the load.
    let path = if number == 0 {
        "/open/*".to_owned()
    } else {
        format!("/api/{{tenant}}/service-{number}/**")
    };
    let fields = json!({"route_name": format!("route {number}"), "match_path": path, "auth": "none", "priority": 500,
        "target_host": upstream.to_string()});
    StoredRoute {
        route_id: format!("route-{number}"),
        definition: SecretBox::new([0; 32]).seal_route(&serde_json::from_value(fields).unwrap()),
        created_at: Timestamp::now(),
        updated_at: Timestamp::now(),
    }
}

/// A folder with a database of so many routes and keys.
fn filled(count: (usize, usize), upstream: SocketAddr) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let database = Db::open(&Database {
        sqlite_path: folder.path().join("data/fastgate.db"),
        ..Database::default()
    });
    let mut connection = database.unwrap().connect().unwrap();
    let stored = db::transaction(&mut connection, |connection| {
        for number in 0..count.0 {
            routes::insert(connection, &route(number, upstream))?;
        }
        for number in 0..count.1 {
            keys::insert(connection, &key(number))?;
        }
        Ok::<_, db::DbError>(())
    });
    stored.unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_routes_and_keys_are_there_soon_and_change_under_load_without_an_error() {
    let count = either((1_000, 5_000), (10_000, 100_000));
    let (changes, bound) = either((5, 30), (40, 5));
    let upstream = Counting::start().await;
    let folder = filled(count, upstream.address);
    let token = format!("security.admin_token={TOKEN}");
    let begun = Instant::now();
    let gateway = Process::start_in(folder, &["--set", &token]);
    let ready = begun.elapsed();
    assert!(ready < Duration::from_secs(bound), "{ready:?}");
    let load = Load::start(&gateway.url, 4);
    let mut slowest = Duration::ZERO;
    for number in 0..changes {
        let body = json!({"description": format!("changed {number}"), "priority": 400 + number});
        let path = format!("/admin/routes/route-{}", number % 10);
        let begun = Instant::now();
        let (status, text) = gateway.call("PUT", &path, TOKEN, &body).await;
        assert_eq!(status, 200, "{text}");
        slowest = slowest.max(begun.elapsed());
    }
    let tally = load.stop().await;
    tally.assert_flawless();
    println!(
        "{} routes and {} keys: ready after {} ms, {} MiB; {changes} changes during {} answers, none an error, the slowest change {} ms",
        count.0,
        count.1,
        ready.as_millis(),
        gateway.memory() >> 20,
        tally.answers.len(),
        slowest.as_millis()
    );
}
