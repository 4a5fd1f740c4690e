//! Who may use the admin door. [`Administrator`] is the proof: a handler that takes one is not reached without a
//! credential that was accepted, nor with a role that does not go as far as the handler says in its type. What a role may
//! do to single objects (an operator to a route's credentials) is judged where changes are made.

use super::problem::Problem;
use super::session;
use crate::admin_token::named;
use crate::app::App;
use crate::client::ClientAddress;
use crate::history::Origin;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::Cookie;
use fastgate_shared::admin_token::Role;
use fastgate_shared::changes::{Author, AuthorKind};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;
use tower::{Layer as _, ServiceExt as _};
use tower_http::csrf::{CsrfLayer, ProtectionError};
use zeroize::Zeroizing;

/// The least role that a handler takes.
pub trait Needs: Send + Sync + 'static {
    /// The role.
    const ROLE: Role;
}

/// A role under which something can be changed.
pub trait Writes: Needs {}

/// For handlers that only read.
#[derive(Debug)]
pub enum Viewer {}
/// For handlers that change or send something.
#[derive(Debug)]
pub enum Operator {}
/// For handlers that decide who gets in.
#[derive(Debug)]
pub enum Admin {}

impl Needs for Viewer {
    const ROLE: Role = Role::Viewer;
}
impl Needs for Operator {
    const ROLE: Role = Role::Operator;
}
impl Needs for Admin {
    const ROLE: Role = Role::Admin;
}
impl Writes for Operator {}
impl Writes for Admin {}

/// Somebody who has shown a token or the session that was opened with one, and whose role is at least `N`.
#[derive(Debug)]
pub struct Administrator<N: Needs> {
    known: Known,
    needs: PhantomData<fn() -> N>,
}

/// Somebody whose credential was accepted.
#[derive(Clone, Debug)]
pub struct Known {
    /// Who.
    pub author: Author,
    /// What they may do.
    pub role: Role,
}

impl Known {
    fn new(kind: AuthorKind, name: Option<String>, role: Role, parts: &Parts) -> Self {
        let client = parts.extensions.get::<ClientAddress>();
        Self {
            author: Author {
                kind,
                name,
                session: None,
                address: client.map(|client| client.ip.to_string()),
            },
            role,
        }
    }

    /// Who this is, for people who read a record.
    pub fn name(&self) -> String {
        let Author {
            kind, name, session, ..
        } = &self.author;
        let how = match (kind, session) {
            (AuthorKind::Session, Some(session)) => format!("session {session}"),
            (AuthorKind::NamedToken, _) => "token".to_owned(),
            _ => "admin token".to_owned(),
        };
        match name {
            Some(name) => format!("{how} {name:?}"),
            None => how,
        }
    }
}

impl<N: Needs> Administrator<N> {
    /// Who this is, and from where, for people who read a record.
    pub fn name(&self) -> String {
        match &self.known.author.address {
            Some(address) => format!("{} from {address}", self.known.name()),
            None => self.known.name(),
        }
    }

    /// Who.
    pub fn author(&self) -> &Author {
        &self.known.author
    }
}

impl<N: Writes> Administrator<N> {
    /// Whose changes of single objects these are.
    pub fn origin(self) -> Origin {
        Origin::of(self.known.author, self.known.role)
    }
}

/// What a request shows. One kind only is judged; a wrong bearer token is never saved by a cookie.
#[derive(PartialEq, Eq)]
enum Credential {
    Bearer(Zeroizing<String>),
    Query(Zeroizing<String>),
    Session(Zeroizing<String>),
    None,
}

impl Credential {
    fn of(app: &App, parts: &Parts) -> Self {
        if let Some(token) = bearer(&parts.headers) {
            return Self::Bearer(token.into());
        }
        if app.config.security.allow_query_token
            && let Some(token) = query_token(parts.uri.query().unwrap_or_default())
        {
            return Self::Query(token.into());
        }
        session_token(&parts.headers).map_or(Self::None, |token| Self::Session(token.into()))
    }
}

impl<N: Needs> FromRequestParts<Arc<App>> for Administrator<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let known = authorise(app, parts).await?;
        let allowed = known.role >= N::ROLE;
        // The path alone: a token may stand in the query.
        tracing::info!(
            by = known.name(),
            role = %known.role,
            client_ip = known.author.address,
            method = %parts.method,
            path = parts.uri.path(),
            allowed,
            "Admin call"
        );
        match allowed {
            true => Ok(Self {
                known,
                needs: PhantomData,
            }),
            false => Err(Problem::role(N::ROLE, known.role)),
        }
    }
}

/// Judges what the request shows.
///
/// # Errors
/// 401 when there is no credential or a wrong one; 503 when tokens or sessions cannot be read.
pub async fn authorise(app: &App, parts: &Parts) -> Result<Known, Problem> {
    match Credential::of(app, parts) {
        Credential::Bearer(token) | Credential::Query(token) => by_token(app, parts, &token).await,
        Credential::Session(token) => match session::find(app, &token).await {
            Ok(Some(session)) => {
                let mut known = Known::new(AuthorKind::Session, session.name, session.role, parts);
                known.author.session = Some(session::short_id(&session.token_hash));
                Ok(known)
            }
            Ok(None) => Err(Problem::unauthorized("The session has ended; sign in again.")),
            Err(error) => Err(error.into()),
        },
        Credential::None => Err(Problem::unauthorized(
            "The admin token is needed: `Authorization: Bearer <token>`.",
        )),
    }
}

async fn by_token(app: &App, parts: &Parts, token: &str) -> Result<Known, Problem> {
    let address = parts.extensions.get::<ClientAddress>().map(|client| client.ip);
    if let Some(address) = address
        && let Err(wait) = app.wrong_tokens.check(address, Instant::now())
    {
        return Err(Problem::throttled(wait));
    }
    if app.admin_token.verify(token) {
        return Ok(Known::new(AuthorKind::AdminToken, None, Role::Admin, parts));
    }
    match named::find(&app.db, token, Timestamp::now()).await? {
        Some(found) => {
            let definition = found.token.definition;
            Ok(Known::new(
                AuthorKind::NamedToken,
                Some(definition.name),
                definition.role,
                parts,
            ))
        }
        None => {
            if let Some(address) = address {
                app.wrong_tokens.count_wrong(address, Instant::now());
            }
            Err(Problem::unauthorized("This admin token was not accepted."))
        }
    }
}

/// Refuses writes that a foreign page sends with the session cookie, and those that do not say which page sends them:
/// every browser does. Requests with a token are not judged: no browser adds one by itself.
pub async fn same_origin(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let by_cookie = matches!(Credential::of(&app, &parts), Credential::Session(_));
    let says_nothing = !parts.method.is_safe() && says_no_origin(&parts.headers);
    let request = Request::from_parts(parts, body);
    if !by_cookie {
        return next.run(request).await;
    }
    if says_nothing {
        return Problem::new(
            StatusCode::FORBIDDEN,
            "With a session cookie a write must say where it comes from (`Origin` or `Sec-Fetch-Site`), as browsers do. \
             Programs send a token instead: `Authorization: Bearer <token>`.",
        )
        .into_response();
    }
    let judged: Result<Response, Infallible> = only_same_origin().layer(next).oneshot(request).await;
    match judged {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Neither of the fields that browsers add to every write: `Sec-Fetch-Site` since 2023 at the latest, `Origin` long before.
fn says_no_origin(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::ORIGIN) && !headers.contains_key("sec-fetch-site")
}

/// The layer that lets only writes of the same origin pass (`Sec-Fetch-Site`, else `Origin` against `Host`).
pub fn only_same_origin() -> CsrfLayer<impl Fn(ProtectionError) -> Response + Clone> {
    CsrfLayer::new().with_rejection_response(|_: ProtectionError| {
        Problem::new(
            StatusCode::FORBIDDEN,
            "With a session cookie a write must come from the dashboard's own origin.",
        )
        .into_response()
    })
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::AUTHORIZATION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        })
}

fn query_token(query: &str) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).ok()?;
    pairs
        .into_iter()
        .find_map(|(name, value)| (name == "token").then_some(value))
}

/// The token of the session cookie, under either of its names.
pub fn session_token(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| [session::COOKIE, session::INSECURE_COOKIE].contains(&cookie.name()))
        .map(|cookie| cookie.value().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Bearer abc", Some("abc"))]
    #[case("bearer  abc ", Some("abc"))]
    #[case("Basic abc", None)]
    #[case("abc", None)]
    fn a_bearer_token_is_read_in_any_case(#[case] value: &str, #[case] expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        assert_eq!(bearer(&headers).as_deref(), expected);
    }

    #[rstest]
    #[case("token=abc&x=1", Some("abc"))]
    #[case("x=1&token=a%2Bb", Some("a+b"))]
    #[case("tokens=abc", None)]
    fn a_query_token_is_decoded(#[case] query: &str, #[case] expected: Option<&str>) {
        assert_eq!(query_token(query).as_deref(), expected);
    }

    #[test]
    fn the_session_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        let value = format!("a=b; {}=tok; c=d", session::COOKIE);
        headers.insert(header::COOKIE, value.parse().unwrap());
        assert_eq!(session_token(&headers).as_deref(), Some("tok"));
    }
}
