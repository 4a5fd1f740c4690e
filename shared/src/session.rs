//! Who is signed in to the dashboard.

use crate::admin_token::Role;
use crate::json::FromJson;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The session of the calling browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson)]
pub struct SessionInfo {
    /// What the session may do.
    pub role: Role,
    /// The token's name, or what the identity provider says; none for the admin token.
    pub name: Option<String>,
    /// When the administrator signed in.
    pub created_at: Timestamp,
    /// When the session ends whatever happens.
    pub expires_at: Timestamp,
    /// Version of the gateway, for the footer.
    pub version: String,
    /// `http(s)://host` under which clients reach the proxy, for snippets.
    pub proxy_origin: String,
}

/// How people can sign in, beside a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, FromJson)]
pub struct SignInWays {
    /// With an identity provider, at `/admin/oidc/start`.
    pub identity_provider: bool,
}

/// A token that somebody shows. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PresentedToken(String);

impl PresentedToken {
    /// What was shown, without the spaces that come along when it is pasted.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.trim()
    }
}

impl From<String> for PresentedToken {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PresentedToken(…)")
    }
}

/// Why a sign-in was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromJson, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum SignInRefusal {
    /// The token is not the admin token.
    #[error("This token was not accepted.")]
    WrongToken,
    /// Too many wrong tokens came from this address.
    #[error("Too many attempts. Try again in {retry_after_seconds} s.")]
    Throttled {
        /// Seconds until the next attempt is heard.
        retry_after_seconds: u64,
    },
    /// The browser would drop the session cookie: the page was opened over plain HTTP from another machine.
    #[error(
        "The session cookie needs HTTPS or localhost. Open the dashboard over HTTPS, or set security.allow_insecure_cookie."
    )]
    InsecureOrigin,
    /// The server could not store the session.
    #[error("The gateway could not start a session: {message}")]
    Unavailable {
        /// What failed.
        message: String,
    },
}
