//! `/admin/changes` and `/admin/config`.

use fastgate_shared::changes::{Change, ImportResult, RestoreChange, RestoreState, Restored};
use fastgate_shared::page::CursorPage;
use serde::Serialize;

use crate::api::{self, Answer, Method};

/// Where all keys and routes are read as YAML.
pub const EXPORT: &str = "/admin/config/export";

/// Which changes a list shows, by the names of the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChangeFilter {
    /// Kind of the object.
    pub kind: Option<String>,
    /// One object.
    pub object_id: Option<String>,
    /// Kind of author, session or address.
    pub author: Option<String>,
    /// From this day on.
    pub start_time: Option<String>,
    /// Up to the end of this day.
    pub end_time: Option<String>,
}

/// A page of changes, newest first.
pub async fn list(filter: &ChangeFilter, cursor: Option<&str>) -> Answer<CursorPage<Change>> {
    api::get(&api::paged("/admin/changes", filter, cursor)).await
}

/// Says what putting an object back would do.
pub async fn plan_restore(id: &str, state: RestoreState) -> Answer<Restored> {
    let body = RestoreChange { state: Some(state) };
    api::send(
        Method::POST,
        &format!("/admin/changes/{id}/restore?dry_run=true"),
        &body,
    )
    .await
}

/// Puts an object back, if it is still as the plan saw it.
pub async fn restore(id: &str, state: RestoreState, etag: Option<&str>) -> Answer<Restored> {
    let body = RestoreChange { state: Some(state) };
    api::send_if(Method::POST, &format!("/admin/changes/{id}/restore"), &body, etag).await
}

/// Says what a document would change.
pub async fn plan_import(text: String, prune: bool) -> Answer<ImportResult> {
    api::send_yaml(&format!("/admin/config/import?dry_run=true&prune={prune}"), text, None).await
}

/// Changes keys and routes as a document says, if they are still as the plan saw them.
pub async fn import(text: String, prune: bool, etag: &str) -> Answer<ImportResult> {
    api::send_yaml(&format!("/admin/config/import?prune={prune}"), text, Some(etag)).await
}
