//! `/admin/keys`.

use fastgate_shared::api_key::{ApiKey, ApiKeyDefinition, CreatedApiKey, RotateKey};
use serde_json::json;

use crate::api::{self, Answer, Method};

/// Every key, up to the API's largest page.
pub async fn list() -> Answer<Vec<ApiKey>> {
    api::get("/admin/keys?limit=1000").await
}

/// Makes a key; the answer holds its secret, this one time.
pub async fn create(definition: &ApiKeyDefinition) -> Answer<CreatedApiKey> {
    api::send(Method::POST, "/admin/keys", definition).await
}

/// Changes a key.
pub async fn update(key_id: &str, definition: &ApiKeyDefinition) -> Answer<ApiKey> {
    api::send(Method::PUT, &format!("/admin/keys/{key_id}"), definition).await
}

/// Switches a key on or off.
pub async fn set_active(key_id: &str, is_active: bool) -> Answer<ApiKey> {
    api::send(
        Method::PUT,
        &format!("/admin/keys/{key_id}"),
        &json!({ "is_active": is_active }),
    )
    .await
}

/// Gives a key a new secret; the old one works until the grace ends.
pub async fn rotate(key_id: &str, rotation: RotateKey) -> Answer<CreatedApiKey> {
    api::send(Method::POST, &format!("/admin/keys/{key_id}/rotate"), &rotation).await
}

/// Deletes a key.
pub async fn delete(key_id: &str) -> Answer<()> {
    api::delete(&format!("/admin/keys/{key_id}")).await
}
