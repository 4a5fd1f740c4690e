//! `/admin/changes`: what is written down, what is shown of it, and the way back; `ETag` and `If-Match` of keys and routes.

use crate::support::admin::{Admin, Answer, TOKEN};
use axum::body::Body;
use fastgate::api_keys::KeyRefusal;
use fastgate::db::Dialect;
use http::Request;
use rstest::rstest;
use serde_json::{Value, json};

const SECRET: &str = "Bearer sk-0123456789abcdef4f2a";

fn chat() -> Value {
    json!({
        "route_name": "Chat", "match_path": "/v1/*", "target_host": "one.test",
        "add_headers": {"Authorization": SECRET},
    })
}

async fn create_route(admin: &Admin) -> String {
    let created = admin.post("/admin/routes", chat()).await.json(201);
    format!("/admin/routes/{}", created["route_id"].as_str().unwrap())
}

async fn create_key(admin: &Admin) -> (String, String) {
    let created = admin.post("/admin/keys", json!({"source_path": "app"})).await.json(201);
    let path = format!("/admin/keys/{}", created["key_id"].as_str().unwrap());
    (path, created["key_value"].as_str().unwrap().to_owned())
}

async fn history(admin: &Admin, query: &str) -> Vec<Value> {
    let page = admin.get(&format!("/admin/changes{query}")).await.json(200);
    page["items"].as_array().unwrap().clone()
}

/// `action object: field: before → after, …` of each change.
fn told(changes: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let field = |diff: &Value| format!("{}: {} → {}", text(&diff["field"]), diff["before"], diff["after"]);
    changes
        .iter()
        .map(|change| {
            let fields: Vec<String> = change["diff"].as_array().unwrap().iter().map(field).collect();
            format!(
                "{} {}: {}",
                text(&change["action"]),
                text(&change["object_name"]),
                fields.join(", ")
            )
        })
        .collect()
}

async fn restore(admin: &Admin, change: &Value, body: Value) -> Answer {
    let path = format!("/admin/changes/{}/restore", change["id"].as_str().unwrap());
    admin.post(&path, body).await
}

async fn call_if(admin: &Admin, (method, path): (&str, &str), etag: &str, body: Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("if-match", etag);
    let body = match body {
        Value::Null => Body::empty(),
        body => Body::from(body.to_string()),
    };
    admin.send(request.body(body).unwrap()).await
}

fn works(admin: &Admin, value: &str) -> Result<(), KeyRefusal> {
    let found = admin.app.snapshot().keys.lookup(value, jiff::Timestamp::now());
    found.map(drop)
}

#[rstest]
#[case(Dialect::Sqlite)]
#[case(Dialect::Postgres)]
#[tokio::test]
async fn every_change_is_a_version_with_who_when_and_what(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let route = create_route(&admin).await;
    admin
        .put(&route, json!({"priority": 7, "route_name": "Talk"}))
        .await
        .json(200);
    admin.put(&route, json!({"priority": 7})).await.json(200);
    admin.post(&format!("{route}/toggle"), Value::Null).await.json(200);
    let (key, _) = create_key(&admin).await;
    admin.post(&format!("{key}/rotate"), json!({})).await.json(200);
    admin.call("DELETE", &key, Value::Null).await.json(200);
    admin.call("DELETE", &route, Value::Null).await.json(200);

    let all = history(&admin, "").await;
    let actions: Vec<&str> = all.iter().map(|change| change["action"].as_str().unwrap()).collect();
    let expected = [
        "deleted", "deleted", "rotated", "created", "toggled", "updated", "created",
    ];
    assert_eq!(actions, expected, "a PUT that changes nothing is no version");
    let of_route = told(&all);
    assert_eq!(of_route[4], "toggled Talk: is_active: true → false");
    assert_eq!(
        of_route[5],
        "updated Talk: priority: 100 → 7, route_name: \"Chat\" → \"Talk\""
    );
    assert!(
        of_route[6].contains("add_headers: null → {\"Authorization\":\"Bearer sk-…4f2a\"}"),
        "{}",
        of_route[6]
    );
    let rotated = &of_route[2];
    assert!(rotated.starts_with("rotated app: key_preview: \"fg_"), "{rotated}");
    let ended = format!("previous_valid_until: null → {}", all[2]["time"]);
    assert!(rotated.ends_with(&ended), "without a grace time: {rotated}");
    assert_eq!((&all[2]["exists"], &all[3]["exists"]), (&json!(false), &json!(false)));
    assert_eq!(
        all[0]["author"],
        json!({"kind": "admin_token", "name": null, "session": null, "address": "127.0.0.1"})
    );
    assert_eq!((&all[0]["source"], &all[0]["kind"]), (&json!("api"), &json!("route")));
    let times: Vec<&str> = all.iter().map(|change| change["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
}

#[tokio::test]
async fn no_secret_is_in_the_history_in_clear() {
    let admin = Admin::open().await;
    let route = create_route(&admin).await;
    let (key, value) = create_key(&admin).await;
    let other = json!({"add_headers": {"Authorization": "Bearer sk-another-0123456789ab4f2a"}});
    admin.put(&route, other).await.json(200);
    admin.call("DELETE", &key, Value::Null).await.json(200);
    let shown = admin.get("/admin/changes").await.text(200);
    for secret in ["sk-0123", "sk-another", &value, "\"hash\""] {
        assert!(!shown.contains(secret), "{secret} is shown");
        let database = admin.database_bytes();
        let found = database.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} is stored in clear");
    }
    let updated = &history(&admin, "?kind=route").await[0];
    let same_mask =
        json!([{"field": "add_headers.Authorization", "before": "Bearer sk-…4f2a", "after": "Bearer sk-…4f2a"}]);
    assert_eq!(
        updated["diff"], same_mask,
        "another credential is told of, even behind the same mask"
    );
}

#[rstest]
#[case(Dialect::Sqlite)]
#[case(Dialect::Postgres)]
#[tokio::test]
async fn a_version_of_a_route_is_put_back_with_its_credential(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let route = create_route(&admin).await;
    let elsewhere = json!({"target_host": "two.test", "add_headers": {"Authorization": "Bearer of-two-0123456789"}});
    admin.put(&route, elsewhere).await.json(200);
    let versions = history(&admin, "").await;

    let tried = format!(
        "/admin/changes/{}/restore?dry_run=true",
        versions[1]["id"].as_str().unwrap()
    );
    let plan = admin.post(&tried, Value::Null).await.json(200);
    assert_eq!((&plan["dry_run"], &plan["action"]), (&json!(true), &json!("updated")));
    assert_eq!(
        admin.get(&route).await.json(200)["target_host"],
        "two.test",
        "a plan changes nothing"
    );

    let done = restore(&admin, &versions[1], Value::Null).await.json(200);
    assert_eq!(done["diff"], plan["diff"]);
    assert_eq!(admin.get(&route).await.json(200)["target_host"], "one.test");
    let snapshot = admin.app.snapshot();
    let used = &snapshot.routes.all_in_order()[0].route.definition;
    assert_eq!(used.add_headers["Authorization"], SECRET);
    let newest = &history(&admin, "").await[0];
    assert_eq!(
        (&newest["source"], &newest["restored_from"]),
        (&json!("restore"), &versions[1]["id"])
    );

    let again = restore(&admin, &versions[1], Value::Null).await.json(200);
    assert_eq!(
        (&again["action"], &again["diff"]),
        (&Value::Null, &json!([])),
        "it stands as it was put"
    );
    let undone = restore(&admin, newest, json!({"state": "before"})).await.json(200);
    assert_eq!(undone["action"], "updated");
    assert_eq!(admin.get(&route).await.json(200)["target_host"], "two.test");
}

#[rstest]
#[case(Dialect::Sqlite)]
#[case(Dialect::Postgres)]
#[tokio::test]
async fn what_was_deleted_comes_back_under_its_id_and_a_key_with_its_secret(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let route = create_route(&admin).await;
    let (key, value) = create_key(&admin).await;
    let (route_before, key_before) = (admin.get(&route).await.json(200), admin.get(&key).await.json(200));
    for path in [&route, &key] {
        admin.call("DELETE", path, Value::Null).await.json(200);
    }
    assert_eq!(works(&admin, &value), Err(KeyRefusal::Unknown));
    for change in &history(&admin, "").await {
        assert_eq!(
            restore(&admin, change, Value::Null).await.json(200)["action"],
            match change["action"].as_str() {
                Some("deleted") => json!("created"),
                _ => Value::Null,
            }
        );
    }
    assert_eq!(works(&admin, &value), Ok(()));
    assert_eq!(admin.get(&key).await.json(200), key_before);
    let route_after = admin.get(&route).await.json(200);
    assert_eq!(
        route_after["created_at"], route_before["created_at"],
        "its age decides between equal routes"
    );
    admin.app.load_snapshot().await.unwrap();
    assert_eq!(works(&admin, &value), Ok(()), "also after a restart");
}

#[tokio::test]
async fn a_version_leads_only_to_where_its_object_does_not_stand() {
    let admin = Admin::open().await;
    let (key, _) = create_key(&admin).await;
    let ways = async || {
        let way = |change: &Value| format!("{} {}", change["action"].as_str().unwrap(), change["restorable_to"]);
        history(&admin, "?kind=key").await.iter().map(way).collect::<Vec<_>>()
    };
    assert_eq!(ways().await, ["created []"]);
    admin.post(&format!("{key}/rotate"), json!({})).await.json(200);
    assert_eq!(ways().await, ["rotated []", "created []"], "no secret is put back");
    admin.put(&key, json!({"rate_limit": 5})).await.json(200);
    let older = [r#"rotated ["after"]"#, r#"created ["after"]"#];
    assert_eq!(ways().await, [&[r#"updated ["before"]"#][..], &older].concat());
    admin.call("DELETE", &key, Value::Null).await.json(200);
    let gone = [r#"deleted ["before"]"#, r#"updated ["before","after"]"#];
    assert_eq!(ways().await, [gone, older].concat());
    let deleted = history(&admin, "").await.remove(0);
    restore(&admin, &deleted, Value::Null).await.json(200);
    assert_eq!(ways().await[..2], ["created []", "deleted []"]);
    assert_eq!(history(&admin, "").await[3]["exists"], true);
    let one = format!("/admin/changes/{}", deleted["id"].as_str().unwrap());
    assert_eq!(admin.get(&one).await.json(200)["restorable_to"], json!([]));

    let route = create_route(&admin).await;
    let same_mask = json!({"add_headers": {"Authorization": "Bearer sk-another-0123456789ab4f2a"}});
    admin.put(&route, same_mask).await.json(200);
    assert_eq!(history(&admin, "").await[0]["restorable_to"], json!(["before"]));
}

#[tokio::test]
async fn what_cannot_be_restored_says_why() {
    let admin = Admin::open().await;
    let route = create_route(&admin).await;
    let made = history(&admin, "").await.remove(0);
    assert_eq!(
        restore(&admin, &made, json!({"state": "before"})).await.refused(),
        ["state"]
    );
    assert_eq!(
        restore(&admin, &made, json!({"stat": "before"})).await.refused(),
        ["stat"]
    );
    admin.call("DELETE", &route, Value::Null).await.json(200);
    let deleted = history(&admin, "").await.remove(0);
    assert_eq!(
        restore(&admin, &deleted, json!({"state": "after"})).await.refused(),
        ["state"]
    );
    admin.post("/admin/changes/none/restore", Value::Null).await.json(404);
    admin.get("/admin/changes/none").await.json(404);
}

#[tokio::test]
async fn the_history_is_filtered_and_paged() {
    let admin = Admin::open().await;
    let route = create_route(&admin).await;
    for priority in 1..=4 {
        admin.put(&route, json!({"priority": priority})).await.json(200);
    }
    create_key(&admin).await;
    assert_eq!(history(&admin, "?kind=key").await.len(), 1);
    let id = route.rsplit('/').next().unwrap();
    assert_eq!(history(&admin, &format!("?object_id={id}")).await.len(), 5);
    assert_eq!(
        history(&admin, "?author=admin_token&start_time=2020-01-01").await.len(),
        6
    );
    assert_eq!(history(&admin, "?author=127.0.0.1").await.len(), 6);
    for none in [
        "?author=session",
        "?author=::1",
        "?end_time=2020-01-01",
        "?kind=setting",
    ] {
        assert_eq!(history(&admin, none).await.len(), 0, "{none}");
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = admin
            .get(&format!("/admin/changes?limit=4&cursor={cursor}"))
            .await
            .json(200);
        assert_eq!(page["total"], 6);
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|change| change["id"].clone()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let all: Vec<Value> = history(&admin, "")
        .await
        .iter()
        .map(|change| change["id"].clone())
        .collect();
    assert_eq!(seen, all);
    let refused = admin
        .get("/admin/changes?kind=cat&cursor=x&start_time=soon&limit=0&sort=up")
        .await
        .refused();
    assert_eq!(refused.len(), 5, "{refused:?}");
}

#[tokio::test]
async fn who_deleted_an_object_is_told_to_whoever_asks_for_it_later() {
    let admin = Admin::open().await;
    let token = json!({"name": "ops", "role": "viewer"});
    let token = admin.post("/admin/tokens", token).await.json(201);
    let token = format!("/admin/tokens/{}", token["token_id"].as_str().unwrap());
    let (route, (key, _)) = (create_route(&admin).await, create_key(&admin).await);
    for path in [&route, &key, &token] {
        admin.call("DELETE", path, Value::Null).await.json(200);
    }
    let (toggle, rotate_key, rotate) = (
        format!("{route}/toggle"),
        format!("{key}/rotate"),
        format!("{token}/rotate"),
    );
    let everywhere = [&route, &key, &token].into_iter();
    let calls = everywhere.flat_map(|path| ["GET", "PUT", "DELETE"].map(|method| (method, path)));
    for (method, path) in calls.chain([("POST", &toggle), ("POST", &rotate_key), ("POST", &rotate)]) {
        let body = if matches!(method, "PUT" | "POST") {
            json!({})
        } else {
            Value::Null
        };
        let deletion = &admin.call(method, path, body).await.json(404)["deletion"];
        assert_eq!(deletion["by"]["kind"], "admin_token", "{method} {path}");
        assert_eq!(deletion["by"]["address"], "127.0.0.1", "{method} {path}");
        assert!(deletion["at"].is_string(), "{method} {path}");
    }
    let never = format!("/admin/keys/{}", uuid::Uuid::now_v7());
    assert!(admin.get(&never).await.json(404)["deletion"].is_null());
}

#[rstest]
#[case::of_changes("/admin/changes")]
#[case::of_the_log("/admin/logs")]
#[case::of_figures("/admin/metrics")]
#[tokio::test]
async fn a_range_of_time_that_ends_before_it_begins_is_refused(#[case] list: &str) {
    let admin = Admin::open().await;
    let range = format!("{list}?start_time=2026-05-02&end_time=2026-05-01");
    assert_eq!(admin.get(&range).await.refused(), ["end_time"]);
    let one_day = format!("{list}?start_time=2026-05-01&end_time=2026-05-01");
    admin.get(&one_day).await.json(200);
}

#[tokio::test]
async fn an_etag_changes_with_the_definition_and_the_secret_but_not_with_use() {
    let admin = Admin::open().await;
    let (key, _) = create_key(&admin).await;
    let first = admin.get(&key).await.header("etag").to_owned();
    assert!(first.starts_with('"') && first.len() > 10, "{first}");
    admin.put(&key, json!({"source_path": "app"})).await.json(200);
    assert_eq!(admin.get(&key).await.header("etag"), first);
    let changed = admin.put(&key, json!({"name": "n"})).await.header("etag").to_owned();
    let rotated = admin
        .post(&format!("{key}/rotate"), json!({}))
        .await
        .header("etag")
        .to_owned();
    assert!(first != changed && changed != rotated && !rotated.is_empty());

    let route = create_route(&admin).await;
    let first = admin.get(&route).await.header("etag").to_owned();
    let toggled = admin
        .post(&format!("{route}/toggle"), Value::Null)
        .await
        .header("etag")
        .to_owned();
    let back = admin
        .post(&format!("{route}/toggle"), Value::Null)
        .await
        .header("etag")
        .to_owned();
    assert!(
        first != toggled && first == back,
        "the same definition is the same state"
    );
}

#[rstest]
#[case(Dialect::Sqlite)]
#[case(Dialect::Postgres)]
#[tokio::test]
async fn who_started_from_an_older_state_is_told_what_changed_meanwhile(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let route = create_route(&admin).await;
    let (key, _) = create_key(&admin).await;
    for (path, theirs, mine) in [
        (&route, json!({"priority": 5}), json!({"priority": 6})),
        (&key, json!({"rate_limit": 5}), json!({"rate_limit": 6})),
    ] {
        let start = admin.get(path).await.header("etag").to_owned();
        admin.put(path, theirs).await.json(200);
        let refused = call_if(&admin, ("PUT", path), &start, mine.clone()).await.json(409);
        assert_eq!(refused["changed"].as_array().unwrap().len(), 1, "{refused}");
        assert_eq!(refused["changed"][0]["after"], 5);
        assert_eq!(refused["changed_by"]["kind"], "admin_token");
        let present = admin.get(path).await;
        assert_eq!(refused["current"], present.json(200));
        assert_eq!(refused["etag"], present.header("etag"));
        for (method, path) in [
            ("DELETE", path.clone()),
            (
                "POST",
                format!("{}/{}", path, if path == &key { "rotate" } else { "toggle" }),
            ),
        ] {
            call_if(&admin, (method, &path), &start, Value::Null).await.json(409);
        }
        let etag = refused["etag"].as_str().unwrap();
        call_if(&admin, ("PUT", path), etag, mine).await.json(200);
        call_if(&admin, ("DELETE", path), "*", Value::Null).await.json(200);
    }
}

#[tokio::test]
async fn a_malformed_if_match_is_refused_and_a_weak_one_never_holds() {
    let admin = Admin::open().await;
    let route = create_route(&admin).await;
    let etag = admin.get(&route).await.header("etag").to_owned();
    let mine = json!({"priority": 6});
    assert_eq!(
        call_if(&admin, ("PUT", &route), "abc", mine.clone()).await.refused(),
        ["If-Match"]
    );
    call_if(&admin, ("PUT", &route), &format!("W/{etag}"), mine.clone())
        .await
        .json(409);
    call_if(&admin, ("PUT", &route), &format!("\"other\", {etag}"), mine)
        .await
        .json(200);
}

#[tokio::test]
async fn an_older_updated_at_is_a_conflict_with_the_route_as_it_stands() {
    let admin = Admin::open().await;
    let route = create_route(&admin).await;
    let mut mine = admin.get(&route).await.json(200);
    admin.put(&route, json!({"priority": 5})).await.json(200);
    mine["priority"] = json!(6);
    let refused = admin.put(&route, mine).await.json(409);
    assert_eq!(refused["current"]["priority"], 5);
    assert_eq!(refused["changed"], Value::Null, "no state was named");
}

#[tokio::test]
async fn the_history_keeps_as_many_changes_as_it_is_told() {
    let admin = Admin::with(|config| config.changes.keep = 3).await;
    let route = create_route(&admin).await;
    for priority in 1..=5 {
        admin.put(&route, json!({"priority": priority})).await.json(200);
    }
    let kept = told(&history(&admin, "").await);
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[2], "updated Chat: priority: 2 → 3");
}
