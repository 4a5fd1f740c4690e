//! How much of their limits keys use now.

use crate::support::gateway::TestGateway;
use crate::support::upstream::Upstream;
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_key_with_a_limit_shows_how_much_of_it_is_used() {
    let upstream = Upstream::start();
    let gateway = TestGateway::builder()
        .route(json!({"target_host": upstream.host()}))
        // So few that none comes back within the test.
        .key(json!({"source_path": "limited", "rate_limit": 3}))
        .key(json!({"source_path": "free"}))
        .start()
        .await;
    let usage = async || {
        gateway
            .admin(Method::GET, "/admin/keys/usage")
            .send()
            .await
            .json()
            .await
    };
    assert_eq!(usage().await, json!([]), "nobody has used anything");
    for key in [0, 0, 1] {
        let call = gateway.stranger(Method::GET, "/").key(gateway.key_at(key));
        assert_eq!(call.send().await.status, 200);
    }
    let keys = gateway.admin(Method::GET, "/admin/keys").send().await.json().await;
    let limited: Vec<&Value> = keys
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["source_path"] == "limited")
        .collect();
    let expected = json!([{"key_id": limited[0]["key_id"], "limit": 3, "used": 2}]);
    assert_eq!(usage().await, expected);
    let unknown = gateway.admin(Method::GET, "/admin/keys/usage?limit=1").send().await;
    assert_eq!(unknown.status, 422);
    gateway.finish().await;
}
