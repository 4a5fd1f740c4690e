//! `fastgate rotate-master-key`: everything sealed opens with the new key and with no other, whatever happens meanwhile.

use crate::support::process::{Process, fastgate};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const TOKEN: &str = "fga_the-token-of-all-tests";
const SECRET: &str = "Bearer sk-canary-0123456789abcdef";
const OLD_KEY: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const NEW_KEY: &str = "2222222222222222222222222222222222222222222222222222222222222222";

fn token() -> (&'static str, &'static str) {
    ("FASTGATE_SECURITY__ADMIN_TOKEN", TOKEN)
}

fn key_file(folder: &Path) -> PathBuf {
    folder.join("data/fastgate.db.key")
}

/// The exit code, stdout and stderr of `fastgate rotate-master-key`.
fn rotate(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let output = fastgate(folder)
        .arg("rotate-master-key")
        .args(args)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A gateway that ended, with a route that holds a credential, and a key that was deleted; returns their ids.
async fn used(variables: &[(&str, &str)]) -> (TempDir, String, String) {
    let variables = [variables, &[token()]].concat();
    let gateway = Process::start_with(tempfile::tempdir().unwrap(), &[], &variables);
    let route = json!({"route_name": "r", "match_path": "/v1/*", "target_host": "one.test:1",
        "add_headers": {"Authorization": SECRET}, "target_path": "/v1?key=AIza-canary-0123456789"});
    let made: Value = posted(&gateway, "/admin/routes", &route).await;
    let key: Value = posted(&gateway, "/admin/keys", &json!({"source_path": "a"})).await;
    let id = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let (route_id, key_id) = (id(&made, "route_id"), id(&key, "key_id"));
    let path = format!("/admin/keys/{key_id}");
    assert_eq!(gateway.call("DELETE", path, TOKEN, &Value::Null).await.0, 200);
    gateway.signal("TERM");
    let (code, _, folder) = gateway.end();
    assert_eq!(code, Some(0));
    (folder, route_id, key_id)
}

async fn posted(gateway: &Process, path: &str, body: &Value) -> Value {
    let (status, text) = gateway.call("POST", path, TOKEN, body).await;
    assert!((200..300).contains(&status), "{path}: {status} {text}");
    serde_json::from_str(&text).unwrap()
}

/// Everything that was sealed can be read: the route, its history, and what brings the deleted key back.
async fn reads_all(gateway: &Process, route_id: &str, key_id: &str) {
    let (status, text) = gateway.get_as(format!("/admin/routes/{route_id}"), TOKEN).await;
    assert!(status == 200 && text.contains("Bearer sk-…cdef"), "{text}");
    let (status, text) = gateway.get_as("/admin/changes", TOKEN).await;
    assert!(status == 200 && text.contains("Bearer sk-…cdef"), "{text}");
    let changes: Value = serde_json::from_str(&text).unwrap();
    let deletion = changes["items"].as_array().unwrap().iter();
    let deletion = deletion
        .clone()
        .find(|change| change["object_id"] == key_id && change["action"] == "deleted");
    let path = format!(
        "/admin/changes/{}/restore?dry_run=true",
        deletion.unwrap()["id"].as_str().unwrap()
    );
    let (status, text) = gateway.call("POST", path, TOKEN, &json!({"state": "before"})).await;
    assert_eq!(status, 200, "{text}");
}

fn refused_start(folder: &Path, variables: &[(&str, &str)]) -> String {
    let output = fastgate(folder)
        .args(["--port", "0"])
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_key_file_is_replaced_and_the_old_key_opens_nothing_more() {
    let (folder, route_id, key_id) = used(&[]).await;
    let file = key_file(folder.path());
    let old = fs::read_to_string(&file).unwrap();
    let (code, out, said) = rotate(folder.path(), &[], &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(out.contains("1 routes, 3 changes"), "{out}");
    let new = fs::read_to_string(&file).unwrap();
    assert!(new != old && new.trim().len() == 64);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!folder.path().join("data/fastgate.db.key.new").exists());

    fs::write(&file, &old).unwrap();
    let said = refused_start(folder.path(), &[token()]);
    assert!(said.contains("is not the one that the stored credentials"), "{said}");
    fs::write(&file, &new).unwrap();
    let gateway = Process::start_with(folder, &[], &[token()]);
    reads_all(&gateway, &route_id, &key_id).await;
    let (_, changes) = gateway.get_as("/admin/changes?kind=setting", TOKEN).await;
    assert!(
        changes.contains("master_key") && changes.contains("rotated"),
        "{changes}"
    );
}

#[tokio::test]
async fn nothing_that_the_old_key_sealed_stays_in_the_files() {
    let (folder, ..) = used(&[]).await;
    let sealed = |folder: &Path| {
        let mut found = std::collections::BTreeSet::new();
        for name in ["data/fastgate.db", "data/fastgate.db-wal"] {
            let bytes = fs::read(folder.join(name)).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let parts = text.split("enc:v1:").skip(1);
            found.extend(parts.map(|part| part.chars().take(40).collect::<String>()));
        }
        found
    };
    let before = sealed(folder.path());
    assert!(before.len() >= 4, "{before:?}");
    assert_eq!(rotate(folder.path(), &[], &[]).0, Some(0));
    let after = sealed(folder.path());
    assert!(after.len() >= 4);
    assert!(before.is_disjoint(&after), "{before:?} {after:?}");
}

#[tokio::test]
async fn a_rotation_that_broke_off_after_its_commit_is_finished_by_the_next_start() {
    let (folder, route_id, key_id) = used(&[]).await;
    let file = key_file(folder.path());
    let pending = folder.path().join("data/fastgate.db.key.new");
    let old = fs::read(&file).unwrap();
    assert_eq!(rotate(folder.path(), &[], &[]).0, Some(0));
    // As a crash between the commit and the renaming leaves it.
    fs::rename(&file, &pending).unwrap();
    fs::write(&file, &old).unwrap();
    let gateway = Process::start_with(folder, &[], &[token()]);
    assert!(gateway.greeting.contains("it is finished"), "{}", gateway.greeting);
    reads_all(&gateway, &route_id, &key_id).await;
    assert!(!gateway.folder.path().join("data/fastgate.db.key.new").exists());
}

#[tokio::test]
async fn a_rotation_that_broke_off_before_its_commit_leaves_the_old_key_in_force() {
    let (folder, route_id, key_id) = used(&[]).await;
    fs::write(folder.path().join("data/fastgate.db.key.new"), NEW_KEY).unwrap();
    let gateway = Process::start_with(folder, &[], &[token()]);
    reads_all(&gateway, &route_id, &key_id).await;
    assert_eq!(
        rotate(gateway.folder.path(), &[], &[]).0,
        Some(0),
        "and can be made again"
    );
}

#[tokio::test]
async fn a_running_gateway_goes_on_refuses_changes_and_takes_the_key_at_a_sighup() {
    let (folder, route_id, key_id) = used(&[]).await;
    let gateway = Process::start_with(folder, &[], &[token()]);
    let (code, out, said) = rotate(gateway.folder.path(), &[], &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(out.contains("SIGHUP"), "{out}");
    let key = json!({"source_path": "b"});
    let (status, text) = gateway.call("POST", "/admin/keys", TOKEN, &key).await;
    assert!(status == 503 && text.contains("SIGHUP"), "{status} {text}");
    assert_eq!(gateway.get("/health/ready").await.0, 200);
    gateway.signal("HUP");
    gateway.line_with("The encryption key of a rotation is in force");
    gateway.line_with("Configuration read again");
    assert_eq!(gateway.call("POST", "/admin/keys", TOKEN, &key).await.0, 201);
    reads_all(&gateway, &route_id, &key_id).await;
}

#[tokio::test]
async fn a_configured_key_is_rotated_to_a_given_one() {
    let old = ("FASTGATE_SECURITY__MASTER_KEY", OLD_KEY);
    let new = ("FASTGATE_SECURITY__MASTER_KEY", NEW_KEY);
    let (folder, route_id, key_id) = used(&[old]).await;
    let (code, _, said) = rotate(folder.path(), &[], &[old]);
    assert_eq!(code, Some(1));
    assert!(said.contains("FASTGATE_NEW_MASTER_KEY"), "{said}");
    let (code, _, said) = rotate(folder.path(), &[], &[old, ("FASTGATE_NEW_MASTER_KEY", "short")]);
    assert_eq!(code, Some(1));
    assert!(said.contains("64 hexadecimal digits"), "{said}");
    let (_, _, said) = rotate(folder.path(), &[], &[old, ("FASTGATE_NEW_MASTER_KEY", OLD_KEY)]);
    assert!(said.contains("the one that is in use"), "{said}");

    let (code, out, said) = rotate(folder.path(), &[], &[old, ("FASTGATE_NEW_MASTER_KEY", NEW_KEY)]);
    assert_eq!(code, Some(0), "{said}");
    assert!(out.contains("environment FASTGATE_SECURITY__MASTER_KEY"), "{out}");
    assert!(!out.contains(NEW_KEY) && !said.contains(NEW_KEY));
    let said = refused_start(folder.path(), &[old, token()]);
    assert!(said.contains("security.master_key is not the one"), "{said}");
    let gateway = Process::start_with(folder, &[], &[new, token()]);
    reads_all(&gateway, &route_id, &key_id).await;
}

#[tokio::test]
async fn a_new_key_may_come_from_a_file() {
    let (folder, ..) = used(&[]).await;
    fs::write(folder.path().join("mine"), format!("{NEW_KEY}\n")).unwrap();
    let (code, _, said) = rotate(folder.path(), &["--new-key-file", "mine"], &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(fs::read_to_string(key_file(folder.path())).unwrap().trim(), NEW_KEY);
    let (code, _, said) = rotate(folder.path(), &["--new-key-file", "nowhere"], &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("nowhere cannot be read"), "{said}");
}
