//! The executable as an operator meets it: commands, exit codes, the first start, signals.

mod at_length;
mod backup;
mod canary;
mod configuration;
mod descriptors;
mod ending;
mod master_key;
mod surroundings;

use crate::support::process::{Process, fastgate};
use crate::support::tls;
use assert_cmd::assert::OutputAssertExt as _;
use rstest::rstest;
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use tempfile::tempdir;

fn stdout(folder: &Path, args: &[&str]) -> String {
    let output = fastgate(folder)
        .args(args)
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    String::from_utf8(output).unwrap()
}

/// The exit code and stderr of a command that is refused.
fn refused(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = fastgate(folder)
        .args(args)
        .envs(variables.iter().copied())
        .assert()
        .failure()
        .get_output()
        .clone();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn check_config_prints_each_value_with_its_origin_and_no_secret() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("config")).unwrap();
    fs::write(folder.path().join("config/config.yaml"), "proxy: {timeout: 60}\n").unwrap();
    let output = fastgate(folder.path())
        .args(["check-config", "--set", "proxy.max_retries=1"])
        .env("FASTGATE_SERVER__PORT", "9000")
        .env("FASTGATE_SECURITY__ADMIN_TOKEN", "canary-canary-canary")
        .assert()
        .success()
        .get_output()
        .clone();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |key: &str| text.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    for (key, value, origin) in [
        ("server.host", "\"127.0.0.1\"", "# default"),
        ("server.port", "9000", "# environment FASTGATE_SERVER__PORT"),
        ("proxy.timeout", "60", "# file:config/config.yaml"),
        ("proxy.max_retries", "1", "# flag --set"),
        (
            "security.admin_token",
            "not shown",
            "# environment FASTGATE_SECURITY__ADMIN_TOKEN",
        ),
    ] {
        assert!(
            line(key).contains(value) && line(key).ends_with(origin),
            "{}",
            line(key)
        );
    }
    assert!(!text.contains("canary"), "{text}");
    assert!(!folder.path().join("data").exists(), "nothing is opened");
}

#[rstest]
#[case(&["check-config", "--port", "99999"], "server.port = \"99999\" must be a whole number from 0 to 65535 (flag --port)")]
#[case(&["--set", "a.b=c"], "a.b is no key")]
#[case(&["--set", "proxy.timeout"], "it needs the form KEY=VALUE")]
#[case(&["--set", "proxy.timeout="], "proxy.timeout = \"\" must be")]
#[case(&["migrate", "--config", "nowhere.yaml"], "nowhere.yaml cannot be read")]
#[case(&["--no-such-flag"], "--no-such-flag")]
#[case(&["no-such-command"], "no-such-command")]
fn what_is_refused_ends_with_code_2(#[case] args: &[&str], #[case] message: &str) {
    let folder = tempdir().unwrap();
    let (code, text) = refused(folder.path(), args, &[]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains(message), "{text}");
}

#[rstest]
#[case(&["--version"])]
#[case(&["serve", "--version"])]
#[case(&["config", "export", "--version"])]
fn every_command_says_the_programs_own_version(#[case] args: &[&str]) {
    let folder = tempdir().unwrap();
    assert_eq!(
        stdout(folder.path(), args),
        format!("fastgate {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let folder = tempdir().unwrap();
    let variables = [("FASTGATE_PROXY__TIMEOUT", "0"), ("FASTGATE_SERVER_PORT", "1")];
    let (code, text) = refused(folder.path(), &["--log-level", "loud"], &variables);
    assert_eq!(code, Some(2));
    for key in ["logging.level", "proxy.timeout", "FASTGATE_SERVER_PORT"] {
        assert!(text.contains(key), "{text}");
    }
}

#[test]
fn variables_that_kubernetes_sets_for_a_service_of_this_name_are_no_settings() {
    let folder = tempdir().unwrap();
    fastgate(folder.path())
        .arg("check-config")
        .envs([
            ("FASTGATE_SERVICE_HOST", "10.0.0.1"),
            ("FASTGATE_PORT", "tcp://10.0.0.1:80"),
            ("FASTGATE_PORT_80_TCP_PROTO", "tcp"),
        ])
        .assert()
        .success();
}

#[rstest]
#[case("serve")]
#[case("check-config")]
#[case("migrate")]
#[case("backup")]
#[case("rotate-master-key")]
#[case("openapi")]
#[case("admin-token")]
#[case("completions")]
fn every_command_has_help_and_version(#[case] command: &str) {
    let folder = tempdir().unwrap();
    assert!(stdout(folder.path(), &[command, "--help"]).contains("Usage: fastgate"));
    assert!(stdout(folder.path(), &[command, "--version"]).contains(env!("CARGO_PKG_VERSION")));
}

#[rstest]
#[case("bash")]
#[case("zsh")]
#[case("fish")]
fn completions_are_printed(#[case] shell: &str) {
    let folder = tempdir().unwrap();
    assert!(stdout(folder.path(), &["completions", shell]).contains("check-config"));
}

#[test]
fn the_openapi_document_is_printed_also_where_the_configuration_is_refused() {
    let folder = tempdir().unwrap();
    let text = stdout(folder.path(), &["openapi", "--port", "x"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[test]
fn migrate_brings_the_database_up_to_date_and_says_so() {
    let folder = tempdir().unwrap();
    assert!(stdout(folder.path(), &["migrate"]).contains("applied 2026"));
    assert_eq!(stdout(folder.path(), &["migrate"]), "up to date\n");
}

#[test]
fn the_admin_token_is_printed_once_and_can_be_rotated() {
    let folder = tempdir().unwrap();
    let first = stdout(folder.path(), &["admin-token"]);
    assert!(first.starts_with("fga_"), "{first}");
    let (code, text) = refused(folder.path(), &["admin-token"], &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("--rotate"), "{text}");
    let second = stdout(folder.path(), &["admin-token", "--rotate"]);
    assert!(second.starts_with("fga_") && second != first);
}

#[test]
fn a_configured_admin_token_is_printed_and_is_not_rotated_here() {
    let folder = tempdir().unwrap();
    let token = "configured-by-hand";
    let set = format!("security.admin_token={token}");
    assert_eq!(
        stdout(folder.path(), &["admin-token", "--set", &set]),
        format!("{token}\n")
    );
    let (code, text) = refused(folder.path(), &["admin-token", "--rotate", "--set", &set], &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("change it there"), "{text}");
}

#[test]
fn a_port_in_use_ends_with_code_1_and_leaves_the_database_alone() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempdir().unwrap();
    let (code, text) = refused(folder.path(), &["--port", &port], &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("cannot listen on"), "{text}");
    assert!(!folder.path().join("data").exists());
    let log = fs::read_to_string(folder.path().join("logs/fastgate.log")).unwrap();
    assert!(log.contains("Not started"), "{log}");
}

#[tokio::test]
async fn the_first_start_shows_a_token_that_opens_the_admin_side_and_later_ones_do_not() {
    let gateway = Process::start(&[]);
    let token = gateway
        .greeting
        .split_whitespace()
        .find(|word| word.starts_with("fga_"))
        .unwrap()
        .to_owned();
    assert!(gateway.greeting.contains(&format!("{}/admin/dashboard", gateway.url)));
    assert_eq!(gateway.get("/admin/keys").await.0, 401);
    assert_eq!(gateway.get_as("/admin/keys", &token).await.0, 200);
    gateway.signal("TERM");
    let (code, _, folder) = gateway.end();
    assert_eq!(code, Some(0));
    let log = fs::read_to_string(folder.path().join("logs/fastgate.log")).unwrap();
    assert!(!log.contains(&token), "the token is in no log");
    assert!(!log.contains("ERROR"), "nothing is wrong: {log}");

    let again = Process::start_in(folder, &[]);
    assert!(!again.greeting.contains("fga_"), "{}", again.greeting);
    assert_eq!(again.get_as("/admin/keys", &token).await.0, 200);
}

#[tokio::test]
async fn sigterm_turns_readiness_off_before_the_end() {
    let gateway = Process::start(&["--set", "server.shutdown_delay_seconds=3600"]);
    assert_eq!(gateway.get("/health/ready").await.0, 200);
    gateway.signal("TERM");
    gateway.line_with("not ready any more");
    assert_eq!(gateway.get("/health/ready").await.0, 503);
    assert_eq!(gateway.get("/health/live").await.0, 200);
    gateway.signal("INT");
    assert_eq!(gateway.end().0, Some(130), "a second signal ends at once");
}

#[rstest]
#[case("TERM")]
#[case("INT")]
fn a_signal_ends_with_code_0_and_the_log_is_complete(#[case] name: &str) {
    let gateway = Process::start(&[]);
    gateway.signal(name);
    let (code, text, folder) = gateway.end();
    assert_eq!(code, Some(0), "{text}");
    let log = fs::read_to_string(folder.path().join("logs/fastgate.log")).unwrap();
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(last["message"], "Ended");
}

#[tokio::test]
async fn sighup_reads_the_file_again_and_an_invalid_one_changes_nothing() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    fs::write(&file, "metrics: {public: false}\n").unwrap();
    let gateway = Process::start_in(folder, &["--config", "config.yaml"]);

    fs::write(&file, "proxy: {timeout: never}\n").unwrap();
    gateway.signal("HUP");
    assert!(gateway.line_with("Configuration refused").contains("proxy.timeout"));

    fs::write(&file, "proxy: {timeout: 7}\nserver: {max_connections: 7}\n").unwrap();
    gateway.signal("HUP");
    assert!(
        gateway
            .line_with("Configuration read again")
            .contains("changed=\"proxy.timeout\"")
    );
    assert!(gateway.line_with("need a restart").contains("server.max_connections"));
    assert_eq!(gateway.get("/health").await.0, 200);
}

#[tokio::test]
async fn a_rotated_token_is_taken_at_a_sighup() {
    let gateway = Process::start(&[]);
    let new = stdout(gateway.folder.path(), &["admin-token", "--rotate"]);
    gateway.signal("HUP");
    gateway.line_with("Configuration read again");
    assert_eq!(gateway.get_as("/admin/keys", new.trim()).await.0, 200);
}

#[tokio::test]
async fn a_second_listener_takes_the_admin_side_away_from_the_first() {
    let gateway = Process::start(&["--admin-port", "0"]);
    assert!(gateway.greeting.contains("doors=\"Proxy\"") && gateway.greeting.contains("doors=\"Admin\""));
    // The last address that was announced is the admin side's.
    assert_eq!(gateway.get("/admin/keys").await.0, 401);
    assert_eq!(gateway.get("/health").await.0, 200);
}

#[tokio::test]
async fn a_certificate_is_announced_reloaded_and_kept_when_the_new_one_is_none() {
    let folder = tempdir().unwrap();
    let old = tls::make(folder.path(), "a", &["localhost"]);
    let path = |file: &Path| file.to_str().unwrap().to_owned();
    let cert = format!("server.tls.cert={}", path(&old.files.cert));
    let key = format!("server.tls.key={}", path(&old.files.key));
    let process = Process::start(&["--set", &cert, "--set", &key]);
    assert!(
        process.greeting.contains("Sign in with it at https://127.0.0.1:"),
        "{}",
        process.greeting
    );
    let address = process.url.strip_prefix("http://").unwrap().parse().unwrap();
    let new = tls::make(folder.path(), "a", &["localhost"]);
    process.signal("HUP");
    process.line_with("Certificates read");
    let client = tls::TlsClient::trusting([&new], &[]);
    let mut stream = client.connect_to(address, "localhost").await.unwrap();
    assert_eq!(tls::shown(&stream), new.der);
    let figures = tls::exchange(
        &mut stream,
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(
        figures.contains("fastgate_tls_certificate_expires_timestamp_seconds "),
        "{figures}"
    );
    fs::write(&new.files.cert, "nothing").unwrap();
    process.signal("HUP");
    let line = process.line_with("Certificate refused; those in force stay");
    assert!(line.contains("server.tls.cert = "), "{line}");
    let stream = client.connect_to(address, "localhost").await.unwrap();
    assert_eq!(tls::shown(&stream), new.der);
    process.signal("TERM");
    assert_eq!(process.end().0, Some(0));
}

#[rstest]
#[case("serve")]
#[case("check-config")]
fn a_certificate_that_cannot_be_used_stops_the_start(#[case] command: &str) {
    let folder = tempdir().unwrap();
    let cert = ("FASTGATE_SERVER__TLS__CERT", "missing.pem");
    let (code, said) = refused(
        folder.path(),
        &[command],
        &[cert, ("FASTGATE_SERVER__TLS__KEY", "missing.key")],
    );
    assert_eq!(code, Some(2));
    assert!(
        said.contains("server.tls.cert = \"missing.pem\" cannot be used: No such file"),
        "{said}"
    );
    let (code, said) = refused(folder.path(), &[command], &[cert]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains("server.tls.key must be given together with server.tls.cert"),
        "{said}"
    );
    assert!(!folder.path().join("data").exists(), "nothing is opened");
}
