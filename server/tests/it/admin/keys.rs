//! `/admin/keys`.

use crate::support::admin::Admin;
use crate::support::record::{record, store};
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;
use serde_json::{Value, json};

#[tokio::test]
async fn a_new_key_is_shown_once_and_works_at_once() {
    let admin = Admin::open().await;
    let answer = admin
        .post(
            "/admin/keys",
            json!({"source_path": "openai-chat", "permissions": ["chat"], "rate_limit": 1000}),
        )
        .await;
    let created = answer.json(201);
    let key_id = created["key_id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/admin/keys/{key_id}"));
    insta::assert_json_snapshot!(created, {
        ".key_value" => "fg_…", ".key_id" => "uuid", ".key_preview" => "fg_Ab…9xYz", ".created_at" => "time",
    }, @r#"
    {
      "created_at": "time",
      "expires_at": null,
      "is_active": true,
      "key_id": "uuid",
      "key_preview": "fg_Ab…9xYz",
      "key_value": "fg_…",
      "last_used_at": null,
      "max_concurrency": null,
      "name": null,
      "permissions": [
        "chat"
      ],
      "previous_valid_until": null,
      "rate_limit": 1000,
      "source_path": "openai-chat",
      "usage_count": 0
    }
    "#);
    let secret = created["key_value"].as_str().unwrap();
    assert!(secret.starts_with("fg_"));
    let found = admin.app.snapshot().keys.lookup(secret, Timestamp::now()).unwrap();
    assert_eq!(&*found.key_id, key_id);

    let again = admin.get(&format!("/admin/keys/{key_id}")).await.json(200);
    assert_eq!(again["key_value"], Value::Null);
    assert!(!contains(&admin.database_bytes(), secret.as_bytes()));
}

#[rstest]
#[case(json!({"expires_at": "2030-12-31T23:59:59"}), "2030-12-31T23:59:59Z")]
#[case(json!({"expires_at": "9999-12-31T23:59:59Z"}), "9999-12-30T22:00:00Z")]
#[case(json!({"expires_at": "9999-12-31"}), "9999-12-30T22:00:00Z")]
#[case(json!({"expires_at": "2030-12-31T23:59:59+02:00"}), "2030-12-31T21:59:59Z")]
#[case(json!({"expires_at": "2020-01-01T00:00:00Z"}), "2020-01-01T00:00:00Z")]
#[tokio::test]
async fn an_expiry_is_read_in_all_its_forms(#[case] mut body: Value, #[case] expected: &str) {
    let admin = Admin::open().await;
    body["source_path"] = json!("a");
    assert_eq!(admin.post("/admin/keys", body).await.json(201)["expires_at"], expected);
}

#[rstest]
#[case(json!({}), Some(30))]
#[case(json!({"expires_days": 7}), Some(7))]
#[case(json!({"expires_at": null}), None)]
#[tokio::test]
async fn without_an_expiry_the_configured_one_holds(#[case] mut body: Value, #[case] days: Option<i64>) {
    let admin = Admin::with(|config| config.security.default_expiry_days = Some(30)).await;
    body["source_path"] = json!("a");
    let key = admin.post("/admin/keys", body).await.json(201);
    let lifetime = key["expires_at"].as_str().map(|expires_at| {
        let expires_at: Timestamp = expires_at.parse().unwrap();
        let created_at: Timestamp = key["created_at"].as_str().unwrap().parse().unwrap();
        expires_at.duration_since(created_at)
    });
    let expected = days.map(|days| SignedDuration::from_hours(days * 24));
    assert_eq!(
        lifetime.map(|lifetime| lifetime.as_hours()),
        expected.map(|expected| expected.as_hours())
    );
}

#[rstest]
#[case(json!({}), &["source_path"])]
#[case(json!({"source_path": " "}), &["source_path"])]
#[case(json!({"source_path": "a", "rate_limit": 0}), &["rate_limit"])]
#[case(json!({"source_path": "a", "max_concurrency": 0}), &["max_concurrency"])]
#[case(json!({"source_path": "a", "rate_limt": 1, "premissions": []}), &["premissions", "rate_limt"])]
#[case(json!({"source_path": "a", "permissions": ["fly"]}), &["permissions[0]"])]
#[case(json!({"source_path": "a", "expires_days": 0}), &["expires_days"])]
#[case(json!({"source_path": "a", "expires_days": 36501}), &["expires_days"])]
#[case(json!({"source_path": "a", "expires_days": 1, "expires_at": "2030-01-01"}), &["expires_days"])]
#[case(json!({"source_path": "a", "key_id": "mine"}), &["key_id"])]
#[tokio::test]
async fn a_refused_key_names_its_fields(#[case] body: Value, #[case] fields: &[&str]) {
    let admin = Admin::open().await;
    assert_eq!(admin.post("/admin/keys", body).await.refused(), fields);
    assert_eq!(admin.get("/admin/keys").await.json(200), json!([]));
}

#[tokio::test]
async fn the_list_is_filtered_and_paged() {
    let admin = Admin::open().await;
    for (source_path, is_active) in [("a", true), ("a", false), ("b", true)] {
        let body = json!({"source_path": source_path, "is_active": is_active});
        admin.post("/admin/keys", body).await.json(201);
    }
    let count = |answer: Value| answer.as_array().unwrap().len();
    assert_eq!(count(admin.get("/admin/keys").await.json(200)), 3);
    let answer = admin.get("/admin/keys?source_path=a&is_active=true").await;
    assert_eq!(count(answer.json(200)), 1);
    assert_eq!(answer.header("x-total-count"), "1");
    let page = admin.get("/admin/keys?skip=1&limit=1").await;
    assert_eq!(count(page.json(200)), 1);
    assert_eq!(page.header("x-total-count"), "3");
    let sources = admin.get("/admin/keys/sources").await;
    assert_eq!(sources.header("x-total-count"), "2");
    assert_eq!(sources.json(200), json!(["a", "b"]));
    assert_eq!(
        admin.get("/admin/keys?limit=0&active=true").await.refused(),
        ["limit", "active"]
    );
}

#[rstest]
#[case("PUT", "/admin/keys/")]
#[case("POST", "/admin/keys/update/")]
#[tokio::test]
async fn a_change_touches_only_what_it_names(#[case] method: &str, #[case] path: &str) {
    let admin = Admin::open().await;
    let body = json!({"source_path": "a", "name": "n", "permissions": ["chat"], "rate_limit": 5});
    let created = admin.post("/admin/keys", body).await.json(201);
    let secret = created["key_value"].as_str().unwrap();
    let path = format!("{path}{}", created["key_id"].as_str().unwrap());
    let patch = json!({"name": null, "is_active": false, "key_preview": created["key_preview"]});
    let changed = admin.call(method, &path, patch).await.json(200);
    assert_eq!(
        (
            &changed["name"],
            &changed["is_active"],
            &changed["rate_limit"],
            &changed["permissions"]
        ),
        (&Value::Null, &json!(false), &json!(5), &json!(["chat"])),
    );
    assert!(
        admin.app.snapshot().keys.lookup(secret, Timestamp::now()).is_err(),
        "it is refused at once"
    );
    assert_eq!(
        admin.call(method, &path, json!({"usage_count": 9})).await.refused(),
        ["usage_count"]
    );
    assert_eq!(
        admin.call(method, &path, json!({"source_path": null})).await.refused(),
        ["source_path"]
    );
}

#[tokio::test]
async fn a_key_may_be_sent_back_as_it_was_read() {
    let admin = Admin::open().await;
    let mut created = admin.post("/admin/keys", json!({"source_path": "a"})).await.json(201);
    let path = format!("/admin/keys/{}", created["key_id"].as_str().unwrap());
    let mut record = record(&admin.app, "/a", 200);
    record.key_id = Some(created["key_id"].as_str().unwrap().into());
    store(&admin.app, record).await;
    let members = created.as_object_mut().unwrap();
    members.remove("key_value");
    members.insert("name".to_owned(), json!("named"));
    let changed = admin.put(&path, created).await.json(200);
    assert_eq!(changed["name"], "named");
    assert_eq!(changed["usage_count"], 1, "the use since then stays counted");
}

#[rstest]
#[case("DELETE", "/admin/keys/")]
#[case("POST", "/admin/keys/delete/")]
#[tokio::test]
async fn a_deleted_key_is_gone_at_once(#[case] method: &str, #[case] path: &str) {
    let admin = Admin::open().await;
    let created = admin.post("/admin/keys", json!({"source_path": "a"})).await.json(201);
    let path = format!("{path}{}", created["key_id"].as_str().unwrap());
    let gone = admin.call(method, &path, Value::Null).await.json(200);
    assert_eq!(gone["id"], created["key_id"]);
    assert!(admin.app.snapshot().keys.is_empty());
    let problem = admin.call(method, &path, Value::Null).await.json(404);
    assert!(problem["detail"].as_str().unwrap().contains("key"), "{problem}");
}

#[tokio::test]
async fn a_rotated_key_keeps_its_old_value_for_the_grace_only() {
    let admin = Admin::open().await;
    let created = admin.post("/admin/keys", json!({"source_path": "a"})).await.json(201);
    let path = format!("/admin/keys/{}/rotate", created["key_id"].as_str().unwrap());
    let works = |secret: &Value, at: Timestamp| {
        let snapshot = admin.app.snapshot();
        snapshot.keys.lookup(secret.as_str().unwrap(), at).is_ok()
    };
    let now = Timestamp::now();
    let second = admin.post(&path, json!({"grace_seconds": 60})).await.json(200);
    assert_ne!(second["key_preview"], created["key_preview"]);
    assert!(works(&second["key_value"], now));
    assert!(works(&created["key_value"], now));
    assert!(!works(&created["key_value"], now + SignedDuration::from_secs(120)));
    let key = admin.get(path.trim_end_matches("/rotate")).await.json(200);
    assert_eq!(second["previous_valid_until"], key["previous_valid_until"]);
    let until: Timestamp = key["previous_valid_until"].as_str().unwrap().parse().unwrap();
    assert!(works(&created["key_value"], until - SignedDuration::from_micros(1)));
    assert!(!works(&created["key_value"], until));

    // To end the first value before its time needs to be said.
    let told = admin.post(&path, json!({"grace_seconds": 60})).await.json(409);
    assert!(told["detail"].as_str().unwrap().contains("`grace_seconds` 0"), "{told}");
    assert!(works(&created["key_value"], now));

    let third = admin.post(&path, Value::Null).await.json(200);
    assert_eq!(third["previous_valid_until"], Value::Null);
    assert!(works(&third["key_value"], now));
    assert!(!works(&second["key_value"], now));
    assert!(!works(&created["key_value"], now));
    assert_eq!(
        admin.post(&path, json!({"grace_seconds": -1})).await.refused(),
        ["grace_seconds"]
    );
    assert_eq!(admin.post(&path, json!({"grace": 1})).await.refused(), ["grace"]);
}

#[tokio::test]
async fn keys_are_back_after_a_restart() {
    let admin = Admin::open().await;
    let created = admin.post("/admin/keys", json!({"source_path": "a"})).await.json(201);
    admin
        .app
        .snapshot
        .update_keys(|_| fastgate::api_keys::KeyRing::default());
    admin.app.load_snapshot().await.unwrap();
    let secret = created["key_value"].as_str().unwrap();
    assert!(admin.app.snapshot().keys.lookup(secret, Timestamp::now()).is_ok());
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn the_version_of_a_rotation_tells_until_when_the_old_value_works() {
    let admin = Admin::open().await;
    let created = admin.post("/admin/keys", json!({"source_path": "app"})).await.json(201);
    let key = format!("/admin/keys/{}", created["key_id"].as_str().unwrap());
    let rotated = admin
        .post(&format!("{key}/rotate"), json!({"grace_seconds": 60}))
        .await
        .json(200);
    let newest = async || admin.get("/admin/changes").await.json(200)["items"][0].clone();
    let told = newest().await;
    let until = json!({"field": "previous_valid_until", "before": null, "after": rotated["previous_valid_until"]});
    assert_eq!(told["diff"][1], until, "{told}");
    assert_eq!(told["restorable_to"], json!([]), "nothing but the secret is different");
    admin.put(&key, json!({"rate_limit": 5})).await.json(200);
    let edited = newest().await;
    assert_eq!(
        edited["diff"],
        json!([{"field": "rate_limit", "before": null, "after": 5}])
    );
}
