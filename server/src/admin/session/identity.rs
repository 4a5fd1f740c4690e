//! `/admin/oidc/start` and `/admin/oidc/callback`: the way of a browser to the identity provider and back. What is kept
//! between them is in a sealed cookie of the browser's own; nothing is written before somebody has come back.

use super::door::{Caller, cookie};
use super::{COOKIE, INSECURE_COOKIE, Owner, open, short_id};
use crate::admin::problem::Problem;
use crate::admin::trail;
use crate::app::{App, now};
use crate::oidc::{Back, IdentityProvider, OidcError, PATIENCE, Pending, Person};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum_extra::extract::cookie::{Cookie, SameSite};
use fastgate_shared::admin_token::AdminEventKind;
use fastgate_shared::changes::{Author, AuthorKind};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use std::sync::Arc;

/// Holds what has to be there again; `Lax`, because the way back begins at another site.
const PENDING: &str = "__Host-fastgate_oidc";
/// Where people go on, whatever came of it.
const DASHBOARD: &str = "/admin/dashboard";

/// Both paths.
pub fn mount(app: Arc<App>) -> Router {
    Router::new()
        .route("/admin/oidc/start", get(start))
        .route("/admin/oidc/callback", get(callback))
        .with_state(app)
}

async fn start(State(app): State<Arc<App>>, request: Request) -> Response {
    let caller = Caller::of(&request);
    match begin(&app, &caller).await {
        Ok((url, pending)) => {
            let mut response = Redirect::to(&url).into_response();
            response.headers_mut().append(header::SET_COOKIE, pending);
            response
        }
        Err(refusal) => refusal.into_page(),
    }
}

async fn begin(app: &App, caller: &Caller) -> Result<(String, HeaderValue), Refusal> {
    let provider = provider(app)?;
    // The cookie that remembers where somebody is needs what the session's cookie needs.
    if !caller.page.keeps_secure_cookies() {
        return Err(Refusal::Insecure);
    }
    let callback = format!("{}/admin/oidc/callback", caller.page.url());
    let (url, pending) = provider.begin(callback, Timestamp::now()).await?;
    let sealed = serde_json::to_string(&pending).map(|json| app.secrets.seal(&json));
    let cookie = sealed
        .ok()
        .and_then(|sealed| cookie(PENDING, &sealed, SameSite::Lax, PATIENCE.as_secs()));
    Ok((url, cookie.ok_or(Refusal::Failed)?))
}

async fn callback(State(app): State<Arc<App>>, request: Request) -> Response {
    let caller = Caller::of(&request);
    let mut response = match finish(&app, &caller, request.uri().query(), request.headers()).await {
        Ok(session) => {
            let mut response = Redirect::to(DASHBOARD).into_response();
            response.headers_mut().append(header::SET_COOKIE, session);
            response
        }
        Err(refusal) => {
            tracing::warn!(client_ip = %caller.address, error = %refusal, "a sign-in with the identity provider was refused");
            trail::refused(&app, caller.address.to_string()).await;
            refusal.into_page()
        }
    };
    // It was for one way there and back.
    if let Some(used) = cookie(PENDING, "", SameSite::Lax, 0) {
        response.headers_mut().append(header::SET_COOKIE, used);
    }
    response
}

async fn finish(app: &App, caller: &Caller, query: Option<&str>, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    let provider = provider(app)?;
    let pending = pending(app, headers).ok_or(OidcError::NotBegunHere)?;
    let person = provider.finish(&pending, &back(query), Timestamp::now()).await?;
    let Person { name, role } = person;
    let owner = Owner {
        role,
        name: Some(name),
        token_id: None,
        until: None,
    };
    let opened = open(app, owner, caller.user_agent.clone(), caller.address.to_string()).await;
    let (token, session) = opened.map_err(|error| {
        tracing::error!(error = %error.cause(), "a session could not be opened");
        Refusal::Failed
    })?;
    let author = Author {
        kind: AuthorKind::Session,
        name: session.name.clone(),
        session: Some(short_id(&session.token_hash)),
        address: Some(caller.address.to_string()),
    };
    trail::record(app, AdminEventKind::SignedIn, &author, None).await;
    tracing::info!(client_ip = %caller.address, name = session.name, %role, "an administrator signed in with the identity provider");
    let seconds = session.expires_at.duration_since(now()).as_secs();
    let name = if caller.page.keeps_secure_cookies() {
        COOKIE
    } else {
        INSECURE_COOKIE
    };
    cookie(name, &token, SameSite::Strict, seconds).ok_or(Refusal::Failed)
}

fn provider(app: &App) -> Result<&IdentityProvider, Refusal> {
    app.identity.as_ref().ok_or(Refusal::Off)
}

fn pending(app: &App, headers: &HeaderMap) -> Option<Pending> {
    let cookies = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let cookies = cookies.flat_map(Cookie::split_parse).filter_map(Result::ok);
    let sealed = cookies.into_iter().find(|cookie| cookie.name() == PENDING)?;
    let json = app.secrets.open(sealed.value()).ok()?;
    serde_json::from_str(json.expose_secret()).ok()
}

fn back(query: Option<&str>) -> Back {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default();
    let mut back = Back::default();
    for (name, value) in pairs {
        match name.as_str() {
            "state" => back.state = value,
            "code" => back.code = Some(value),
            "error" => back.error = Some(value),
            _ => {}
        }
    }
    back
}

/// Why somebody was not signed in.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("no identity provider is configured (oidc.issuer)")]
    Off,
    #[error("signing in with an identity provider needs HTTPS or localhost")]
    Insecure,
    #[error("the gateway could not start a session; its log says why")]
    Failed,
    #[error(transparent)]
    Oidc(#[from] OidcError),
}

impl Refusal {
    /// A page of one sentence, and the way back.
    fn into_page(self) -> Response {
        let status = match &self {
            Self::Off => return Problem::not_found("path", "/admin/oidc").into_response(),
            Self::Insecure | Self::Oidc(OidcError::NotBegunHere) => StatusCode::BAD_REQUEST,
            Self::Oidc(OidcError::Provider(_)) => StatusCode::BAD_GATEWAY,
            Self::Failed | Self::Oidc(OidcError::Random(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Oidc(_) => StatusCode::FORBIDDEN,
        };
        let sentence = escaped(&self.to_string());
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>M-FastGate</title><h1>Not signed in</h1>\
             <p>{sentence}.</p><p><a href=\"{DASHBOARD}\">Back to the sign-in page</a></p></html>"
        );
        let html: (HeaderName, HeaderValue) = (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        (status, [html], page).into_response()
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}
