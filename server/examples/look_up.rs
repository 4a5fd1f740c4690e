//! Measures looking up a route and a key among many: `cargo run --release -p fastgate --example look_up`. Prints the time of one
//! look-up for paths of each kind of table.

use fastgate::api_keys::{ApiKeyEntry, KeyHash, KeyRing};
use fastgate::body::peek::PeekedBody;
use fastgate::permissions::Permissions;
use fastgate::routing::{Asked, CompiledRoute, RouteTable};
use fastgate_shared::route::Route;
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const ROUTES: usize = 10_000;
const KEYS: usize = 100_000;
const LOOK_UPS: usize = 200_000;

/// What it is, and the fields of a route and the path of a request by number.
type Kind = (&'static str, fn(usize) -> Value, fn(usize) -> String);

fn main() -> Result<(), Box<dyn Error>> {
    println!("| look-up | p50, µs | p99, µs | p99.9, µs |\n| --- | ---: | ---: | ---: |");
    let kinds: [Kind; 5] = [
        (
            "10,000 routes, each with a prefix of its own",
            |n| json!({"match_path": format!("/service-{n}/**")}),
            |n| format!("/service-{n}/v1/items"),
        ),
        (
            "10,000 routes under one prefix, told apart behind a capture",
            |n| json!({"match_path": format!("/api/{{tenant}}/service-{n}/**")}),
            |n| format!("/api/acme/service-{n}/v1/items"),
        ),
        (
            "10,000 exact paths",
            |n| json!({"match_path": format!("/v1/things/{n}/state")}),
            |n| format!("/v1/things/{n}/state"),
        ),
        (
            "10,000 routes of one path, told apart by a header field",
            |n| json!({"match_path": "/v1/*", "match_headers": {"x-tenant": format!("tenant-{n}")}}),
            |_| "/v1/chat/completions".to_owned(),
        ),
        (
            "10,000 routes of one path, told apart by the model in the body",
            |n| json!({"match_path": "/v1/*", "match_method": "POST", "match_body_schema": {"model": format!("model-{n}")}}),
            |_| "/v1/chat/completions".to_owned(),
        ),
    ];
    for (name, fields, path) in kinds {
        let table = RouteTable::new((0..ROUTES).map(|n| route(n, &fields(n))).collect::<Result<_, _>>()?);
        let asked: Vec<(String, HeaderMap, String)> = (0..1_000)
            .map(|n| {
                let number = n * 7_919 % ROUTES;
                let tenant = HeaderValue::from_str(&format!("tenant-{number}"))?;
                let body = format!(r#"{{"model":"model-{number}"}}"#);
                Ok((
                    path(number),
                    HeaderMap::from_iter([("x-tenant".parse()?, tenant)]),
                    body,
                ))
            })
            .collect::<Result<_, Box<dyn Error>>>()?;
        measure(name, |n| {
            let (path, headers, body) = &asked[n % asked.len()];
            let found = table.select(&Asked {
                method: &Method::POST,
                path,
                raw_path: path,
                headers,
            });
            let left = found.judge(&PeekedBody::new(None, body.as_bytes()));
            assert_eq!(left.candidates().len(), 1, "{path}");
        });
    }
    let values: Vec<String> = (0..KEYS).map(|n| format!("fg_key-number-{n:032}")).collect();
    let entries = values.iter().enumerate().map(|(n, value)| Ok(Arc::new(key(n, value)?)));
    let ring = KeyRing::from_entries(entries.collect::<Result<Vec<_>, Box<dyn Error>>>()?);
    measure("100,000 keys, by the value that a client sends", |n| {
        let value = &values[n * 7_919 % KEYS];
        assert!(black_box(ring.lookup(value, Timestamp::now())).is_ok());
    });
    Ok(())
}

fn route(number: usize, fields: &Value) -> Result<Arc<CompiledRoute>, Box<dyn Error>> {
    let mut all = json!({"route_name": format!("route {number}"), "target_host": "127.0.0.1:1"});
    if let (Some(all), Some(fields)) = (all.as_object_mut(), fields.as_object()) {
        all.extend(fields.clone());
    }
    let route = Route {
        route_id: number.to_string(),
        definition: serde_json::from_value(all)?,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    };
    let compiled = CompiledRoute::compile(route);
    compiled.map(Arc::new).map_err(|errors| format!("{errors:?}").into())
}

fn key(number: usize, value: &str) -> Result<ApiKeyEntry, Box<dyn Error>> {
    Ok(ApiKeyEntry {
        key_id: number.to_string().as_str().into(),
        preview: "".into(),
        source_path: "team".into(),
        permissions: Permissions::compile::<&str>(&[])?,
        limiter: None,
        bound: None,
        expires_at: None,
        is_active: true,
        hash: KeyHash::of(value),
        previous: None,
    })
}

fn measure(name: &str, mut look_up: impl FnMut(usize)) {
    let mut times: Vec<u64> = (0..LOOK_UPS)
        .map(|n| {
            let begun = Instant::now();
            look_up(n);
            u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
        })
        .collect();
    times.sort_unstable();
    let at = |share: f64| times[((LOOK_UPS as f64 * share) as usize).min(LOOK_UPS - 1)] as f64 / 1_000.0;
    println!("| {name} | {:.2} | {:.2} | {:.2} |", at(0.5), at(0.99), at(0.999));
}
