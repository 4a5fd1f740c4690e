//! `/admin/config`: all keys and routes as one document, and back.

use crate::support::admin::{Admin, Answer, TOKEN};
use axum::body::Body;
use fastgate::db::Dialect;
use http::Request;
use rstest::rstest;
use serde_json::{Value, json};

async fn import(admin: &Admin, query: &str, text: &str) -> Answer {
    import_if(admin, query, text, None).await
}

async fn import_if(admin: &Admin, query: &str, text: &str, etag: Option<&str>) -> Answer {
    let mut request = Request::post(format!("/admin/config/import{query}"))
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/yaml");
    if let Some(etag) = etag {
        request = request.header("if-match", etag);
    }
    admin.send(request.body(Body::from(text.to_owned())).unwrap()).await
}

fn counts(result: &Value) -> [u64; 4] {
    ["created", "changed", "deleted", "unchanged"].map(|name| result[name].as_u64().unwrap())
}

/// Keys and routes with everything that a document could get wrong.
async fn furnish(admin: &Admin) {
    let awkward = [
        "yes",
        "123",
        "~",
        "null",
        "1e3",
        "0x1f",
        "a: b",
        "- a",
        "#no",
        " spaced ",
        "it's \"quoted\"",
        "名前",
        "1_000",
        "2030-01-01",
    ];
    for (index, name) in awkward.iter().enumerate() {
        let route = json!({
            "route_name": name, "match_path": format!("/v{index}/*"), "target_host": "one.test", "priority": index + 1,
            "description": format!("{name}\n\n  indented: yes\n# no comment\n"), "match_headers": {"x-a": name},
            "match_body_schema": {"model": name, "n": 1.5, "deep": {"on": true}}, "add_body_fields": {"off": null, "no": name},
            "add_headers": {"Authorization": "Bearer sk-0123456789abcdef4f2a", "X-Plain": "v"}, "cors": {"allow_origins": ["*"]},
        });
        admin.post("/admin/routes", route).await.json(201);
        let key = json!({"source_path": format!("s {name}"), "name": name, "permissions": ["chat"], "expires_at": "2040-01-01"});
        admin.post("/admin/keys", key).await.json(201);
    }
    let several = json!({"route_name": "several", "match_path": "/s", "targets": [{"host": "a.test", "weight": 2}, {"host": "b.test"}]});
    admin.post("/admin/routes", several).await.json(201);
}

#[rstest]
#[case(Dialect::Sqlite, "yaml")]
#[case(Dialect::Sqlite, "json")]
#[case(Dialect::Postgres, "yaml")]
#[tokio::test]
async fn importing_an_export_changes_nothing(#[case] dialect: Dialect, #[case] format: &str) {
    let admin = Admin::on(dialect, |_| ()).await;
    furnish(&admin).await;
    let exported = admin.get(&format!("/admin/config/export?format={format}")).await;
    let text = exported.text(200);
    assert!(!text.contains("sk-0123") && text.contains("Bearer sk-…4f2a"), "{text}");
    let changes = admin.get("/admin/changes").await.json(200)["total"].clone();
    let result = import(&admin, "?prune=true", &text).await.json(200);
    assert_eq!(counts(&result), [0, 0, 0, 29], "{result}");
    assert_eq!(result["etag"], exported.header("etag"));
    assert_eq!(admin.get("/admin/changes").await.json(200)["total"], changes);
}

#[tokio::test]
async fn an_export_into_an_empty_gateway_makes_everything_anew_under_its_ids() {
    let admin = Admin::open().await;
    let route = json!({"route_name": "r", "match_path": "/a", "target_host": "one.test"});
    let route = admin.post("/admin/routes", route).await.json(201);
    let key = admin.post("/admin/keys", json!({"source_path": "app"})).await.json(201);
    let text = admin.get("/admin/config/export").await.text(200);
    let other = Admin::open().await;
    let result = import(&other, "", &text).await.json(200);
    assert_eq!(counts(&result), [2, 0, 0, 0]);
    let made = &result["created_keys"][0];
    assert_eq!(made["key_id"], key["key_id"]);
    assert_ne!(
        made["key_value"], key["key_value"],
        "a value cannot be read back, so that another is made"
    );
    let path = format!("/admin/routes/{}", route["route_id"].as_str().unwrap());
    assert_eq!(other.get(&path).await.json(200)["target_host"], "one.test");
    assert_eq!(other.get("/admin/config/export").await.text(200), text);
}

#[rstest]
#[case(Dialect::Sqlite)]
#[case(Dialect::Postgres)]
#[tokio::test]
async fn a_plan_tells_what_an_import_then_does_in_one_go(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    for name in ["stays", "changes", "goes"] {
        let route = json!({"route_name": name, "match_path": format!("/{name}"), "target_host": "one.test"});
        admin.post("/admin/routes", route).await.json(201);
    }
    admin.post("/admin/keys", json!({"source_path": "app"})).await.json(201);
    let text = "
routes:
- {route_name: stays, match_path: /stays, target_host: one.test}
- {route_name: changes, match_path: /changes, target_host: two.test, priority: 5}
- {route_name: comes, match_path: /comes, target_host: one.test}
";
    let kept = import(&admin, "?dry_run=true", text).await.json(200);
    assert_eq!((counts(&kept), &kept["not_named"]), ([1, 1, 0, 1], &json!(1)));
    let plan = import(&admin, "?dry_run=true&prune=true", text).await.json(200);
    assert_eq!(
        counts(&plan),
        [1, 1, 1, 1],
        "keys are not spoken of, so that none is deleted"
    );
    let changed = plan["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["action"] == "updated")
        .unwrap();
    let fields: Vec<&str> = changed["diff"]
        .as_array()
        .unwrap()
        .iter()
        .map(|diff| diff["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["priority", "target_host"]);
    assert_eq!(
        admin.get("/admin/routes").await.json(200).as_array().unwrap().len(),
        3,
        "a plan changes nothing"
    );

    let done = import_if(&admin, "?prune=true", text, plan["etag"].as_str())
        .await
        .json(200);
    assert_eq!(counts(&done), counts(&plan));
    let routes = admin.get("/admin/routes").await.json(200);
    let mut names: Vec<&str> = routes
        .as_array()
        .unwrap()
        .iter()
        .map(|route| route["route_name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["changes", "comes", "stays"]);
    assert_eq!(admin.app.snapshot().routes.all_in_order().len(), 3);
    let history = admin.get("/admin/changes?limit=3").await.json(200);
    for change in history["items"].as_array().unwrap() {
        assert_eq!(change["source"], "import");
    }
    let outdated = import_if(&admin, "", text, plan["etag"].as_str()).await;
    outdated.json(409);
}

#[tokio::test]
async fn every_error_names_its_place_and_nothing_is_applied() {
    let admin = Admin::open().await;
    let text = "
version: 2
";
    assert_eq!(import(&admin, "", text).await.refused(), ["version"]);
    let text = "
routes:
- {route_name: fine, match_path: /fine, target_host: one.test}
- {route_name: r, match_path: no-slash, target_host: one.test, priority: 0}
- just a text
- {route_name: again, match_path: /again, target_host: one.test, tmeout: 3}
- {route_name: masked, match_path: /m, target_host: one.test, add_headers: {Authorization: Bearer sk-…4f2a}}
- {route_id: not-a-uuid, route_name: named, match_path: /n, target_host: one.test}
keys:
- {source_path: app}
- {name: k, source_path: '', expires_days: 3}
- {name: k, permissions: [fly], source_path: app}
";
    let mut refused = import(&admin, "", text).await.refused();
    refused.sort_unstable();
    let expected = [
        "keys[0].name",
        "keys[1].expires_days",
        "keys[1].source_path",
        "keys[2].name",
        "keys[2].permissions[0]",
        "routes[1].match_path",
        "routes[1].priority",
        "routes[2]",
        "routes[3].tmeout",
        "routes[4].add_headers.Authorization",
        "routes[5].route_id",
    ];
    assert_eq!(refused, expected);
    assert_eq!(admin.get("/admin/routes").await.json(200), json!([]));
    for unreadable in ["routes: {", "- a", "routes: 3", "rotes: []", "a: b: c", "\"x\""] {
        import(&admin, "", unreadable).await.json(422);
    }
    let detail = import(&admin, "", "routes:\n- {a: 1\n- b").await.json(422)["detail"].to_string();
    assert!(detail.contains("line"), "{detail}");
}

#[tokio::test]
async fn a_name_that_two_objects_have_needs_an_id() {
    let admin = Admin::open().await;
    for path in ["/a", "/b"] {
        let route = json!({"route_name": "twice", "match_path": path, "target_host": "one.test"});
        admin.post("/admin/routes", route).await.json(201);
    }
    let text = "routes: [{route_name: twice, match_path: /a, target_host: one.test}]";
    assert_eq!(import(&admin, "", text).await.refused(), ["routes[0].route_name"]);
    let text = "routes:\n- {route_name: new, match_path: /n, target_host: h}\n- {route_name: new, match_path: /n, target_host: h}\n";
    let both = import(&admin, "?dry_run=true", text).await;
    assert_eq!(both.refused(), ["routes[1].route_name"]);
}
