//! `/admin/settings`, `/admin/sessions`, `/admin/storage` and `/admin/about`.

use crate::support::admin::{Admin, TOKEN};
use crate::support::record::{record, store};
use axum::body::Body;
use fastgate::db::Dialect;
use http::Request;
use rstest::rstest;
use serde_json::{Value, json};

/// Signs a browser in and returns its cookie.
async fn sign_in(admin: &Admin, browser: &str) -> String {
    let request = Request::post("/admin/rpc/sign_in")
        .header("host", "localhost:8000")
        .header("origin", "http://localhost:8000")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/json")
        .header("user-agent", browser)
        .body(Body::from(json!({ "token": TOKEN }).to_string()))
        .unwrap();
    let answer = admin.send(request).await;
    assert!(answer.json(200)["Ok"].is_object());
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

fn with_cookie(method: &str, path: &str, cookie: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost:8000")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", cookie)
        .body(Body::empty())
        .unwrap()
}

#[rstest]
#[case::chinese("zh-CN", "监听端口；0 由系统选择。")]
#[case::english("en", "Port to listen on; 0 lets the system choose.")]
#[case::another("fr", "Port to listen on; 0 lets the system choose.")]
#[tokio::test]
async fn settings_say_what_they_do_in_the_readers_language(#[case] language: &str, #[case] expected: &str) {
    let admin = Admin::open().await;
    let request = Request::get("/admin/settings")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("accept-language", language)
        .body(Body::empty())
        .unwrap();
    let settings = admin.send(request).await.json(200);
    let settings = settings.as_array().unwrap();
    let port = settings.iter().find(|setting| setting["key"] == "server.port").unwrap();
    assert_eq!(port["about"], expected);
}

#[tokio::test]
async fn settings_say_their_value_and_how_to_change_it_and_no_secret() {
    let admin = Admin::with(|config| config.proxy.timeout = 77).await;
    let settings = admin.get("/admin/settings").await.json(200);
    let find = |key: &str| {
        let settings = settings.as_array().unwrap();
        settings.iter().find(|setting| setting["key"] == key).unwrap().clone()
    };
    let timeout = find("proxy.timeout");
    assert_eq!(
        (&timeout["value"], &timeout["variable"]),
        (&json!(77), &json!("FASTGATE_PROXY__TIMEOUT"))
    );
    assert_eq!((&timeout["live"], &timeout["secret"]), (&json!(true), &json!(false)));
    let token = find("security.admin_token");
    assert_eq!(
        (&token["secret"], &token["is_set"], &token["value"]),
        (&json!(true), &json!(true), &Value::Null)
    );
    let url = find("database.url");
    assert_eq!((&url["secret"], &url["is_set"]), (&json!(true), &json!(false)));
    assert!(!settings.to_string().contains(TOKEN));
}

#[rstest]
#[case::sqlite(Dialect::Sqlite, "SQLite 3")]
#[case::postgres(Dialect::Postgres, "PostgreSQL ")]
#[tokio::test]
async fn storage_and_about_come_from_the_database(#[case] dialect: Dialect, #[case] database: &str) {
    let admin = Admin::on(dialect, |_| ()).await;
    let empty = admin.get("/admin/storage").await.json(200);
    assert_eq!((&empty["records"], &empty["oldest"]), (&json!(0), &Value::Null));
    for _ in 0..3 {
        store(&admin.app, record(&admin.app, "/a", 200)).await;
    }
    admin.app.audit.flush().await;
    let storage = admin.get("/admin/storage").await.json(200);
    assert_eq!(storage["records"], 3);
    assert!(storage["oldest"].is_string(), "{storage}");
    // Three in the hour that is looked at, or in the one before at a full hour.
    assert_eq!(storage["records_per_day"], 72.0);
    assert_eq!(
        (&storage["max_age_days"], &storage["days_until_full"]),
        (&json!(30), &Value::Null)
    );
    let about = admin.get("/admin/about").await.json(200);
    assert!(about["database"].as_str().unwrap().starts_with(database), "{about}");
    assert_eq!(
        (&about["license"], &about["version"]),
        (&json!("MIT"), &json!(env!("CARGO_PKG_VERSION")))
    );
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn a_session_is_ended_by_another(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let (mine, other) = (sign_in(&admin, "Mine").await, sign_in(&admin, "Other").await);
    let list = admin.send(with_cookie("GET", "/admin/sessions", &mine)).await.json(200);
    let entry = |browser: &str| {
        let entries = list.as_array().unwrap();
        entries
            .iter()
            .find(|entry| entry["user_agent"] == browser)
            .unwrap()
            .clone()
    };
    assert_eq!(
        (&entry("Mine")["is_current"], &entry("Other")["is_current"]),
        (&json!(true), &json!(false))
    );
    for cookie in [&mine, &other] {
        assert!(!list.to_string().contains(cookie.split_once('=').unwrap().1));
    }
    let id = entry("Other")["session_id"].as_str().unwrap().to_owned();
    let path = format!("/admin/sessions/{id}");
    admin.send(with_cookie("DELETE", &path, &mine)).await.json(200);
    admin.send(with_cookie("GET", "/admin/keys", &other)).await.json(401);
    admin.send(with_cookie("GET", "/admin/keys", &mine)).await.json(200);
    admin.send(with_cookie("DELETE", &path, &mine)).await.json(404);
}

#[tokio::test]
async fn all_other_sessions_are_ended_at_once() {
    let admin = Admin::open().await;
    let mine = sign_in(&admin, "Mine").await;
    let others = [sign_in(&admin, "Second").await, sign_in(&admin, "Third").await];
    let ended = admin
        .send(with_cookie("DELETE", "/admin/sessions?others=true", &mine))
        .await
        .json(200);
    assert_eq!(ended["count"], 2);
    for other in &others {
        admin.send(with_cookie("GET", "/admin/keys", other)).await.json(401);
    }
    admin.send(with_cookie("GET", "/admin/keys", &mine)).await.json(200);
    assert_eq!(
        admin.call("DELETE", "/admin/sessions", Value::Null).await.refused(),
        ["others"]
    );
    // With the admin token there is no session to keep.
    assert_eq!(
        admin
            .call("DELETE", "/admin/sessions?others=true", Value::Null)
            .await
            .json(200)["count"],
        1
    );
}
