//! Who is signed in to the dashboard.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The session of the calling browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// When the administrator signed in.
    pub created_at: Timestamp,
    /// When the session ends whatever happens.
    pub expires_at: Timestamp,
    /// Version of the gateway, for the footer.
    pub version: String,
    /// `http(s)://host` under which clients reach the proxy, for snippets.
    pub proxy_origin: String,
}

/// Why a sign-in was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
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
