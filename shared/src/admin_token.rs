//! Tokens of administrators (`fga_…`), what each role may do, and the trail of who came in. A token itself is shown once.

use crate::changes::Author;
use crate::fields::Fields;
use crate::json::FromJson;
use crate::time::Timestamp;
use garde::Validate;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an administrator may do; each role may do what the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads everything that is shown; changes nothing.
    Viewer,
    /// Also makes, changes and deletes routes, tests them, replays and cancels requests; but makes and changes no keys, no
    /// tokens and no sessions, and sets, moves and removes no upstream credential.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The name on the wire, in the configuration and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What is said about a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminTokenDefinition {
    /// Who or what uses the token, 1–100 characters; no two tokens have the same. Written beside everything that it does.
    #[garde(
        length(chars, min = 1, max = 100),
        custom(crate::fields::one_line),
        custom(not_blank)
    )]
    pub name: String,
    /// What it may do.
    #[garde(skip)]
    pub role: Role,
    /// When it stops working; null = never.
    #[serde(default, deserialize_with = "crate::time::optional")]
    #[garde(skip)]
    pub expires_at: Option<Timestamp>,
    /// A token that is not active is refused.
    #[serde(default = "yes")]
    #[garde(skip)]
    pub is_active: bool,
}

impl Fields for AdminTokenDefinition {
    const WRITABLE: &'static [&'static str] = &["name", "role", "expires_at", "is_active"];
    const READ_ONLY: &'static [&'static str] =
        &["token_id", "token_preview", "created_by", "created_at", "last_used_at"];
}

/// A token as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminToken {
    /// UUID of the token.
    pub token_id: String,
    /// Its last four characters: `fga_…9xYz`.
    pub token_preview: String,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the fields of the definition, flat")]
    pub definition: AdminTokenDefinition,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// The answer to `POST /admin/tokens` and `…/rotate`: the only time that the token is shown.
#[derive(Clone, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedAdminToken {
    /// The token. It is stored as a hash and cannot be shown again.
    pub token_value: String,
    #[serde(flatten)]
    #[allow(missing_docs, reason = "the token, flat")]
    pub token: AdminToken,
}

/// What an administrator did, or was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AdminEventKind {
    /// Somebody signed in to the dashboard.
    SignedIn,
    /// A sign-in with a wrong token, or one that the identity provider or the role mapping refused.
    SignInRefused,
    /// Somebody signed out.
    SignedOut,
    /// A session was ended by somebody.
    SessionEnded,
    /// All sessions but the caller's were ended.
    OtherSessionsEnded,
    /// A token was made.
    TokenCreated,
    /// A token was changed.
    TokenUpdated,
    /// A token got another value.
    TokenRotated,
    /// A token was deleted.
    TokenDeleted,
}

/// One line of the administrators' trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJson)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdminEvent {
    /// UUID; later ones sort after earlier ones.
    pub id: String,
    /// When it was.
    pub time: Timestamp,
    /// What happened.
    pub kind: AdminEventKind,
    /// Who did it; null for strangers.
    pub author: Option<Author>,
    /// Where it came from.
    pub address: Option<String>,
    /// The token or session that it was done to.
    pub object_id: Option<String>,
    /// The token's name.
    pub object_name: Option<String>,
}

fn yes() -> bool {
    true
}

fn not_blank(text: &str, (): &()) -> garde::Result {
    match text.trim().is_empty() {
        true => Err(garde::Error::new("must have a visible character")),
        false => Ok(()),
    }
}
