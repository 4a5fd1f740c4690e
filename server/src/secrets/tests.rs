//! Sealing, opening, masking.

use super::*;
use crate::config::Config;
use crate::db::Db;
use fastgate_shared::route::{Route, RouteDefinition};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde_json::json;
use std::fs;
use std::path::Path;

const TOKEN: &str = "Bearer sk-0123456789abcdef4f2a";

fn definition(target_path: &str, authorization: &str) -> RouteDefinition {
    serde_json::from_value(json!({
        "route_name": "one", "match_path": "/v1/*", "target_host": "api.openai.com", "target_path": target_path,
        "add_headers": {"Authorization": authorization, "X-Source": "plain"},
    }))
    .unwrap()
}

#[test]
fn a_sealed_text_opens_with_the_same_key_only() {
    let secrets = SecretBox::new([7; 32]);
    let sealed = secrets.seal("sk-secret");
    assert!(!sealed.contains("sk-secret"));
    assert_ne!(sealed, secrets.seal("sk-secret"));
    assert_eq!(secrets.open(&sealed).unwrap().expose_secret(), "sk-secret");
    assert!(SecretBox::new([8; 32]).open(&sealed).is_err());
}

#[rstest::rstest]
#[case::empty("")]
#[case::plain("sk-secret")]
#[case::cut("enc:v1:AAAA")]
#[case::not_base64("enc:v1:***")]
fn a_text_that_is_not_sealed_does_not_open(#[case] text: &str) {
    assert_eq!(SecretBox::new([7; 32]).open(text).unwrap_err(), OpenSecretError);
}

#[test]
fn debug_shows_no_key() {
    assert_eq!(format!("{:?}", SecretBox::new([7; 32])), "SecretBox(…)");
    assert_eq!(format!("{:?}", MasterKey::random().unwrap()), "MasterKey(…)");
}

#[test]
fn a_route_is_stored_without_its_credentials_and_comes_back_whole() {
    let secrets = SecretBox::new([7; 32]);
    let plain = definition("/v1?api-version=3&key=AIza0123456789abcdef", TOKEN);
    let sealed = secrets.seal_route(&plain);
    let stored = sealed.to_stored().unwrap();
    assert!(!stored.contains("sk-0123") && !stored.contains("AIza"), "{stored}");
    assert!(stored.contains("api-version=3") && stored.contains("plain"));
    let again = SealedDefinition::from_stored(&stored).unwrap();
    assert!(secrets.open_route(&again).unwrap() == plain);
}

#[test]
fn answers_show_masks() {
    let route = Route {
        route_id: "r".to_owned(),
        definition: definition("/v1?key=short&x=1", TOKEN),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    };
    let masked = mask_route(route).definition;
    assert_eq!(masked.add_headers["Authorization"], "Bearer sk-…4f2a");
    assert_eq!(masked.target_path, "/v1?key=…&x=1");
}

#[test]
fn a_mask_sent_back_keeps_the_stored_value() {
    let stored = definition("/v1?key=AIza0123456789abcdef", TOKEN);
    let sent = definition("/v1?key=AIz…cdef", "Bearer sk-…4f2a");
    assert!(merge_masked(&sent, Some(&stored)) == (stored, Vec::new()));
}

#[test]
fn a_new_value_replaces_the_stored_one() {
    let stored = definition("/v1", TOKEN);
    let sent = definition("/v1", "Bearer other");
    assert!(merge_masked(&sent, Some(&stored)) == (sent, Vec::new()));
}

#[test]
fn a_mask_without_a_stored_value_is_refused_by_its_name() {
    let sent = definition("/v1?key=…", "Bearer …");
    let (_, errors) = merge_masked(&sent, None);
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["add_headers.Authorization", "target_path"]);
}

#[test]
fn a_mask_of_something_else_is_refused() {
    let stored = definition("/v1?key=AIza0123456789abcdef", TOKEN);
    let sent = definition("/v1?key=AIz…cdef", "Bearer sk-…0000");
    let (merged, errors) = merge_masked(&sent, Some(&stored));
    let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["add_headers.Authorization"]);
    assert_eq!(
        merged.target_path, stored.target_path,
        "what is right is kept beside it"
    );
}

#[test]
fn a_mask_does_not_follow_the_route_to_another_host() {
    let stored = definition("/v1", TOKEN);
    let mut sent = definition("/v1", "Bearer sk-…4f2a");
    sent.target_host = "evil.example".to_owned();
    let (_, errors) = merge_masked(&sent, Some(&stored));
    assert!(errors[0].message.contains("target changes"));
}

#[tokio::test]
async fn the_key_file_is_made_once_and_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path());
    let db = Db::open(&config.database).unwrap();
    let sealed = SecretBox::unlock(&config, &db).await.unwrap().seal("x");
    let again = SecretBox::unlock(&config, &db).await.unwrap();
    assert_eq!(again.open(&sealed).unwrap().expose_secret(), "x");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.path().join("fastgate.db.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_wrong_or_missing_or_malformed_key_refuses_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_in(folder.path());
    let db = Db::open(&config.database).unwrap();
    SecretBox::unlock(&config, &db).await.unwrap();
    let file = folder.path().join("fastgate.db.key");
    fs::write(&file, "11".repeat(32)).unwrap();
    assert!(matches!(
        SecretBox::unlock(&config, &db).await,
        Err(UnlockError::Wrong { .. })
    ));
    fs::write(&file, "what").unwrap();
    assert!(matches!(
        SecretBox::unlock(&config, &db).await,
        Err(UnlockError::Malformed { .. })
    ));
    fs::remove_file(&file).unwrap();
    assert!(matches!(
        SecretBox::unlock(&config, &db).await,
        Err(UnlockError::Missing { .. })
    ));
    assert!(!file.exists());
    config.security.master_key = Some("22".repeat(32).into());
    assert!(matches!(
        SecretBox::unlock(&config, &db).await,
        Err(UnlockError::Wrong { .. })
    ));
}

fn config_in(folder: &Path) -> Config {
    let mut config = Config::default();
    config.database.sqlite_path = folder.join("fastgate.db");
    config
}
