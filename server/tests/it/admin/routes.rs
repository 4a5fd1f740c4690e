//! `/admin/routes`.

use crate::support::admin::{Admin, TOKEN};
use crate::support::modern::Authority;
use axum::body::Body;
use http::Request;
use rstest::rstest;
use serde_json::{Value, json};

const SECRET: &str = "Bearer sk-0123456789abcdef4f2a";

fn chat() -> Value {
    json!({
        "route_name": "OpenAI Chat Proxy", "match_path": "/v1/chat/*", "match_method": "POST",
        "target_host": "api.openai.com", "target_path": "/v1/chat/completions", "target_protocol": "https",
        "add_headers": {"Authorization": SECRET}, "timeout": 60,
    })
}

async fn create(admin: &Admin, body: Value) -> String {
    let created = admin.post("/admin/routes", body).await.json(201);
    created["route_id"].as_str().unwrap().to_owned()
}

/// The credential that the upstream would get.
fn credential(admin: &Admin) -> String {
    let snapshot = admin.app.snapshot();
    let route = &snapshot.routes.all_in_order()[0].route;
    route.definition.add_headers["Authorization"].clone()
}

#[tokio::test]
async fn a_new_route_takes_requests_at_once_and_hides_its_credential() {
    let admin = Admin::open().await;
    let created = admin.post("/admin/routes", chat()).await.json(201);
    insta::assert_json_snapshot!(created, {
        ".route_id" => "uuid", ".created_at" => "time", ".updated_at" => "time",
    }, @r#"
    {
      "add_body_fields": {},
      "add_headers": {
        "Authorization": "Bearer sk-…4f2a"
      },
      "auth": "key",
      "balance": "power_of_two",
      "circuit_breaker": null,
      "cors": null,
      "created_at": "time",
      "description": null,
      "hash_on": null,
      "health_check": null,
      "ip_allow": [],
      "is_active": true,
      "match_body_schema": null,
      "match_headers": {},
      "match_method": "POST",
      "match_path": "/v1/chat/*",
      "max_body_bytes": null,
      "max_concurrency": null,
      "priority": 100,
      "rate_limit": null,
      "remove_headers": [],
      "retry_count": null,
      "retry_non_idempotent": false,
      "route_id": "uuid",
      "route_name": "OpenAI Chat Proxy",
      "strip_path_prefix": false,
      "target_host": "api.openai.com",
      "target_path": "/v1/chat/completions",
      "target_protocol": "https",
      "targets": [],
      "timeout": 60,
      "tls_ca": null,
      "tls_client_cert": null,
      "tls_client_key": null,
      "tls_server_name": null,
      "tls_skip_verify": false,
      "updated_at": "time"
    }
    "#);
    assert_eq!(credential(&admin), SECRET);
    let database = admin.database_bytes();
    assert!(!database.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
}

#[tokio::test]
async fn a_client_key_is_sealed_and_masked_and_its_mask_keeps_it() {
    let admin = Admin::open().await;
    let (certificate, key) = Authority::new("Clients").sign("gateway");
    let mut route = chat();
    let fields = json!({"tls_client_cert": certificate, "tls_client_key": key});
    route
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    let created = admin.post("/admin/routes", route).await.json(201);
    let mask = created["tls_client_key"].as_str().unwrap();
    assert!(mask.contains('…') && mask.len() < 40, "{mask}");
    assert_eq!(created["tls_client_cert"], certificate.as_str());
    let path = format!("/admin/routes/{}", created["route_id"].as_str().unwrap());
    admin.put(&path, created.clone()).await.json(200);
    let stored = |admin: &Admin| {
        let snapshot = admin.app.snapshot();
        snapshot.routes.all_in_order()[0]
            .route
            .definition
            .tls_client_key
            .clone()
    };
    assert_eq!(stored(&admin).as_deref(), Some(key.as_str()));
    let secret = key.lines().nth(1).unwrap().as_bytes();
    let database = admin.database_bytes();
    assert!(!database.windows(secret.len()).any(|window| window == secret));
    // Another host never gets what was entered for this one.
    let moved = admin.put(&path, json!({"target_host": "elsewhere.example"})).await;
    assert!(moved.refused().contains(&"tls_client_key".to_owned()));
}

#[rstest]
#[case::no_pem(json!({"tls_ca": "trust me"}), &["tls_ca"])]
#[case::a_certificate_without_its_key(json!({"tls_client_cert": "-----BEGIN CERTIFICATE-----\n"}), &["tls_client_cert"])]
#[case::a_key_without_its_certificate(json!({"tls_client_key": "-----BEGIN PRIVATE KEY-----\n"}), &["tls_client_key"])]
#[case::a_name_with_a_port(json!({"tls_server_name": "a:443"}), &["tls_server_name"])]
#[case::plain_http(json!({"target_protocol": "http", "tls_skip_verify": true}), &["tls_skip_verify"])]
#[case::http2_in_clear(json!({"target_protocol": "h2c", "tls_ca": "-----BEGIN CERTIFICATE-----\n"}), &["tls_ca"])]
#[tokio::test]
async fn tls_that_cannot_work_is_refused_with_its_field(#[case] fields: Value, #[case] refused: &[&str]) {
    let admin = Admin::open().await;
    let mut route = json!({"route_name": "a", "match_path": "/*", "target_host": "a", "target_protocol": "https"});
    route
        .as_object_mut()
        .unwrap()
        .extend(fields.as_object().unwrap().clone());
    assert_eq!(admin.post("/admin/routes", route).await.refused(), refused);
}

#[rstest]
#[case(json!({"target_host": "a"}), &["route_name", "match_path"])]
#[case(json!({"route_name": "a", "match_path": "nowhere", "priority": 0, "timeout": 0}), &["priority", "match_path", "target_host", "timeout"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "match_headers": {"X-A": "regex:("}}), &["match_headers"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "match_body_schema": {"type": "object", "minLength": -1}}), &["match_body_schema"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "match_body_schema": {"$ref": "http://x/y"}}), &["match_body_schema"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "add_headers": {"Host": "x"}}), &["add_headers"])]
#[case(json!({"route_name": "a", "match_path": "/a/{x}", "target_host": "h", "target_path": "/{y}"}), &["target_path"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "add_headers": {"Authorization": "Bearer sk-…4f2a"}}), &["add_headers.Authorization"])]
#[case(json!({"route_name": "a", "match_path": "/a", "targets": [{"host": "h", "weight": 0}, {"host": "i", "weight": 0}]}), &["targets"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "circuit_breaker": {"failures": 0}}), &["circuit_breaker.failures"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "circuit_breaker": {"open_seconds": 9999, "window_seconds": 0}}), &["circuit_breaker.open_seconds", "circuit_breaker.window_seconds"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "circuit_breaker": {"failure": 3}}), &["circuit_breaker.failure"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "balance": "best"}), &["balance"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "balance": "client_hash", "hash_on": "header:a b"}), &["hash_on"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "hash_on": "key"}), &["hash_on"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "localhost:8123"}), &["target_host"])]
#[case(json!({"route_name": "a", "match_path": "/a", "targets": [{"host": "h"}, {"host": "127.0.0.1:8123"}]}), &["targets[1].host"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "max_body_bytes": 0, "max_concurrency": 0}), &["max_body_bytes", "max_concurrency"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "max_concurrency": 1_000_001}), &["max_concurrency"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "ip_allow": ["10.0.0.0/8", "10.0.0.0/33", "host", "::/+1"]}), &["ip_allow[1]", "ip_allow[2]", "ip_allow[3]"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "cors": {"allow_origins": []}}), &["cors.allow_origins"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "cors": {"allow_origins": ["https://a.example/"]}}), &["cors.allow_origins"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "cors": {"allow_origins": ["*", "https://a.example"]}}), &["cors.allow_origins"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "cors": {"allow_origins": ["*"], "allow_credentials": true}}), &["cors.allow_credentials"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "cors": {"allow_origins": ["*"], "allow_methods": ["GET POST"], "allow_headers": ["X:Y"], "expose_headers": [""], "max_age_seconds": 86_401}}), &["cors.allow_methods", "cors.allow_headers", "cors.expose_headers", "cors.max_age_seconds"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "cors": {"allow_origins": ["*"], "origins": []}}), &["cors.origins"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "match_headers": {"X-A": "1", "x-a": "2"}}), &["match_headers"])]
#[case(json!({"route_name": "a", "match_path": "/a", "targets": [{"host": "h:1"}, {"host": "H:1", "weight": 2}]}), &["targets"])]
#[case(json!({"route_name": "a", "match_path": "/a", "targets": [{"host": "h:1"}, {"host": "h:1", "protocol": "http"}]}), &["targets"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "add_headers": {"X-A": "1\r\nX-B: 2"}}), &["add_headers"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "add_headers": {"X-A\r\nX-B": "2"}}), &["add_headers"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "add_headers": {"Transfer-Encoding": "chunked"}}), &["add_headers"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "add_headers": {"content-length": "3"}}), &["add_headers"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "add_headers": {"Connection": "x-a"}}), &["add_headers"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "remove_headers": ["Host"]}), &["remove_headers"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "match_headers": {"X-A": format!("regex:(a{{1000}}){{1000}}")}}), &["match_headers"])]
#[case(json!({"route_name": "a", "match_path": "/a", "target_host": "h", "match_headers": {"X-A": "regex:(a)\\1"}}), &["match_headers"])]
#[tokio::test]
async fn a_refused_route_names_its_fields(#[case] body: Value, #[case] fields: &[&str]) {
    let admin = Admin::open().await;
    admin.app.listens_on(["127.0.0.1:8123".parse().unwrap()]);
    let mut refused = admin.post("/admin/routes", body).await.refused();
    let mut expected: Vec<String> = fields.iter().map(ToString::to_string).collect();
    refused.sort();
    expected.sort();
    assert_eq!(refused, expected);
    assert_eq!(admin.get("/admin/routes").await.json(200), json!([]));
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_whoever_finds_it() {
    let admin = Admin::open().await;
    let body = json!({
        "route_name": "", "match_path": 7, "target_path": "/{id}", "timeout": "soon", "priority": 0, "tmeout": 3,
        "match_body_schema": {"type": "object", "minLength": -1},
        "targets": [{"host": "a b"}, {"host": "b", "weight": "x"}, {"host": "169.254.169.254"}],
    });
    let mut refused = admin.post("/admin/routes", body).await.refused();
    refused.sort();
    // Nothing is said of `target_path`: whether it fits depends on a pattern that is none.
    let expected = [
        "match_body_schema",
        "match_path",
        "priority",
        "route_name",
        "targets[0].host",
        "targets[1].weight",
        "targets[2].host",
        "timeout",
        "tmeout",
    ];
    assert_eq!(refused, expected);
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_refused_and_changes_nothing() {
    let admin = Admin::open().await;
    let wrong = json!({"route_name": "a", "match_path": "/a", "target_host": "h", "match_body_schema": 1});
    let dry = "/admin/routes?dry_run=true";
    assert_eq!(admin.post(dry, wrong.clone()).await.refused(), ["match_body_schema"]);
    admin.post(dry, chat()).await.text(204);
    assert_eq!(admin.get("/admin/routes").await.json(200), json!([]));
    let path = format!("/admin/routes/{}", create(&admin, chat()).await);
    let before = admin.get(&path).await.json(200);
    let dry = format!("{path}?dry_run=true");
    assert_eq!(
        admin.put(&dry, json!({"match_body_schema": 1})).await.refused(),
        ["match_body_schema"]
    );
    admin.put(&dry, json!({"priority": 7})).await.text(204);
    assert_eq!(admin.get(&path).await.json(200), before);
    assert_eq!(
        admin.put(&format!("{path}?dry_run=perhaps"), json!({})).await.refused(),
        ["dry_run"]
    );
}

#[tokio::test]
async fn a_name_that_is_given_twice_is_refused() {
    let admin = Admin::open().await;
    let body =
        r#"{"route_name": "a", "match_path": "/a", "target_host": "h", "add_headers": {"X-A": "1", "X-A": "2"}}"#;
    let request = Request::post("/admin/routes").header("authorization", format!("Bearer {TOKEN}"));
    let answer = admin.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.refused(), ["add_headers.X-A"]);
    assert_eq!(admin.get("/admin/routes").await.json(200), json!([]));
}

#[tokio::test]
async fn a_name_of_a_certificate_is_told_what_it_may_be() {
    let admin = Admin::open().await;
    for name in ["a:443", "a b", "https://a", "[::1]"] {
        let route = json!({"route_name": "a", "match_path": "/a", "target_host": "h", "target_protocol": "https",
            "tls_server_name": name});
        let problem = admin.post("/admin/routes", route).await.json(422);
        let message = problem["errors"][0]["message"].as_str().unwrap();
        assert!(
            message.ends_with("allowed is a host name alone, e.g. api.internal"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn what_a_route_lets_in_comes_back_as_it_was_written() {
    let admin = Admin::open().await;
    let mut route = chat();
    let written = json!({
        "max_body_bytes": 1_099_511_627_776_u64,
        "max_concurrency": 1,
        "ip_allow": ["10.0.0.0/8", "2001:db8::1"],
        "cors": {"allow_origins": ["https://app.example.com", "capacitor://localhost"], "allow_credentials": true},
    });
    route
        .as_object_mut()
        .unwrap()
        .extend(written.as_object().unwrap().clone());
    let id = create(&admin, route).await;
    let read = admin.get(&format!("/admin/routes/{id}")).await.json(200);
    for name in ["max_body_bytes", "max_concurrency", "ip_allow"] {
        assert_eq!(read[name], written[name], "{name}");
    }
    assert_eq!(
        read["cors"],
        json!({
            "allow_origins": ["https://app.example.com", "capacitor://localhost"], "allow_methods": ["*"],
            "allow_headers": ["*"], "expose_headers": [], "allow_credentials": true, "max_age_seconds": null,
        })
    );
    let nothing = json!({"max_body_bytes": null, "max_concurrency": null, "ip_allow": null, "cors": null});
    let changed = admin
        .call("PUT", &format!("/admin/routes/{id}"), nothing)
        .await
        .json(200);
    assert_eq!((&changed["cors"], &changed["ip_allow"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn the_list_is_in_matching_order() {
    let admin = Admin::open().await;
    for (name, path, priority) in [
        ("last", "/v1/*", 100),
        ("second", "/v1/chat/*", 50),
        ("first", "/v1/chat/x", 50),
    ] {
        create(
            &admin,
            json!({"route_name": name, "match_path": path, "target_host": "h", "priority": priority}),
        )
        .await;
    }
    let answer = admin.get("/admin/routes").await;
    let names: Vec<Value> = answer
        .json(200)
        .as_array()
        .unwrap()
        .iter()
        .map(|route| route["route_name"].clone())
        .collect();
    assert_eq!(names, ["first", "second", "last"]);
    assert_eq!(answer.header("x-total-count"), "3");
    let page = admin.get("/admin/routes?skip=1&limit=1").await.json(200);
    assert_eq!(page[0]["route_name"], "second");
}

#[rstest]
#[case("PUT", "/admin/routes/")]
#[case("POST", "/admin/routes/update/")]
#[tokio::test]
async fn a_mask_that_is_sent_back_keeps_the_credential(#[case] method: &str, #[case] path: &str) {
    let admin = Admin::open().await;
    let path = format!("{path}{}", create(&admin, chat()).await);
    let id = path.rsplit('/').next().unwrap();
    let mut shown = admin.get(&format!("/admin/routes/{id}")).await.json(200);
    shown["priority"] = json!(50);
    let changed = admin.call(method, &path, shown).await.json(200);
    assert_eq!(changed["priority"], 50);
    assert_eq!(credential(&admin), SECRET);
    admin.call(method, &path, json!({"timeout": null})).await.json(200);
    assert_eq!(credential(&admin), SECRET);
}

#[tokio::test]
async fn a_copy_takes_the_credentials_of_its_model_over_unless_it_goes_elsewhere() {
    let admin = Admin::open().await;
    let id = create(&admin, chat()).await;
    let shown = admin.get(&format!("/admin/routes/{id}")).await.json(200);
    let mut copy = chat();
    copy["add_headers"] = shown["add_headers"].clone();
    let path = format!("/admin/routes?copy_of={id}");
    assert_eq!(
        admin.post("/admin/routes", copy.clone()).await.refused(),
        ["add_headers.Authorization"]
    );
    let made = admin.post(&path, copy.clone()).await.json(201);
    assert_ne!(made["route_id"], id.as_str());
    let credentials: Vec<Option<String>> = {
        let snapshot = admin.app.snapshot();
        let routes = snapshot.routes.all_in_order().iter();
        let headers = routes.map(|route| route.route.definition.add_headers.get("Authorization").cloned());
        headers.collect()
    };
    assert_eq!(credentials, [Some(SECRET.to_owned()), Some(SECRET.to_owned())]);

    copy["target_host"] = json!("evil.example");
    assert_eq!(
        admin.post(&path, copy.clone()).await.refused(),
        ["add_headers.Authorization"]
    );
    let unknown = admin.post("/admin/routes?copy_of=gone", copy).await;
    assert_eq!(unknown.status, 404);
}

#[rstest]
#[case(json!({"target_host": "evil.example"}))]
#[case(json!({"target_protocol": "http"}))]
#[case(json!({"target_host": "", "targets": [{"host": "evil.example"}]}))]
#[tokio::test]
async fn another_target_asks_for_the_credential_again(#[case] patch: Value) {
    let admin = Admin::open().await;
    let path = format!("/admin/routes/{}", create(&admin, chat()).await);
    assert_eq!(
        admin.put(&path, patch.clone()).await.refused(),
        ["add_headers.Authorization"]
    );
    assert_eq!(credential(&admin), SECRET);

    let mut whole = patch;
    whole["add_headers"] = json!({"Authorization": "Bearer another-one-for-there"});
    admin.put(&path, whole).await.json(200);
    assert_eq!(credential(&admin), "Bearer another-one-for-there");
}

#[tokio::test]
async fn a_route_is_switched_by_name_or_flipped() {
    let admin = Admin::open().await;
    let path = format!("/admin/routes/{}/toggle", create(&admin, chat()).await);
    for (body, expected) in [
        (Value::Null, false),
        (Value::Null, true),
        (json!({"is_active": true}), true),
        (json!({"is_active": false}), false),
        (json!({}), true),
    ] {
        assert_eq!(admin.post(&path, body).await.json(200)["is_active"], expected);
        let snapshot = admin.app.snapshot();
        assert_eq!(snapshot.routes.all_in_order()[0].is_active(), expected);
    }
    assert_eq!(admin.post(&path, json!({"active": true})).await.refused(), ["active"]);
    assert_eq!(credential(&admin), SECRET);
}

#[rstest]
#[case("DELETE", "/admin/routes/")]
#[case("POST", "/admin/routes/delete/")]
#[tokio::test]
async fn a_deleted_route_is_gone_at_once(#[case] method: &str, #[case] path: &str) {
    let admin = Admin::open().await;
    let path = format!("{path}{}", create(&admin, chat()).await);
    admin.call(method, &path, Value::Null).await.json(200);
    assert!(admin.app.snapshot().routes.all_in_order().is_empty());
    admin.call(method, &path, Value::Null).await.json(404);
}

#[tokio::test]
async fn a_change_of_what_somebody_else_changed_is_refused() {
    let admin = Admin::open().await;
    let path = format!("/admin/routes/{}", create(&admin, chat()).await);
    let mut read = admin.get(&path).await.json(200);
    admin.put(&path, json!({"priority": 7})).await.json(200);
    read["timeout"] = json!(5);
    let problem = admin.put(&path, read.clone()).await.json(409);
    assert!(problem["detail"].as_str().unwrap().contains("updated_at"), "{problem}");
    read["updated_at"] = admin.get(&path).await.json(200)["updated_at"].clone();
    assert_eq!(admin.put(&path, read).await.json(200)["timeout"], 5);
}
