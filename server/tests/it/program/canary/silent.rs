//! Types that hold secrets do not show them to who debugs them, and the process leaves no image of its memory.

use super::{ADMIN_TOKEN, MASTER_KEY, UPSTREAM_QUERY, UPSTREAM_TOKEN, routes};
use crate::support::process::Process;
use std::fs;
use std::net::SocketAddr;

#[test]
fn nothing_shows_its_secrets_to_who_debugs_it() {
    use clap::Parser as _;
    use fastgate::admin_token::AdminToken;
    use fastgate::api_keys::NewKey;
    use fastgate::cli::Cli;
    use fastgate::secrets::{MasterKey, SecretBox};
    use secrecy::ExposeSecret as _;

    let flag = format!("security.admin_token={ADMIN_TOKEN}");
    let mut cli = Cli::parse_from(["fastgate", "--set", &flag, "rotate-master-key"]);
    if let Some(fastgate::cli::Command::RotateMasterKey(new)) = &mut cli.command {
        new.key = Some(MASTER_KEY.into());
    }
    let mut sources = cli.settings.sources();
    sources.file = None;
    sources.variables = vec![("FASTGATE_SECURITY__MASTER_KEY".to_owned(), MASTER_KEY.to_owned())];
    let config = sources.load().unwrap().config;
    let master = MasterKey::from_hex(MASTER_KEY).unwrap();
    let route: fastgate_shared::route::RouteDefinition =
        serde_json::from_value(routes(SocketAddr::from(([127, 0, 0, 1], 1)))[0].clone()).unwrap();
    let key = NewKey::generate("fg_");
    let sign_in = fastgate_shared::rpc::SignIn {
        token: ADMIN_TOKEN.to_owned().into(),
    };
    let shown = format!(
        "{cli:?} {sources:?} {config:?} {master:?} {:?} {:?} {route:?} {key:?} {sign_in:?}",
        SecretBox::new([7; 32]),
        AdminToken::from_token(ADMIN_TOKEN),
    );
    let secrets = [
        ADMIN_TOKEN,
        MASTER_KEY,
        UPSTREAM_TOKEN,
        UPSTREAM_QUERY,
        key.value.expose_secret(),
        "7, 7, 7",
        "202, 154",
    ];
    for secret in secrets {
        assert!(!shown.contains(secret), "{shown}");
    }
    // Also where somebody's text comes into the words of a panic, and from there into the log.
    let panic = std::panic::catch_unwind(|| format!("{UPSTREAM_TOKEN}é").split_at(UPSTREAM_TOKEN.len() + 1).0.len());
    let words = panic.unwrap_err().downcast::<String>().unwrap();
    assert!(words.contains(UPSTREAM_TOKEN), "{words}");
    let said = fastgate::telemetry::panic_text::without_secrets(&words);
    assert!(!said.contains(UPSTREAM_TOKEN), "{said}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_running_gateway_leaves_no_core_dump() {
    let gateway = Process::start(&[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", gateway.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    assert_eq!(
        core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(),
        ["0", "0"],
        "{core}"
    );
    assert!(!gateway.said().contains("could hold secrets"));
}
