//! The session, by the server functions at `/admin/rpc`. They are called as every other address is: the client that
//! Leptos would make of them brings a reader of its own along (docs/performance.md). Who is signed in sees pages: their texts
//! are there with the answer.

use fastgate_shared::session::{SessionInfo, SignInRefusal, SignInWays};
use serde_json::json;

use crate::api::{self, Answer, Method};
use crate::locales;

/// The session of this browser, if there is one.
pub async fn current() -> Answer<Option<SessionInfo>> {
    let found = api::send(Method::POST, "/admin/rpc/session", &json!({})).await;
    if let Ok(Some(_)) = found {
        locales::rest(locales::current()).await;
    }
    found
}

/// Signs in with the admin token.
pub async fn sign_in(token: String) -> Answer<Result<SessionInfo, SignInRefusal>> {
    let answer = api::send(Method::POST, "/admin/rpc/sign_in", &json!({ "token": token })).await;
    if let Ok(Ok(_)) = answer {
        locales::rest(locales::current()).await;
    }
    answer
}

/// How people can sign in beside the token; the token alone where nobody answers.
pub async fn ways_in() -> SignInWays {
    let ways: Answer<SignInWays> = api::send(Method::POST, "/admin/rpc/ways_in", &json!({})).await;
    ways.unwrap_or_default()
}

/// Signs out.
pub async fn sign_out() -> Answer<()> {
    api::send(Method::POST, "/admin/rpc/sign_out", &json!({})).await
}
