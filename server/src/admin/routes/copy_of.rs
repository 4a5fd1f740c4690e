//! A new route that begins as a copy: its model's credentials stand behind the masks that are sent, for nobody can read them.

use crate::admin::page::Query;
use crate::admin::problem::Problem;
use axum::extract::FromRequestParts;
use http::request::Parts;
use utoipa::IntoParams;

/// The parameter of a new route that is a copy.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "the parameter is read by `CopyOf`")]
pub(super) struct CopyOfParam {
    /// Id of a route whose credentials stand behind the masked ones that are sent; the targets must be that route's.
    copy_of: Option<String>,
}

/// The route that a new one is a copy of.
pub(super) struct CopyOf(pub(super) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for CopyOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(
            Query::parse(parts.uri.query().unwrap_or_default()).take("copy_of"),
        ))
    }
}
