//! The dashboard's server functions, mounted at `/admin/rpc`. Only the session lives here; resources stay REST.
//!
//! The bodies run on the server and reach its rooms through [`SessionDoor`], which the server puts into the context,
//! so that this crate need not know the server.

#![expect(
    missing_docs,
    reason = "the macro makes a field of each argument and takes no words for it"
)]

use crate::session::{PresentedToken, SessionInfo, SignInRefusal, SignInWays};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

/// For those who implement [`SessionDoor`].
#[cfg(feature = "ssr")]
pub use async_trait::async_trait;

/// What the server does for the session functions. Put into the context of each call as `Arc<dyn SessionDoor>`.
#[cfg(feature = "ssr")]
#[async_trait]
pub trait SessionDoor: Send + Sync {
    /// Checks the token, stores a session and sets its cookie.
    async fn sign_in(&self, token: PresentedToken) -> Result<SessionInfo, SignInRefusal>;
    /// Ends the session of the calling browser and removes its cookie.
    async fn sign_out(&self);
    /// The session of the calling browser, if it is valid.
    async fn session(&self) -> Option<SessionInfo>;
    /// How people can sign in.
    fn ways_in(&self) -> SignInWays;
}

#[cfg(feature = "ssr")]
fn door() -> Result<std::sync::Arc<dyn SessionDoor>, ServerFnError> {
    use_context().ok_or_else(|| ServerFnError::ServerError("the session door is missing from the context".to_owned()))
}

/// Signs in with the admin token; on success the session cookie is set.
///
/// # Errors
/// Where the server cannot be reached. A refused token is the inner `Err`.
#[server(prefix = "/admin/rpc", endpoint = "sign_in", input = Json)]
pub async fn sign_in(token: PresentedToken) -> Result<Result<SessionInfo, SignInRefusal>, ServerFnError> {
    Ok(door()?.sign_in(token).await)
}

/// Signs out.
///
/// # Errors
/// Where the server cannot be reached.
#[server(prefix = "/admin/rpc", endpoint = "sign_out", input = Json)]
pub async fn sign_out() -> Result<(), ServerFnError> {
    door()?.sign_out().await;
    Ok(())
}

/// The session of this browser; `None` when nobody is signed in.
///
/// # Errors
/// Where the server cannot be reached.
#[server(prefix = "/admin/rpc", endpoint = "session", input = Json)]
pub async fn session() -> Result<Option<SessionInfo>, ServerFnError> {
    Ok(door()?.session().await)
}

/// How people can sign in here.
///
/// # Errors
/// Where the server cannot be reached.
#[server(prefix = "/admin/rpc", endpoint = "ways_in", input = Json)]
pub async fn ways_in() -> Result<SignInWays, ServerFnError> {
    Ok(door()?.ways_in())
}
