//! The server functions of the dashboard (`/admin/rpc/*`): what they need from a request and do to a response.

use super::{COOKIE, INSECURE_COOKIE, Owner, close, find, open, short_id};
use crate::admin::auth::{only_same_origin, session_token};
use crate::admin::trail;
use crate::admin_token::named;
use crate::admin_token::throttle::Throttle;
use crate::app::App;
use crate::client::ClientAddress;
use crate::db::sessions::StoredSession;
use crate::db::{DbError, DbResult};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum_extra::extract::cookie::{Cookie, SameSite};
use fastgate_shared::admin_token::AdminEventKind;
use fastgate_shared::changes::{Author, AuthorKind};
use fastgate_shared::rpc::{Session, SessionDoor, SignIn, SignOut, WaysIn, async_trait};
use fastgate_shared::session::{PresentedToken, SessionInfo, SignInRefusal, SignInWays};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::Limited;
use jiff::Timestamp;
use leptos::prelude::provide_context;
use leptos::reactive::owner::expect_context;
use leptos_axum::ResponseOptions;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

/// Bytes of a call's body at most; a token is short.
const MAX_BODY_BYTES: usize = 16 << 10;

/// `/admin/rpc/*`. Signing in must come from the gateway's own page, so that no other page can sign a browser in.
pub fn mount(app: Arc<App>) -> Router {
    register();
    let throttle = Arc::new(Throttle::at_sign_in());
    let answer = move |request: Request| call(app.clone(), throttle.clone(), request);
    Router::new()
        .route("/admin/rpc/sign_in", post(answer.clone()))
        .route("/admin/rpc/sign_out", post(answer.clone()))
        .route("/admin/rpc/session", post(answer.clone()))
        .route("/admin/rpc/ways_in", post(answer))
        .layer(only_same_origin())
}

/// The functions register themselves when the program is linked; saying it again costs nothing and survives a linker
/// that drops what it takes for unused.
fn register() {
    leptos::server_fn::axum::register_explicit::<SignIn>();
    leptos::server_fn::axum::register_explicit::<SignOut>();
    leptos::server_fn::axum::register_explicit::<Session>();
    leptos::server_fn::axum::register_explicit::<WaysIn>();
}

async fn call(app: Arc<App>, throttle: Arc<Throttle>, request: Request) -> Response {
    let caller = Caller::of(&request);
    let request = request.map(|body| Body::new(Limited::new(body, MAX_BODY_BYTES)));
    let context = move || {
        let door = Door {
            app: app.clone(),
            throttle: throttle.clone(),
            caller: caller.clone(),
            response: expect_context::<ResponseOptions>(),
        };
        provide_context::<Arc<dyn SessionDoor>>(Arc::new(door));
    };
    let mut response = leptos_axum::handle_server_fns_with_context(context, request)
        .await
        .into_response();
    // A call that cannot be read is the caller's fault; the functions themselves tell failures in their answers.
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    response
}

/// What a call says about the browser behind it.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) address: IpAddr,
    pub(super) user_agent: Option<String>,
    session: Option<String>,
    pub(super) page: Origin,
}

impl Caller {
    pub(super) fn of(request: &Request) -> Self {
        let headers = request.headers();
        let client = request.extensions().get::<ClientAddress>();
        Self {
            address: client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.ip),
            user_agent: headers
                .get(header::USER_AGENT)
                .map(|value| String::from_utf8_lossy(value.as_bytes()).chars().take(255).collect()),
            session: session_token(headers),
            page: Origin::of(headers, client.is_some_and(|client| client.peer.secure)),
        }
    }
}

/// `scheme://host[:port]` of the page as the browser sees it. Only the browser's own cookie depends on it, so it may be
/// believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    secure: bool,
    authority: String,
}

impl Origin {
    fn of(headers: &HeaderMap, over_tls: bool) -> Self {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let (secure, authority) = match text(header::ORIGIN).and_then(|origin| origin.split_once("://")) {
            Some((scheme, authority)) => (scheme == "https", authority),
            None => (over_tls, text(header::HOST).unwrap_or("localhost")),
        };
        let plain = authority
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        Self {
            secure,
            authority: if plain { authority } else { "localhost" }.to_owned(),
        }
    }

    /// The name or address without its port.
    fn host(&self) -> &str {
        match self.authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or(rest),
            None => self.authority.split(':').next().unwrap_or(&self.authority),
        }
    }

    /// The page's own `scheme://host[:port]`.
    pub(super) fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.authority)
    }

    /// Whether browsers keep a `Secure` cookie of this page: HTTPS, or this very machine.
    pub(super) fn keeps_secure_cookies(&self) -> bool {
        let host = self.host();
        self.secure
            || host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Where clients reach the proxy: here, or with an admin port of its own at the first listener.
    fn of_proxy(&self, app: &App) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        if app.config.server.admin_port.is_none() {
            return format!("{scheme}://{}", self.authority);
        }
        let host = match self.host() {
            v6 if v6.contains(':') => format!("[{v6}]"),
            host => host.to_owned(),
        };
        format!("{scheme}://{host}:{}", app.config.server.port)
    }
}

/// What one call of a server function can do.
struct Door {
    app: Arc<App>,
    throttle: Arc<Throttle>,
    caller: Caller,
    response: ResponseOptions,
}

impl Door {
    /// Whose session the browser has.
    async fn author(&self) -> Option<Author> {
        let session = find(&self.app, self.caller.session.as_ref()?).await.ok()??;
        Some(self.author_of(&session))
    }

    fn author_of(&self, session: &StoredSession) -> Author {
        Author {
            kind: AuthorKind::Session,
            name: session.name.clone(),
            session: Some(short_id(&session.token_hash)),
            address: Some(self.caller.address.to_string()),
        }
    }

    /// Whose token this is.
    async fn owner(&self, token: &str) -> DbResult<Option<Owner>> {
        if self.app.admin_token.verify(token) {
            return Ok(Some(Owner::of_admin_token()));
        }
        let found = named::find(&self.app.db, token, Timestamp::now()).await?;
        Ok(found.map(|found| found.token.into()))
    }

    fn info(&self, session: &StoredSession) -> SessionInfo {
        SessionInfo {
            role: session.role,
            name: session.name.clone(),
            created_at: session.created_at,
            expires_at: session.expires_at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            proxy_origin: self.caller.page.of_proxy(&self.app),
        }
    }

    /// Sets a session cookie; an empty token removes it.
    fn set_cookie(&self, name: &'static str, token: &str, seconds: i64) {
        if let Some(value) = cookie(name, token, SameSite::Strict, seconds) {
            self.response.append_header(header::SET_COOKIE, value);
        }
    }
}

/// A cookie of the admin side; `Secure` unless it is the insecure one.
pub(super) fn cookie(name: &'static str, value: &str, same_site: SameSite, seconds: i64) -> Option<HeaderValue> {
    let cookie = Cookie::build((name, value))
        .path("/")
        .http_only(true)
        .same_site(same_site)
        .secure(name != INSECURE_COOKIE)
        .build();
    HeaderValue::from_str(&format!("{cookie}; Max-Age={seconds}")).ok()
}

fn unavailable(error: DbError) -> SignInRefusal {
    tracing::error!(error = %error.cause(), "a session could not be opened");
    SignInRefusal::Unavailable {
        message: error.to_string(),
    }
}

#[async_trait]
impl SessionDoor for Door {
    async fn sign_in(&self, token: PresentedToken) -> Result<SessionInfo, SignInRefusal> {
        let secure = self.caller.page.keeps_secure_cookies();
        if !secure && !self.app.config.security.allow_insecure_cookie {
            return Err(SignInRefusal::InsecureOrigin);
        }
        let address = self.caller.address;
        self.throttle
            .check(address, Instant::now())
            .map_err(|wait| SignInRefusal::Throttled {
                retry_after_seconds: wait.as_secs() + 1,
            })?;
        let Some(owner) = self.owner(token.expose()).await.map_err(unavailable)? else {
            self.throttle.count_wrong(address, Instant::now());
            tracing::warn!(client_ip = %address, "a wrong admin token was used to sign in");
            trail::refused(&self.app, address.to_string()).await;
            return Err(SignInRefusal::WrongToken);
        };
        let (token, session) = open(&self.app, owner, self.caller.user_agent.clone(), address.to_string())
            .await
            .map_err(unavailable)?;
        trail::record(&self.app, AdminEventKind::SignedIn, &self.author_of(&session), None).await;
        let seconds = session.expires_at.duration_since(session.created_at).as_secs();
        self.set_cookie(if secure { COOKIE } else { INSECURE_COOKIE }, &token, seconds);
        tracing::info!(client_ip = %address, name = session.name, role = %session.role, "an administrator signed in");
        Ok(self.info(&session))
    }

    async fn sign_out(&self) {
        if let Some(author) = self.author().await {
            trail::record(&self.app, AdminEventKind::SignedOut, &author, None).await;
        }
        if let Some(token) = &self.caller.session
            && let Err(error) = close(&self.app, token).await
        {
            tracing::error!(error = %error.cause(), "a session could not be ended");
        }
        for name in [COOKIE, INSECURE_COOKIE] {
            self.set_cookie(name, "", 0);
        }
    }

    fn ways_in(&self) -> SignInWays {
        SignInWays {
            identity_provider: self.app.identity.is_some(),
        }
    }

    async fn session(&self) -> Option<SessionInfo> {
        let token = self.caller.session.as_ref()?;
        match find(&self.app, token).await {
            Ok(session) => session.map(|session| self.info(&session)),
            Err(error) => {
                tracing::error!(error = %error.cause(), "a session could not be read");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn origin(name: http::HeaderName, value: &str) -> Origin {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        Origin::of(&headers, false)
    }

    #[rstest]
    #[case("http://localhost:8000", true)]
    #[case("http://fastgate.localhost", true)]
    #[case("http://127.0.0.1:8000", true)]
    #[case("http://[::1]:8000", true)]
    #[case("https://gate.example", true)]
    #[case("http://gate.example", false)]
    #[case("http://10.0.0.5:8000", false)]
    #[case("http://localhost.example", false)]
    fn secure_cookies_need_https_or_this_machine(#[case] page: &str, #[case] kept: bool) {
        assert_eq!(origin(header::ORIGIN, page).keeps_secure_cookies(), kept);
    }

    #[rstest]
    #[case(header::HOST, "gate.example:8000", "gate.example")]
    #[case(header::ORIGIN, "https://[2001:db8::1]:8000", "2001:db8::1")]
    #[case(header::ORIGIN, "null", "localhost")]
    #[case(header::HOST, "<script>", "localhost")]
    fn the_host_is_told_without_its_port(#[case] name: http::HeaderName, #[case] value: &str, #[case] host: &str) {
        assert_eq!(origin(name, value).host(), host);
    }
}
