//! Administrators with names and roles: what each may do, what is written down of it, and when it ends.

use crate::support::admin::{Admin, Answer, TOKEN};
use axum::body::Body;
use fastgate::db::Dialect;
use http::Request;
use rstest::rstest;
use serde_json::{Value, json};

const SECRET: &str = "Bearer sk-0123456789abcdef4f2a";

/// Somebody with a token of their own.
struct Person<'a> {
    admin: &'a Admin,
    id: String,
    token: String,
}

impl<'a> Person<'a> {
    async fn hire(admin: &'a Admin, name: &str, role: &str) -> Self {
        let made = admin
            .post("/admin/tokens", json!({"name": name, "role": role}))
            .await
            .json(201);
        Self {
            admin,
            id: made["token_id"].as_str().unwrap().to_owned(),
            token: made["token_value"].as_str().unwrap().to_owned(),
        }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token));
        self.admin.send(request.body(body).unwrap()).await
    }

    fn path(&self) -> String {
        format!("/admin/tokens/{}", self.id)
    }

    async fn sign_in(&self) -> String {
        sign_in(self.admin, &self.token)
            .await
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned()
    }
}

async fn sign_in(admin: &Admin, token: &str) -> Answer {
    let request = Request::post("/admin/rpc/sign_in")
        .header("host", "localhost:8000")
        .header("origin", "http://localhost:8000")
        .header("content-type", "application/json")
        .body(Body::from(json!({"token": token}).to_string()));
    admin.send(request.unwrap()).await
}

async fn with_cookie(admin: &Admin, cookie: &str) -> u16 {
    let request = Request::get("/admin/keys").header("cookie", cookie).body(Body::empty());
    admin.send(request.unwrap()).await.status.as_u16()
}

fn route(name: &str, authorization: Option<&str>) -> Value {
    let mut route = json!({"route_name": name, "match_path": "/v1/*", "target_host": "one.test"});
    if let Some(value) = authorization {
        route["add_headers"] = json!({"Authorization": value});
    }
    route
}

async fn make_route(admin: &Admin, authorization: Option<&str>) -> String {
    let made = admin.post("/admin/routes", route("r", authorization)).await.json(201);
    format!("/admin/routes/{}", made["route_id"].as_str().unwrap())
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn a_token_lives_from_its_making_to_its_end(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let person = Person::hire(&admin, "ci", "operator").await;
    assert!(person.token.starts_with("fga_") && person.token.len() == 47);
    let listed = admin.get("/admin/tokens").await.json(200);
    assert_eq!(listed[0]["name"], "ci");
    assert_eq!(listed[0]["created_by"], "admin token from 127.0.0.1");
    assert_eq!(listed[0]["token_preview"], format!("fga_…{}", &person.token[43..]));
    assert!(!listed.to_string().contains(&person.token));

    person.call("GET", "/admin/routes", Value::Null).await.json(200);
    assert!(admin.get(&person.path()).await.json(200)["last_used_at"].is_string());
    let renamed = admin.put(&person.path(), json!({"name": "deploy"})).await.json(200);
    assert_eq!(
        (&renamed["name"], &renamed["role"]),
        (&json!("deploy"), &json!("operator"))
    );
    let rotated = admin
        .post(&format!("{}/rotate", person.path()), Value::Null)
        .await
        .json(200);
    person.call("GET", "/admin/routes", Value::Null).await.json(401);
    let person = Person {
        token: rotated["token_value"].as_str().unwrap().to_owned(),
        ..person
    };
    person.call("GET", "/admin/routes", Value::Null).await.json(200);
    admin.put(&person.path(), json!({"is_active": false})).await.json(200);
    person.call("GET", "/admin/routes", Value::Null).await.json(401);
    admin
        .put(&person.path(), json!({"is_active": true, "expires_at": "2020-01-01"}))
        .await
        .json(200);
    person.call("GET", "/admin/routes", Value::Null).await.json(401);
    admin.call("DELETE", &person.path(), Value::Null).await.json(200);
    admin.get(&person.path()).await.json(404);

    let events = admin.get("/admin/events").await.json(200);
    let kinds: Vec<&str> = events["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    let expected = [
        "token_deleted",
        "token_updated",
        "token_updated",
        "token_rotated",
        "token_updated",
        "token_created",
    ];
    assert_eq!(kinds, expected);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn who_started_from_an_older_state_of_a_token_is_told_how_it_stands(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let person = Person::hire(&admin, "ci", "viewer").await;
    let call_if = async |method: &str, path: &str, etag: &str, body: Value| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("if-match", etag);
        let body = if body.is_null() {
            Body::empty()
        } else {
            Body::from(body.to_string())
        };
        admin.send(request.body(body).unwrap()).await
    };
    let (path, rotate) = (person.path(), format!("{}/rotate", person.path()));
    let start = admin.get(&path).await.header("etag").to_owned();
    person.call("GET", "/admin/keys", Value::Null).await.json(200);
    let used = admin.get(&path).await;
    assert_eq!(used.header("etag"), start, "use is no change");
    admin.put(&path, json!({"role": "admin"})).await.json(200);
    for (method, path, body) in [
        ("PUT", &path, json!({"role": "operator"})),
        ("POST", &rotate, Value::Null),
        ("DELETE", &path, Value::Null),
    ] {
        let refused = call_if(method, path, &start, body).await.json(409);
        assert_eq!(refused["current"]["role"], "admin", "{refused}");
        assert_eq!(refused["changed_by"]["kind"], "admin_token");
        assert!(refused["changed_at"].is_string());
    }
    person.call("GET", "/admin/keys", Value::Null).await.json(200);
    let present = admin.get(&path).await.header("etag").to_owned();
    let rotated = call_if("POST", &rotate, &present, Value::Null).await;
    rotated.json(200);
    assert_ne!(rotated.header("etag"), present, "another value is another state");
    call_if("DELETE", &path, rotated.header("etag"), Value::Null)
        .await
        .json(200);
    admin.get(&path).await.json(404);
}

#[rstest]
#[case(json!({"name": "ci", "role": "root"}), &["role"])]
#[case(json!({"name": " ", "role": "admin"}), &["name"])]
#[case(json!({"role": "admin", "nme": "x"}), &["nme", "name"])]
#[case(json!({"name": "ci", "role": "admin", "expires_at": "soon"}), &["expires_at"])]
#[tokio::test]
async fn what_is_no_token_is_refused_by_its_field(#[case] body: Value, #[case] fields: &[&str]) {
    let admin = Admin::open().await;
    assert_eq!(admin.post("/admin/tokens", body).await.refused(), fields);
}

#[tokio::test]
async fn two_tokens_have_not_the_same_name() {
    let admin = Admin::open().await;
    Person::hire(&admin, "ci", "viewer").await;
    let problem = admin
        .post("/admin/tokens", json!({"name": "ci", "role": "viewer"}))
        .await
        .json(409);
    assert!(problem["detail"].as_str().unwrap().contains("name"), "{problem}");
}

#[tokio::test]
async fn a_refusal_names_the_role_that_is_needed_and_the_one_that_is_there() {
    let admin = Admin::open().await;
    let viewer = Person::hire(&admin, "v", "viewer").await;
    let problem = viewer
        .call("POST", "/admin/keys", json!({"source_path": "a"}))
        .await
        .json(403);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("`admin`") && detail.contains("`viewer`"), "{detail}");
}

#[tokio::test]
async fn an_operator_edits_routes_around_their_credentials() {
    let admin = Admin::open().await;
    let operator = Person::hire(&admin, "o", "operator").await;
    operator
        .call("POST", "/admin/routes", route("plain", None))
        .await
        .json(201);
    operator
        .call("POST", "/admin/routes", route("secret", Some(SECRET)))
        .await
        .json(403);

    let path = make_route(&admin, Some(SECRET)).await;
    operator
        .call("POST", &format!("{path}/toggle"), Value::Null)
        .await
        .json(200);
    operator
        .call("PUT", &path, json!({"priority": 7, "timeout": 5}))
        .await
        .json(200);
    let mut whole = operator.call("GET", &path, Value::Null).await.json(200);
    whole["description"] = json!("with the mask sent back");
    operator.call("PUT", &path, whole).await.json(200);
    for change in [
        json!({"add_headers": {"Authorization": "Bearer another-0123456789"}}),
        json!({"add_headers": {}}),
        json!({"add_headers": {"Authorization": SECRET, "X-Api-Key": "0123456789abcdef"}}),
        // Known to the operator or not: a credential does not go elsewhere, nor less safely.
        json!({"target_host": "two.test", "add_headers": {"Authorization": SECRET}}),
        json!({"target_protocol": "https", "add_headers": {"Authorization": SECRET}}),
        json!({"tls_skip_verify": true, "target_protocol": "https", "add_headers": {"Authorization": SECRET}}),
        json!({"target_path": "/v1?key=AIza0123456789"}),
    ] {
        operator.call("PUT", &path, change).await.json(403);
    }
    operator.call("DELETE", &path, Value::Null).await.json(200);
    // The way back would set the credential again.
    let changes = operator
        .call("GET", "/admin/changes?kind=route", Value::Null)
        .await
        .json(200);
    let restore = format!("/admin/changes/{}/restore", changes["items"][0]["id"].as_str().unwrap());
    operator.call("POST", &restore, Value::Null).await.json(403);
    operator
        .call("POST", &format!("{restore}?dry_run=true"), Value::Null)
        .await
        .json(403);
    admin.post(&restore, Value::Null).await.json(200);
}

#[tokio::test]
async fn an_operator_imports_routes_and_neither_keys_nor_credentials() {
    let admin = Admin::open().await;
    let operator = Person::hire(&admin, "o", "operator").await;
    let keys = json!({"keys": [{"source_path": "a", "name": "n"}]});
    let secret = json!({"routes": [route("s", Some(SECRET))]});
    for document in [keys, secret] {
        operator
            .call("POST", "/admin/config/import", document.clone())
            .await
            .json(403);
        operator
            .call("POST", "/admin/config/import?dry_run=true", document)
            .await
            .json(403);
    }
    operator
        .call("POST", "/admin/config/import", json!({"routes": [route("p", None)]}))
        .await
        .json(200);
    assert_eq!(admin.get("/admin/keys").await.json(200), json!([]));
}

#[tokio::test]
async fn a_session_has_the_role_of_its_token_and_ends_with_it() {
    let admin = Admin::open().await;
    let person = Person::hire(&admin, "eve", "viewer").await;
    let answer = sign_in(&admin, &person.token).await.json(200);
    assert_eq!(
        (&answer["Ok"]["role"], &answer["Ok"]["name"]),
        (&json!("viewer"), &json!("eve"))
    );
    let sessions = admin.get("/admin/sessions").await.json(200);
    assert_eq!(
        (&sessions[0]["role"], &sessions[0]["name"]),
        (&json!("viewer"), &json!("eve"))
    );
    for change in [
        json!({"role": "operator"}),
        json!({"is_active": false}),
        json!({"is_active": true}),
    ] {
        // Signing in again works as long as the token does.
        let cookie = match admin.get(&person.path()).await.json(200)["is_active"] == true {
            true => person.sign_in().await,
            false => String::new(),
        };
        if !cookie.is_empty() {
            assert_eq!(with_cookie(&admin, &cookie).await, 200);
        }
        admin.put(&person.path(), change).await.json(200);
        assert_eq!(with_cookie(&admin, &cookie).await, 401);
    }
    let cookie = person.sign_in().await;
    admin.put(&person.path(), json!({"name": "eva"})).await.json(200);
    assert_eq!(with_cookie(&admin, &cookie).await, 200, "another name ends nothing");
    admin.call("DELETE", &person.path(), Value::Null).await.json(200);
    assert_eq!(with_cookie(&admin, &cookie).await, 401);
    assert_eq!(
        sign_in(&admin, &person.token).await.json(200)["Err"]["reason"],
        "wrong_token"
    );
    assert_eq!(sign_in(&admin, TOKEN).await.json(200)["Ok"]["role"], "admin");
}

#[tokio::test]
async fn a_session_does_not_outlive_its_token() {
    let admin = Admin::open().await;
    let body = json!({"name": "short", "role": "viewer", "expires_at": "2099-01-01T00:00:00Z"});
    let made = admin.post("/admin/tokens", body).await.json(201);
    let token = made["token_value"].as_str().unwrap();
    let answer = sign_in(&admin, token).await.json(200);
    assert_ne!(
        answer["Ok"]["expires_at"], "2099-01-01T00:00:00Z",
        "a session's own limit holds"
    );
    let soon = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + 3600).unwrap();
    let path = format!("/admin/tokens/{}", made["token_id"].as_str().unwrap());
    let changed = admin
        .put(&path, json!({"expires_at": soon.to_string()}))
        .await
        .json(200);
    let answer = sign_in(&admin, token).await.json(200);
    assert_eq!(answer["Ok"]["expires_at"], changed["expires_at"]);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn the_history_and_the_trail_name_who_it_was(#[case] dialect: Dialect) {
    let admin = Admin::on(dialect, |_| ()).await;
    let person = Person::hire(&admin, "ci", "operator").await;
    person
        .call("POST", "/admin/routes", route("plain", None))
        .await
        .json(201);
    admin.post("/admin/keys", json!({"source_path": "a"})).await.json(201);
    for author in ["ci", "named_token"] {
        let changes = admin.get(&format!("/admin/changes?author={author}")).await.json(200);
        assert_eq!(changes["total"], 1);
        let author = &changes["items"][0]["author"];
        assert_eq!(
            (&author["kind"], &author["name"]),
            (&json!("named_token"), &json!("ci"))
        );
    }
    let cookie = person.sign_in().await;
    sign_in(&admin, "fga_wrong").await.json(200);
    let events = admin.get("/admin/events?author=ci").await.json(200);
    assert_eq!(events["items"][0]["kind"], "signed_in");
    let refused = admin.get("/admin/events?kind=sign_in_refused").await.json(200);
    assert_eq!(
        (&refused["total"], &refused["items"][0]["author"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(refused["items"][0]["address"], "127.0.0.1");
    let total = |events: Value| events["total"].as_u64().unwrap();
    let all = total(admin.get("/admin/events").await.json(200));
    let since = total(
        admin
            .get("/admin/events?start_time=2024-01-01&end_time=2999-12-31")
            .await
            .json(200),
    );
    assert_eq!(since, all);
    assert_eq!(total(admin.get("/admin/events?end_time=2024-01-01").await.json(200)), 0);
    let turned = admin
        .get("/admin/events?start_time=2024-01-02&end_time=2024-01-01")
        .await;
    assert_eq!(turned.refused(), ["end_time"]);

    let sessions = admin.get("/admin/sessions").await.json(200);
    let session = sessions[0]["session_id"].as_str().unwrap().to_owned();
    admin
        .call("DELETE", &format!("/admin/sessions/{session}"), Value::Null)
        .await
        .json(200);
    assert_eq!(with_cookie(&admin, &cookie).await, 401);
    let ended = admin.get("/admin/events?kind=session_ended").await.json(200);
    let item = &ended["items"][0];
    assert_eq!(
        (&item["object_id"], &item["object_name"]),
        (&json!(session), &json!("ci"))
    );
    assert_eq!(item["author"]["kind"], "admin_token");
    assert_eq!(admin.get("/admin/events?kind=nothing").await.refused(), ["kind"]);
}

#[tokio::test]
async fn no_value_of_a_token_is_stored() {
    let admin = Admin::open().await;
    let person = Person::hire(&admin, "ci", "admin").await;
    person
        .call("POST", &format!("{}/rotate", person.path()), Value::Null)
        .await
        .json(200);
    let database = String::from_utf8_lossy(&admin.database_bytes()).into_owned();
    assert!(database.contains("ci") && !database.contains(&person.token[4..40]));
}
