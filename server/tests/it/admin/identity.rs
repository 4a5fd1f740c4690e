//! Signing in with an identity provider, which each test starts by itself.

use crate::support::admin::{Admin, Answer};
use crate::support::database;
use crate::support::names::Names;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::body::Body;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fastgate::app::App;
use fastgate::config::{Config, LiveConfig, Oidc};
use fastgate::db::Dialect;
use http::{HeaderMap, Request, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

const CLIENT: &str = "gate";
const SECRET: &str = "a secret: of the client";

/// What a code was asked with, and the claims beyond those of the protocol.
type Issued = (HashMap<String, String>, Value);

/// The provider: issues what the test tells it to.
struct Provider {
    issuer: String,
    keys: EcdsaKeyPair,
    /// By code.
    issued: Mutex<HashMap<String, Issued>>,
    /// Whether the discovery document names another issuer.
    lies: bool,
}

impl Provider {
    async fn start(lies: bool) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Arc::new(Self {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            keys: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            issued: Mutex::default(),
            lies,
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(Self::metadata))
            .route("/keys", get(Self::key_set))
            .route("/token", post(Self::token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    async fn metadata(State(this): State<Arc<Self>>) -> Json<Value> {
        let own = &this.issuer;
        let issuer = if this.lies { "http://127.0.0.1:1" } else { own };
        Json(
            json!({"issuer": issuer, "authorization_endpoint": format!("{own}/authorize"),
            "token_endpoint": format!("{own}/token"), "jwks_uri": format!("{own}/keys")}),
        )
    }

    async fn key_set(State(this): State<Arc<Self>>) -> Json<Value> {
        let point = this.keys.public_key().as_ref();
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Json(
            json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "x": encode(&point[1..33]), "y": encode(&point[33..])}]}),
        )
    }

    /// RFC 6749 section 4.1.3 and RFC 7636 section 4.6, strictly.
    async fn token(
        State(this): State<Arc<Self>>,
        headers: HeaderMap,
        body: String,
    ) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
        let refused = |why: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": why})));
        let form: HashMap<String, String> = serde_urlencoded::from_str(&body).unwrap();
        let basic = headers["authorization"]
            .to_str()
            .unwrap()
            .strip_prefix("Basic ")
            .unwrap();
        let shown = String::from_utf8(STANDARD.decode(basic).unwrap()).unwrap();
        if shown != format!("{CLIENT}:a%20secret%3A%20of%20the%20client") {
            return Err(refused("invalid_client"));
        }
        // A code works once.
        let found = this.issued.lock().unwrap().remove(&form["code"]);
        let (asked, more) = found.ok_or_else(|| refused("invalid_grant"))?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
        if form["grant_type"] != "authorization_code"
            || form["redirect_uri"] != asked["redirect_uri"]
            || asked["code_challenge"] != challenge
        {
            return Err(refused("invalid_grant"));
        }
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({"iss": this.issuer, "aud": asked["client_id"], "sub": "42", "exp": now + 60, "iat": now,
            "nonce": asked["nonce"]});
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let parts = [json!({"alg": "ES256", "kid": "1"}), claims];
        let message = parts.map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let signature = this.keys.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        let id_token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
        Ok(Json(
            json!({"access_token": "unused", "token_type": "Bearer", "id_token": id_token}),
        ))
    }

    /// What the provider's own page does when somebody has signed in there: the way back.
    fn authorize(&self, url: &str, claims: Value) -> String {
        let (endpoint, query) = url.split_once('?').unwrap();
        assert_eq!(endpoint, format!("{}/authorize", self.issuer));
        let asked: HashMap<String, String> = serde_urlencoded::from_str(query).unwrap();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["client_id"], CLIENT);
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        let mut issued = self.issued.lock().unwrap();
        let code = format!("code-{}", issued.len());
        let back = format!("/admin/oidc/callback?code={code}&state={}", asked["state"]);
        issued.insert(code, (asked, claims));
        back
    }
}

/// The provider as well as everything that its document names is called at addresses that upstreams may have, and no others.
#[rstest]
#[case::link_local("http://169.254.169.254")]
#[case::decimal("http://2852039166")]
#[case::ipv6("http://[fe80::1]")]
#[case::mapped("http://[::ffff:169.254.169.254]")]
#[case::by_name("http://metadata.example")]
#[tokio::test]
async fn a_provider_is_not_called_at_a_refused_address(#[case] issuer: &str) {
    let (database, _folder) = database::empty(Dialect::Sqlite);
    let mut config = Config {
        database,
        ..Config::default()
    };
    config.oidc = Oidc {
        issuer: Some(issuer.to_owned()),
        client_id: CLIENT.to_owned(),
        ..Oidc::default()
    };
    let names = Names::default().with("metadata.example", &["169.254.169.254"]);
    let started = App::start_with(LiveConfig::new(config), Arc::new(names)).await;
    let app = started.unwrap().app;
    let begun = app
        .identity
        .as_ref()
        .unwrap()
        .begin("http://localhost/back".to_owned(), jiff::Timestamp::now())
        .await;
    let why = begun.map(drop).unwrap_err().to_string();
    assert!(why.contains("link-local") || why.contains("metadata"), "{why}");
}

async fn gateway(provider: &Provider) -> Admin {
    Admin::with(|config| {
        config.oidc = Oidc {
            issuer: Some(provider.issuer.clone()),
            client_id: CLIENT.to_owned(),
            client_secret: Some(SECRET.into()),
            ..Oidc::default()
        };
        config.oidc.roles.admin = vec!["root".to_owned()];
        config.oidc.roles.viewer = vec!["staff".to_owned()];
    })
    .await
}

async fn visit(admin: &Admin, path: &str, cookie: &str) -> Answer {
    let request = Request::get(path)
        .header("host", "localhost:8000")
        .header("cookie", cookie)
        .header("sec-fetch-site", "cross-site")
        .body(Body::empty());
    admin.send(request.unwrap()).await
}

/// The cookies that an answer sets, by name; those that it takes away are empty.
fn cookies(answer: &Answer) -> HashMap<String, String> {
    let set = answer.headers.get_all("set-cookie").iter();
    set.map(|value| {
        let (name, rest) = value.to_str().unwrap().split_once('=').unwrap();
        (name.to_owned(), rest.split(';').next().unwrap().to_owned())
    })
    .collect()
}

/// Goes to the provider; returns its URL and the cookie that remembers it.
async fn leave(admin: &Admin) -> (String, String) {
    let answer = visit(admin, "/admin/oidc/start", "").await;
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    let set = answer.header("set-cookie");
    for part in [
        "__Host-fastgate_oidc=",
        "HttpOnly",
        "Secure",
        "SameSite=Lax",
        "Path=/",
        "Max-Age=600",
    ] {
        assert!(set.contains(part), "{part} in {set}");
    }
    let cookie = format!("__Host-fastgate_oidc={}", cookies(&answer)["__Host-fastgate_oidc"]);
    (answer.header("location").to_owned(), cookie)
}

#[tokio::test]
async fn somebody_goes_to_the_provider_and_comes_back_with_a_role() {
    let provider = Provider::start(false).await;
    let admin = gateway(&provider).await;
    let (url, pending) = leave(&admin).await;
    let back = provider.authorize(&url, json!({"groups": ["staff", "other"], "preferred_username": "eve"}));
    let answer = visit(&admin, &back, &pending).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (StatusCode::SEE_OTHER, "/admin/dashboard")
    );
    let set = cookies(&answer);
    assert_eq!(set["__Host-fastgate_oidc"], "", "it was for one way there and back");
    let session = format!("__Host-fastgate_session={}", set["__Host-fastgate_session"]);
    visit(&admin, "/admin/keys", &session).await.json(200);
    let write = Request::post("/admin/keys")
        .header("cookie", &session)
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(r#"{"source_path":"a"}"#));
    let refused = admin.send(write.unwrap()).await.json(403);
    assert!(refused["detail"].as_str().unwrap().contains("`viewer`"), "{refused}");

    let events = admin.get("/admin/events?author=eve").await.json(200);
    assert_eq!(events["items"][0]["kind"], "signed_in");
    let sessions = admin.get("/admin/sessions").await.json(200);
    assert_eq!(
        (&sessions[0]["name"], &sessions[0]["role"]),
        (&json!("eve"), &json!("viewer"))
    );
    // The same way back works no second time: the provider's code is used up, and the cookie is gone.
    assert_eq!(visit(&admin, &back, &pending).await.status, StatusCode::BAD_GATEWAY);
    assert_eq!(visit(&admin, &back, "").await.status, StatusCode::BAD_REQUEST);
}

#[rstest]
#[case::no_group(json!({"groups": ["guests"]}), 403, "no group that has a role")]
#[case::other_audience(json!({"groups": "root", "aud": "another"}), 403, "another client")]
#[case::other_issuer(json!({"groups": "root", "iss": "http://127.0.0.1:2"}), 403, "another provider")]
#[case::replayed(json!({"groups": "root", "nonce": "of another sign-in"}), 403, "nonce")]
#[case::expired(json!({"groups": "root", "exp": 1}), 403, "expired")]
#[tokio::test]
async fn who_is_not_vouched_for_gets_no_session(#[case] claims: Value, #[case] status: u16, #[case] why: &str) {
    let provider = Provider::start(false).await;
    let admin = gateway(&provider).await;
    let (url, pending) = leave(&admin).await;
    let back = provider.authorize(&url, claims);
    let answer = visit(&admin, &back, &pending).await;
    let page = answer.text(status);
    assert!(page.contains(why), "{page}");
    assert!(!cookies(&answer).contains_key("__Host-fastgate_session"));
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    assert_eq!(
        admin.get("/admin/events?kind=sign_in_refused").await.json(200)["total"],
        1
    );
    assert_eq!(admin.get("/admin/sessions").await.json(200), json!([]));
}

#[tokio::test]
async fn a_way_back_that_was_not_begun_in_this_browser_is_refused() {
    let provider = Provider::start(false).await;
    let admin = gateway(&provider).await;
    let (mine, my_cookie) = leave(&admin).await;
    let (theirs, _) = leave(&admin).await;
    // Somebody else's code, slipped to my browser: their state is not mine.
    let back = provider.authorize(&theirs, json!({"groups": "root"}));
    assert_eq!(visit(&admin, &back, &my_cookie).await.status, StatusCode::BAD_REQUEST);
    let state = mine.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let denied = format!("/admin/oidc/callback?error=access_denied&state={state}");
    let page = visit(&admin, &denied, &my_cookie).await.text(403);
    assert!(page.contains("access_denied"), "{page}");
    let marked_up = format!("/admin/oidc/callback?error=%3Cscript%3E&state={state}");
    assert!(
        !visit(&admin, &marked_up, &my_cookie)
            .await
            .text(403)
            .contains("<script>")
    );
    let forged = visit(&admin, &back, "__Host-fastgate_oidc=enc:v1:AAAA").await;
    assert_eq!(forged.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_provider_that_calls_itself_otherwise_is_not_used() {
    let provider = Provider::start(true).await;
    let admin = gateway(&provider).await;
    let page = visit(&admin, "/admin/oidc/start", "").await.text(502);
    assert!(page.contains("calls itself"), "{page}");
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_way_in() {
    let admin = Admin::open().await;
    for path in ["/admin/oidc/start", "/admin/oidc/callback?code=a&state=b"] {
        assert_eq!(visit(&admin, path, "").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn no_secret_of_the_way_is_in_the_cookie_in_clear() {
    let provider = Provider::start(false).await;
    let admin = gateway(&provider).await;
    let (url, pending) = leave(&admin).await;
    let (_, query) = url.split_once('?').unwrap();
    let asked: HashMap<String, String> = serde_urlencoded::from_str(query).unwrap();
    for part in ["state", "nonce"] {
        assert!(!pending.contains(&asked[part]), "{part}");
    }
    assert!(!url.contains(SECRET) && !pending.contains(SECRET));
}
