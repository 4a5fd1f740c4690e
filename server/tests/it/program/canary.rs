//! Canaries: secrets with values of their own are led through everything that the executable does, and then looked for in
//! everything that it writes. None may be found: in no file of its folder (database, write-ahead log, log files), on no
//! stream, in no answer that is not the one that shows it.

mod kept;
mod silent;
mod upstream;

use crate::support::process::{PATIENCE, Process, fastgate};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use upstream::indiscreet_upstream;

const ADMIN_TOKEN: &str = "fga_canary-of-the-administrator-0123456789";
const MASTER_KEY: &str = "ca9a41e5ca9a41e5ca9a41e5ca9a41e5ca9a41e5ca9a41e5ca9a41e5ca9a41e5";
const NEW_MASTER_KEY: &str = "c0ffee11c0ffee11c0ffee11c0ffee11c0ffee11c0ffee11c0ffee11c0ffee11";
const CLIENT_SECRET: &str = "canary-of-the-identity-provider-0123456789";
const UPSTREAM_TOKEN: &str = "sk-canary-of-the-upstream-0123456789";
const UPSTREAM_QUERY: &str = "AIzaCanaryOfTheQuery0123456789";
/// What a client sends to the upstream by itself, on a route that needs no key.
const CLIENT_TOKEN: &str = "sk-canary-of-the-client-0123456789";

/// The gateway, the secrets that it knows by now, and everything that it answered to others than their owners.
struct Aviary {
    gateway: Process,
    silence: Silence,
    answers: Vec<(String, String)>,
}

impl Aviary {
    fn open() -> Self {
        let variables = [
            ("FASTGATE_SECURITY__ADMIN_TOKEN", ADMIN_TOKEN),
            ("FASTGATE_SECURITY__MASTER_KEY", MASTER_KEY),
            ("FASTGATE_OIDC__ISSUER", "http://127.0.0.1:1"),
            ("FASTGATE_OIDC__CLIENT_SECRET", CLIENT_SECRET),
            ("FASTGATE_LOGGING__LEVEL", "trace"),
            ("FASTGATE_AUDIT__CAPTURE", "all"),
        ];
        let gateway = Process::start_with(tempfile::tempdir().unwrap(), &[], &variables);
        let secrets = [
            ("admin token", ADMIN_TOKEN),
            ("master key", MASTER_KEY),
            ("new master key", NEW_MASTER_KEY),
            ("client's secret at the provider", CLIENT_SECRET),
            ("upstream's token", UPSTREAM_TOKEN),
            ("upstream's query key", UPSTREAM_QUERY),
            ("client's own token", CLIENT_TOKEN),
        ];
        Self {
            gateway,
            silence: Silence {
                secrets: secrets.map(|(name, secret)| (name, secret.to_owned())).to_vec(),
            },
            answers: Vec::new(),
        }
    }

    fn client() -> reqwest::Client {
        reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
    }

    /// A call of the administrator whose answer shows no secret.
    async fn admin(&mut self, method: &str, path: &str, body: Value) -> Value {
        let (status, text) = self.gateway.call(method, path, ADMIN_TOKEN, &body).await;
        self.answers.push((format!("{method} {path}"), text.clone()));
        assert!(status < 500, "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    /// A call whose answer shows a new secret once.
    async fn shown_once(&mut self, path: &str, body: Value, field: &str, name: &'static str) -> Value {
        let (status, text) = self.gateway.call("POST", path, ADMIN_TOKEN, &body).await;
        assert!(status < 300, "{path}: {status} {text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        self.silence
            .secrets
            .push((name, answer[field].as_str().unwrap().to_owned()));
        answer
    }

    /// A client's call; what an upstream says of itself is the client's to read, what the gateway says is looked at.
    async fn proxied(&mut self, request: reqwest::RequestBuilder) -> u16 {
        let Ok(response) = request.send().await else { return 0 };
        let status = response.status().as_u16();
        let headers = format!("{:?}", response.headers());
        let text = response.text().await.unwrap_or_default();
        if !headers.contains("x-echo") && !text.contains("HTTP/1.1") {
            self.answers.push((format!("proxied {status}"), headers + &text));
        }
        status
    }
}

fn routes(upstream: SocketAddr) -> [Value; 3] {
    let host = upstream.to_string();
    [
        json!({"route_name": "secret", "match_path": "/v1/**", "target_host": host, "priority": 1,
            "add_headers": {"Authorization": format!("Bearer {UPSTREAM_TOKEN}"), "X-Api-Key": UPSTREAM_TOKEN},
            "target_path": format!("/v1?key={UPSTREAM_QUERY}"), "strip_path_prefix": true, "retry_count": 1}),
        json!({"route_name": "open", "match_path": "/open/**", "target_host": host, "auth": "none", "priority": 2}),
        json!({"route_name": "away", "match_path": "/away/**", "target_host": "127.0.0.1:1", "priority": 3, "retry_count": 0,
            "add_headers": {"Authorization": format!("Bearer {UPSTREAM_TOKEN}")}}),
    ]
}

/// Everything that clients do, well and badly.
async fn traffic(aviary: &mut Aviary, key: &str) {
    let client = Aviary::client();
    let url = aviary.gateway.url.clone();
    for path in [
        "/v1/chat/200",
        "/v1/x/404",
        "/v1/x/500",
        "/v1/x/503",
        "/v1/garbage",
        "/v1/break",
        "/away/x",
        "/nowhere",
    ] {
        for field in ["x-api-key", "api-key", "x-goog-api-key"] {
            let request = client.post(format!("{url}{path}")).header(field, key);
            let body = json!({"model": "m", "api_key": key, "note": key, "nested": {"token": key}});
            aviary.proxied(request.body(body.to_string())).await;
        }
    }
    // In places where no key belongs.
    let misplaced = [
        client.get(format!("{url}/v1/{key}?key={key}&q={key}")).bearer_auth(key),
        client
            .get(format!("{url}/v1/x/500"))
            .bearer_auth(key)
            .header("user-agent", key)
            .header("referer", format!("http://h/{key}")),
        client.get(format!("{url}/{key}")).header("x-source-path", key),
        client.post(format!("{url}/v1/%00/{key}")).bearer_auth(key),
        client.get(format!("{url}/open/x/500")).bearer_auth(CLIENT_TOKEN),
        client
            .get(format!("{url}/open/x/200?x=1"))
            .header("x-api-key", CLIENT_TOKEN),
        client.get(format!("{url}/v1/x")).bearer_auth(format!("{key}x")),
    ];
    for request in misplaced {
        aviary.proxied(request).await;
    }
    // Not HTTP.
    let address: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    for bytes in [
        format!("GET /v1/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {key}\r\nBad Field: {key}\r\n\r\n"),
        format!("GET /v1/x HTTP/1.1\r\nHost: a\r\nHost: {key}\r\n\r\n"),
        format!("{key}\r\n\r\n"),
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
        stream
            .set_read_timeout(Some(std::time::Duration::from_secs(1)))
            .unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        aviary
            .answers
            .push(("not HTTP".to_owned(), String::from_utf8_lossy(&said).into_owned()));
    }
}

/// A browser signs in, reads, and is refused; wrong tokens are shown in every place.
async fn sessions(aviary: &mut Aviary) {
    let url = aviary.gateway.url.clone();
    let client = Aviary::client();
    let rpc = |function: &str, body: Value| {
        let request = client.post(format!("{url}/admin/rpc/{function}"));
        request
            .header("origin", url.clone())
            .header("content-type", "application/json")
            .body(body.to_string())
    };
    let response = rpc("sign_in", json!({"token": ADMIN_TOKEN})).send().await.unwrap();
    let cookie = response.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let (_, token) = cookie.split_once('=').unwrap();
    aviary.silence.secrets.push(("session's token", token.to_owned()));
    let mut said = vec![response.text().await.unwrap()];
    for request in [
        client.get(format!("{url}/admin/sessions")).header("cookie", &cookie),
        client.get(format!("{url}/admin/settings")).header("cookie", &cookie),
        client
            .post(format!("{url}/admin/keys"))
            .header("cookie", &cookie)
            .header("origin", "http://evil.example"),
        client.get(format!("{url}/admin/keys?token={ADMIN_TOKEN}")),
        client.get(format!("{url}/admin/nothing?token={ADMIN_TOKEN}")),
        client
            .get(format!("{url}/admin/keys"))
            .bearer_auth(format!("{ADMIN_TOKEN}x")),
        rpc("sign_in", json!({"token": format!("{ADMIN_TOKEN}x")})),
        rpc("sign_in", json!({"tokens": ADMIN_TOKEN})),
        rpc("session", json!({})).header("cookie", &cookie),
    ] {
        let response = request.send().await.unwrap();
        said.push(format!("{:?}", response.headers()));
        said.push(response.text().await.unwrap());
    }
    let said = said.into_iter().map(|text| ("a session".to_owned(), text));
    aviary.answers.extend(said);
}

/// Everything that administrators read, try and write.
async fn administration(aviary: &mut Aviary, route: &str, key: &str, upstream: SocketAddr) {
    let route_path = format!("/admin/routes/{route}");
    for asked in [
        json!({"test_path": "/v1/x/500"}),
        json!({"test_path": "/v1/garbage"}),
        json!({"test_headers": {"x-api-key": key}}),
    ] {
        aviary.admin("POST", &format!("{route_path}/test"), asked).await;
    }
    aviary
        .admin(
            "POST",
            "/admin/routes/match",
            json!({"method": "GET", "path": "/v1/x", "headers": {"x-api-key": key}}),
        )
        .await;
    aviary.admin("PUT", &route_path, json!({"priority": 4})).await;
    // Refused, with the secret in the refused document.
    aviary
        .admin("PUT", &route_path, json!({"target_host": "other.example"}))
        .await;
    let bad = json!({"route_name": "bad", "match_path": "v1", "target_host": upstream.to_string(),
        "add_headers": {"Authorization": format!("Bearer {UPSTREAM_TOKEN}\r\nX: y")}});
    aviary.admin("POST", "/admin/routes", bad).await;
    let imported = json!({"routes": [{"route_name": "imported", "match_path": "/i/*", "target_host": "h",
        "add_headers": {"X-Token": UPSTREAM_TOKEN}}]});
    aviary
        .admin("POST", "/admin/config/import?dry_run=true", imported.clone())
        .await;
    aviary.admin("POST", "/admin/config/import", imported).await;
    let logs = aviary.admin("GET", "/admin/logs?limit=1000", Value::Null).await;
    let items = logs["items"].as_array().unwrap().clone();
    assert!(items.len() > 20, "{} records", items.len());
    for item in &items {
        let id = item["id"]
            .as_str()
            .map_or_else(|| item["id"].to_string(), str::to_owned);
        aviary.admin("GET", &format!("/admin/logs/{id}"), Value::Null).await;
        aviary
            .admin("GET", &format!("/admin/logs/{id}/replay"), Value::Null)
            .await;
        aviary
            .admin("GET", &format!("/admin/logs/{id}/explanation"), Value::Null)
            .await;
    }
    let replayed = items.iter().find(|item| item["path"] == "/v1/x/500").unwrap();
    let replay = format!(
        "/admin/logs/{}/replay",
        replayed["id"]
            .as_str()
            .map_or_else(|| replayed["id"].to_string(), str::to_owned)
    );
    aviary
        .admin("POST", &replay, json!({"headers": {"x-api-key": key}}))
        .await;
    let fields = "request_headers,request_body,response_headers,response_body,attempts,path,target_url,error_message";
    kept::sheet(aviary, fields).await;
    for format in ["csv", "json", "ndjson"] {
        aviary
            .admin(
                "GET",
                &format!("/admin/logs/export?format={format}&fields={fields}"),
                Value::Null,
            )
            .await;
    }
    for path in [
        "/admin/keys",
        "/admin/routes",
        "/admin/changes",
        "/admin/config/export",
        "/admin/settings",
        "/admin/sessions",
        "/admin/upstreams",
        "/admin/metrics",
        "/admin/metrics/grouped?by=route",
        "/metrics",
        "/health/ready",
        "/admin/openapi.json",
    ] {
        aviary.admin("GET", path, Value::Null).await;
    }
    let changes = aviary.admin("GET", "/admin/changes", Value::Null).await;
    for change in changes["items"].as_array().unwrap() {
        let path = format!("/admin/changes/{}", change["id"].as_str().unwrap());
        aviary.admin("GET", &path, Value::Null).await;
        aviary
            .admin("POST", &format!("{path}/restore?dry_run=true"), Value::Null)
            .await;
    }
}

/// A token with a name is made, shown where it may and where it may not, and rotated.
async fn named_token(aviary: &mut Aviary) {
    let named = json!({"name": "ci", "role": "viewer"});
    let named = aviary
        .shown_once("/admin/tokens", named, "token_value", "named token")
        .await;
    let (token, token_path) = (
        &named["token_value"],
        format!("/admin/tokens/{}", named["token_id"].as_str().unwrap()),
    );
    for path in ["/admin/keys", "/admin/tokens", "/admin/oidc/start"] {
        let (_, text) = aviary.gateway.get_as(path, token.as_str().unwrap()).await;
        aviary.answers.push((path.to_owned(), text));
    }
    aviary
        .shown_once(
            &format!("{token_path}/rotate"),
            Value::Null,
            "token_value",
            "rotated named token",
        )
        .await;
    aviary.admin("GET", "/admin/events", Value::Null).await;
}

#[tokio::test]
async fn no_secret_is_found_anywhere_where_it_does_not_belong() {
    let upstream = indiscreet_upstream();
    let mut aviary = Aviary::open();
    let key = aviary
        .shown_once("/admin/keys", json!({"source_path": "a"}), "key_value", "API key")
        .await;
    let key_value = key["key_value"].as_str().unwrap().to_owned();
    let mut ids = Vec::new();
    for route in routes(upstream) {
        let made = aviary.admin("POST", "/admin/routes", route).await;
        ids.push(made["route_id"].as_str().unwrap().to_owned());
    }
    named_token(&mut aviary).await;
    traffic(&mut aviary, &key_value).await;
    kept::spilled(&mut aviary, &key_value).await;
    sessions(&mut aviary).await;
    administration(&mut aviary, &ids[0], &key_value, upstream).await;
    let key_path = format!("/admin/keys/{}", key["key_id"].as_str().unwrap());
    aviary
        .shown_once(
            &format!("{key_path}/rotate"),
            json!({"grace_seconds": 60}),
            "key_value",
            "rotated API key",
        )
        .await;
    aviary.admin("DELETE", &key_path, Value::Null).await;
    aviary
        .admin("DELETE", &format!("/admin/routes/{}", ids[2]), Value::Null)
        .await;
    aviary.gateway.signal("HUP");
    aviary.gateway.line_with("Configuration read again");

    // While the files are in use, and after the end.
    let folder = aviary.gateway.folder.path().to_owned();
    aviary.silence.files(&folder);
    for (what, text) in &aviary.answers {
        aviary.silence.check(what, text.as_bytes());
    }
    aviary.silence.check("stderr", aviary.gateway.said().as_bytes());
    aviary.gateway.signal("TERM");
    let Aviary { gateway, silence, .. } = aviary;
    let (code, said, folder) = gateway.end();
    assert_eq!(code, Some(0));
    silence.check("stderr", said.as_bytes());
    silence.commands(folder.path());
    silence.files(folder.path());
}

/// What is looked for.
struct Silence {
    secrets: Vec<(&'static str, String)>,
}

impl Silence {
    /// What the commands say, also those that are refused.
    fn commands(&self, folder: &Path) {
        let known = [
            ("FASTGATE_SECURITY__ADMIN_TOKEN", ADMIN_TOKEN),
            ("FASTGATE_SECURITY__MASTER_KEY", MASTER_KEY),
        ];
        let wrong = format!("security.master_key={MASTER_KEY}0");
        for (args, new_key) in [
            (&["check-config"][..], None),
            (&["check-config", "--set", &wrong][..], None),
            (&["migrate"][..], None),
            (&["rotate-master-key"][..], Some(MASTER_KEY)),
            (&["rotate-master-key"][..], Some(&NEW_MASTER_KEY[1..])),
            (&["rotate-master-key"][..], Some(NEW_MASTER_KEY)),
            (&["--port", "0"][..], None),
        ] {
            let mut command = fastgate(folder);
            command.args(args).envs(known);
            if let Some(key) = new_key {
                command.env("FASTGATE_NEW_MASTER_KEY", key);
            }
            let output = command.output().unwrap();
            self.check(&format!("stdout of {args:?}"), &output.stdout);
            self.check(&format!("stderr of {args:?}"), &output.stderr);
        }
    }

    fn check(&self, what: &str, bytes: &[u8]) {
        for (name, secret) in &self.secrets {
            if let Some(at) = memchr::memmem::find(bytes, secret.as_bytes()) {
                let around = &bytes[at.saturating_sub(300)..bytes.len().min(at + secret.len() + 60)];
                panic!(
                    "the {name} stands in {what}: {}",
                    String::from_utf8_lossy(around).escape_debug()
                );
            }
        }
    }

    fn files(&self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => self.files(&path),
                false => self.check(&path.display().to_string(), &fs::read(&path).unwrap()),
            }
        }
    }
}
