//! The session, through the server functions at `/admin/rpc`.

use fastgate_shared::rpc;
use fastgate_shared::session::{SessionInfo, SignInRefusal, SignInWays};

use super::local_problem;
use crate::api::Answer;
use crate::locales::common as t;

/// The session of this browser, if there is one.
pub async fn current() -> Answer<Option<SessionInfo>> {
    rpc::session()
        .await
        .map_err(|_| local_problem(t::unreachable().to_owned()))
}

/// Signs in with the admin token.
pub async fn sign_in(token: String) -> Answer<Result<SessionInfo, SignInRefusal>> {
    rpc::sign_in(token.into())
        .await
        .map_err(|_| local_problem(t::unreachable().to_owned()))
}

/// How people can sign in beside the token; the token alone where nobody answers.
pub async fn ways_in() -> SignInWays {
    rpc::ways_in().await.unwrap_or_default()
}

/// Signs out.
pub async fn sign_out() -> Answer<()> {
    rpc::sign_out()
        .await
        .map_err(|_| local_problem(t::unreachable().to_owned()))
}
