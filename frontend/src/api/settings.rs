//! `/admin/settings`, `/admin/tokens`, `/admin/events`, `/admin/sessions`, `/admin/storage` and `/admin/about`.

use fastgate_shared::admin_token::{AdminEvent, AdminToken, AdminTokenDefinition, CreatedAdminToken};
use fastgate_shared::page::CursorPage;
use fastgate_shared::settings::{About, SessionEntry, Setting, StorageUse};
use serde::Serialize;

use crate::api::{self, Answer, Method};

/// Every setting with its value and origin.
pub async fn list() -> Answer<Vec<Setting>> {
    api::get("/admin/settings").await
}

/// Who is signed in.
pub async fn sessions() -> Answer<Vec<SessionEntry>> {
    api::get("/admin/sessions").await
}

/// Ends a session; all others but this one where none is named.
pub async fn end_sessions(session_id: Option<&str>) -> Answer<()> {
    match session_id {
        Some(id) => api::delete(&format!("/admin/sessions/{id}")).await,
        None => api::delete("/admin/sessions?others=true").await,
    }
}

/// What the audit log takes.
pub async fn storage() -> Answer<StorageUse> {
    api::get("/admin/storage").await
}

/// What is running.
pub async fn about() -> Answer<About> {
    api::get("/admin/about").await
}

/// Tokens of administrators.
pub async fn tokens() -> Answer<Vec<AdminToken>> {
    api::get("/admin/tokens").await
}

/// Makes a token; the answer holds its value, this one time.
pub async fn create_token(definition: &AdminTokenDefinition) -> Answer<CreatedAdminToken> {
    api::send(Method::POST, "/admin/tokens", definition).await
}

/// Where a token is.
pub fn token_url(token_id: &str) -> String {
    format!("/admin/tokens/{token_id}")
}

/// Which events of the administrators' trail a list shows, by the names of the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventFilter {
    /// What happened.
    pub kind: Option<String>,
    /// A name, an address, a session or a kind of author.
    pub author: Option<String>,
    /// From this day on.
    pub start_time: Option<String>,
    /// Up to and including this day.
    pub end_time: Option<String>,
}

/// A page of the administrators' trail, newest first.
pub async fn events(filter: &EventFilter, cursor: Option<&str>) -> Answer<CursorPage<AdminEvent>> {
    api::get(&api::paged("/admin/events", filter, cursor)).await
}
