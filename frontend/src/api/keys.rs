//! `/admin/keys`.

use fastgate_shared::api_key::{ApiKey, ApiKeyDefinition, CreatedApiKey, KeyUsage, RotateKey};
use serde_json::{Value, json};

use crate::api::{self, Answer, Method, Tagged};

/// Every key.
pub async fn list() -> Answer<Vec<ApiKey>> {
    rows(None).await
}

/// The first so many keys, or all.
pub async fn rows(first: Option<usize>) -> Answer<Vec<ApiKey>> {
    api::get_rows("/admin/keys", first).await
}

/// How much of their limits keys use now.
pub async fn usage() -> Answer<Vec<KeyUsage>> {
    api::get("/admin/keys/usage").await
}

/// Makes a key; the answer holds its secret, this one time.
pub async fn create(definition: &ApiKeyDefinition) -> Answer<CreatedApiKey> {
    api::send(Method::POST, "/admin/keys", definition).await
}

/// One key, and the ETag of its state.
pub async fn get(key_id: &str) -> Answer<Tagged<ApiKey>> {
    api::get_tagged(&url(key_id)).await
}

/// Changes a key that still has this ETag.
pub async fn update(key_id: &str, definition: &Value, etag: &str) -> Answer<ApiKey> {
    api::send_if(Method::PUT, &url(key_id), definition, Some(etag)).await
}

/// Switches a key on or off.
pub async fn set_active(key_id: &str, is_active: bool) -> Answer<ApiKey> {
    api::send(Method::PUT, &url(key_id), &json!({ "is_active": is_active })).await
}

/// Gives a key a new secret; the old one works until the grace ends.
pub async fn rotate(key_id: &str, rotation: RotateKey) -> Answer<CreatedApiKey> {
    api::send(Method::POST, &format!("/admin/keys/{key_id}/rotate"), &rotation).await
}

/// Where a key is.
pub fn url(key_id: &str) -> String {
    format!("/admin/keys/{key_id}")
}
