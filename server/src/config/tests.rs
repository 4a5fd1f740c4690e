//! What is accepted and refused, and which layer wins.

use super::keys::{KEYS, Key};
use super::layers::{Flag, Origin, Sources};
use super::live::{LiveConfig, reload};
use super::*;
use rstest::rstest;
use secrecy::ExposeSecret as _;
use std::net::IpAddr;
use std::path::PathBuf;
use tempfile::TempDir;

/// Sources without an environment; `config/config.yaml` of the project must not play a part.
fn sources(yaml: &str) -> (TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yaml");
    std::fs::write(&file, yaml).unwrap();
    let sources = Sources {
        file: Some(file),
        ..Sources::default()
    };
    (folder, sources)
}

fn load(yaml: &str) -> Result<Loaded, String> {
    let (_folder, sources) = sources(yaml);
    sources.load().map_err(|problems| problems.to_string())
}

fn variable(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn flag(path: &str, text: &str) -> Flag {
    Flag {
        path: path.to_owned(),
        text: text.to_owned(),
        name: "--set".to_owned(),
    }
}

#[test]
fn the_table_names_exactly_the_keys_that_there_are() {
    let all = serde_json::to_value(Config::default()).unwrap();
    let mut there: Vec<_> = all
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(section, keys)| leaves(section, keys))
        .collect();
    let mut named: Vec<_> = KEYS.iter().map(|key| key.path.to_owned()).collect();
    there.sort();
    named.sort();
    assert_eq!(there, named);
}

fn leaves(path: &str, value: &serde_json::Value) -> Vec<String> {
    match value.as_object() {
        Some(below) => below
            .iter()
            .flat_map(|(name, value)| leaves(&format!("{path}.{name}"), value))
            .collect(),
        None => vec![path.to_owned()],
    }
}

#[test]
fn every_default_is_allowed() {
    let all = serde_json::to_value(Config::default()).unwrap();
    for key in KEYS {
        let value = &all.pointer(&format!("/{}", key.path.replace('.', "/"))).unwrap();
        assert!(
            key.null.is_some() && value.is_null() || key.kind.read(value).is_some(),
            "{}: {value}",
            key.path
        );
    }
}

#[test]
fn the_settings_file_of_0_2_is_understood() {
    let loaded = load(
        "server: {host: 0.0.0.0, port: 8080}\ndatabase: {sqlite_path: /var/lib/x.db}\n\
         proxy: {timeout: 60, max_retries: 5, async_audit: false}\nlogging: {level: WARNING}\n",
    )
    .unwrap();
    assert_eq!(loaded.config.server.host, IpAddr::from([0, 0, 0, 0]));
    assert_eq!(loaded.config.server.port, 8080);
    assert_eq!(loaded.config.database.sqlite_path, PathBuf::from("/var/lib/x.db"));
    assert_eq!((loaded.config.proxy.timeout, loaded.config.proxy.max_retries), (60, 5));
    assert!(!loaded.config.proxy.async_audit);
}

#[rstest]
#[case::nothing("")]
#[case::only_comments("# server:\n#   port: 1\n")]
#[case::an_empty_section("server:\n")]
fn a_file_may_say_nothing(#[case] yaml: &str) {
    assert_eq!(load(yaml).unwrap().config.server.port, 8000);
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let (_folder, mut sources) = sources("server: {port: 1, drain_seconds: 1, keep_alive_seconds: 1}");
    sources.variables = vec![
        variable("FASTGATE_SERVER__PORT", "2"),
        variable("FASTGATE_SERVER__DRAIN_SECONDS", "2"),
    ];
    sources.flags = vec![flag("server.port", "3")];
    let loaded = sources.load().unwrap();
    let server = &loaded.config.server;
    assert_eq!(
        (server.port, server.drain_seconds, server.keep_alive_seconds),
        (3, 2, 1)
    );
    let origin = |path| {
        loaded
            .entries()
            .into_iter()
            .find(|entry| entry.key.path == path)
            .unwrap()
            .origin
    };
    assert_eq!(origin("server.port"), Origin::Flag("--set".to_owned()));
    assert_eq!(
        origin("server.drain_seconds"),
        Origin::Environment("FASTGATE_SERVER__DRAIN_SECONDS".to_owned())
    );
    assert!(matches!(origin("server.keep_alive_seconds"), Origin::File(_)));
    assert_eq!(origin("server.host"), Origin::Default);
}

#[test]
fn lists_in_the_environment_are_separated_by_commas() {
    let sources = Sources {
        file: Some(PathBuf::from("/dev/null")),
        variables: vec![
            variable("FASTGATE_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.1"),
            variable("FASTGATE_AUDIT__REDACT_FIELDS", "pin,iban"),
            variable("FASTGATE_DATABASE__URL", ""),
        ],
        flags: Vec::new(),
    };
    let config = sources.load().unwrap().config;
    assert_eq!(config.audit.redact_fields, ["pin", "iban"]);
    let networks: Vec<_> = config.server.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.0.0.0/8", "192.168.1.1/32"]);
    assert!(config.database.url.is_none(), "an empty text is no URL");
}

#[rstest]
#[case(
    "server: {port: 99999}",
    r"server.port = 99999 must be a whole number from 0 to 65535"
)]
#[case("server: {port: -1}", r"server.port = -1 must be a whole number from 0 to 65535")]
#[case("server: {port: 80.5}", r"server.port = 80.5 must be a whole number")]
#[case("server: {port: http}", r#"server.port = "http" must be a whole number"#)]
#[case("server: {port: null}", "server.port = null must be a whole number")]
#[case("server: {port: [1]}", "server.port = [1] must be a whole number")]
#[case(
    "server: {host: example.org}",
    r#"server.host = "example.org" must be an IP address"#
)]
#[case("server: {prot: 1}", "server.prot is no key; `server` has host, port")]
#[case("sever: {port: 1}", "sever is no key; the sections are server, database")]
#[case("security: {admin_token a-secret}", "security.admin_token… is no key")]
#[case("server: 5", "server must hold keys")]
#[case("[1]", "must hold sections")]
#[case("server: {port: 1", "cannot be read")]
#[case("server: {port: 1, port: 2}", "cannot be read")]
#[case(
    "server: {trusted_proxies: [10.0.0.0/33]}",
    r#"server.trusted_proxies = ["10.0.0.0/33"] must be a list of networks"#
)]
#[case(
    "server: {port: 8000, admin_port: 8000}",
    "server.admin_port = 8000 must differ from server.port"
)]
#[case("proxy: {timeout: 0}", "proxy.timeout = 0 must be a whole number from 1 to 3600")]
#[case("proxy: {max_retries: 11}", "from 0 to 10")]
#[case("proxy: {async_audit: 2}", "proxy.async_audit = 2 must be true or false")]
#[case(
    "security: {key_prefix: 'a b'}",
    r#"security.key_prefix = "a b" must be 1 to 16 letters"#
)]
#[case("security: {key_prefix: ''}", "must be 1 to 16 letters")]
#[case("security: {default_expiry_days: 0}", "from 1 to 36500, or null")]
#[case("rate_limiting: {default_requests_per_minute: 0}", "from 1 to")]
#[case("logging: {level: inof}", r#"logging.level = "inof" must be error, warn"#)]
#[case("logging: {format: xml}", r#"logging.format = "xml" must be one of json, text"#)]
#[case("audit: {capture: some}", "one of none, errors, all")]
#[case("audit: {queue_bytes: 1}", "from 1048576 to 1073741824")]
#[case("database: {sqlite_path: ''}", "must be the path of a file")]
fn a_refused_value_names_key_value_and_what_is_allowed(#[case] yaml: &str, #[case] message: &str) {
    let text = load(yaml).err().expect("refused");
    assert!(text.contains(message), "{text}");
    assert!(text.contains("(file:"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[rstest]
#[case("security: {admin_token: hunter2}", "at least 16 characters")]
#[case("security: {master_key: hunter2}", "64 hexadecimal digits")]
#[case("database: {url: 'mysql://u:hunter2@h/d'}", "starts with postgres://")]
#[case("security: {admin_token: 'hunter2", "cannot be read")]
fn a_refused_secret_is_not_shown(#[case] yaml: &str, #[case] message: &str) {
    let text = load(yaml).err().expect("refused");
    assert!(text.contains(message), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn everything_that_is_wrong_is_listed_at_once() {
    let (_folder, mut sources) = sources("server: {port: x}\nnonsense: {}\n");
    sources.variables = vec![
        variable("FASTGATE_SERVER_PORT", "1"),
        variable("FASTGATE_PROXY__TIMEOUT", "soon"),
    ];
    sources.flags = vec![flag("a.b", "c")];
    let text = sources.load().err().expect("refused").to_string();
    assert_eq!(text.lines().count(), 5, "{text}");
    for origin in [
        "FASTGATE_SERVER_PORT",
        "environment FASTGATE_PROXY__TIMEOUT",
        "flag --set",
    ] {
        assert!(text.contains(origin), "{text}");
    }
}

#[test]
fn a_named_file_must_exist() {
    let sources = Sources {
        file: Some(PathBuf::from("/nowhere/config.yaml")),
        ..Sources::default()
    };
    assert!(
        sources
            .load()
            .err()
            .expect("refused")
            .to_string()
            .contains("/nowhere/config.yaml cannot be read")
    );
}

#[test]
fn secrets_are_read_and_never_shown() {
    let loaded = load("security: {admin_token: canary-canary-canary}").unwrap();
    assert_eq!(
        loaded.config.security.admin_token.as_ref().unwrap().expose_secret(),
        "canary-canary-canary"
    );
    let shown = format!("{:?} {:?}", loaded.config, loaded.entries());
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_reload_takes_what_can_change_and_names_the_rest() {
    let now = load("proxy: {timeout: 1}\nserver: {port: 1}\nsecurity: {admin_token: sixteen-letters-0}").unwrap();
    let read = load("proxy: {timeout: 2}\nserver: {port: 2}\nsecurity: {admin_token: sixteen-letters-1}").unwrap();
    let live = LiveConfig::of(&now);
    let done = reload(&now, read).unwrap();
    let paths = |keys: &[&Key]| keys.iter().map(|key| key.path).collect::<Vec<_>>();
    assert_eq!(paths(&done.changed), ["proxy.timeout", "security.admin_token"]);
    assert_eq!(paths(&done.need_restart), ["server.port"]);
    live.replace(&done.loaded);
    assert_eq!((live.proxy.timeout, live.server.port), (2, 1));
    let shown = |path: &str| live.entries().into_iter().find(|entry| entry.key.path == path).unwrap();
    assert_eq!(shown("proxy.timeout").value, 2);
    assert!(matches!(shown("proxy.timeout").origin, Origin::File(_)));
    assert_eq!(shown("proxy.max_retries").origin, Origin::Default);
    assert!(!shown("security.admin_token").value.to_string().contains("sixteen"));
}

#[rstest]
#[case("INFO", true)]
#[case("warn,fastgate::proxy=debug", true)]
#[case("fastgate=loud", false)]
#[case("=info", false)]
#[case("", false)]
fn log_filters_are_levels_by_target(#[case] text: &str, #[case] valid: bool) {
    assert_eq!(values::log_filter(text).is_some(), valid);
}

#[test]
fn certificates_are_named_in_the_file_or_the_environment() {
    let from_file = load(
        "server:\n  tls:\n    cert: a.pem\n    key: a.key\n    certificates:\n    - {cert: b.pem, key: b.key}\n    - c.pem=c.key\n",
    )
    .unwrap();
    let mut sources = sources("").1;
    sources.file = None;
    sources.variables = vec![
        variable("FASTGATE_SERVER__TLS__CERT", "a.pem"),
        variable("FASTGATE_SERVER__TLS__KEY", "a.key"),
        variable("FASTGATE_SERVER__TLS__CERTIFICATES", "b.pem=b.key, c.pem=c.key"),
    ];
    let from_environment = sources.load().unwrap();
    assert_eq!(from_file.config.server.tls, from_environment.config.server.tls);
    let named: Vec<_> = from_file
        .config
        .server
        .tls
        .pairs()
        .map(|(key, files)| (key, files.cert))
        .collect();
    assert_eq!(
        named,
        [
            ("server.tls".to_owned(), PathBuf::from("a.pem")),
            ("server.tls.certificates[0]".to_owned(), PathBuf::from("b.pem")),
            ("server.tls.certificates[1]".to_owned(), PathBuf::from("c.pem")),
        ]
    );
}

#[rstest]
#[case(
    "server: {tls: {cert: a.pem}}",
    "server.tls.key must be given together with server.tls.cert"
)]
#[case(
    "server: {tls: {key: a.key}}",
    "server.tls.cert must be given together with server.tls.key"
)]
#[case("server: {tls: {cart: a.pem}}", "server.tls.cart is no key")]
#[case("server: {tls: a.pem}", "server.tls is no key")]
#[case("server: {tls: {certificates: [{cert: a.pem}]}}", "server.tls.certificates = ")]
#[case(
    "server: {proxy_protocol: required}",
    "server.proxy_protocol needs server.trusted_proxies"
)]
#[case("server: {proxy_protocol: maybe}", "must be one of off, optional, required")]
fn a_listener_that_does_not_fit_together_is_refused(#[case] yaml: &str, #[case] says: &str) {
    let problems = load(yaml).err().unwrap();
    assert!(problems.contains(says), "{problems}");
}

#[test]
fn off_is_a_word() {
    let loaded = load("server: {proxy_protocol: off, tls: }").unwrap();
    assert_eq!(loaded.config.server.proxy_protocol, ProxyProtocol::Off);
    assert!(!loaded.config.server.tls.is_on());
}
