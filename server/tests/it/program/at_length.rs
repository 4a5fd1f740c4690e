//! What takes long, or much, to be seen: streams that go on, limits of time, clients that leave, bodies larger than memory, ten
//! thousand connections, routes and a hundred thousand keys. In the test command each with small numbers and generous bounds;
//! `AT_LENGTH=1` takes those of the promises, and prints what it measured.

mod clients;
mod pressure;
mod stage;
mod stalled;
mod streams;
mod tables;

use crate::support::process::Process;
use serde_json::{Value, json};
use stage::Stage;

const TOKEN: &str = "the-token-of-these-tests";

/// Whether the promises' own numbers are asked for.
fn at_length() -> bool {
    std::env::var_os("AT_LENGTH").is_some()
}

/// The first in the test command, the second at length.
fn either<T>(quick: T, promised: T) -> T {
    if at_length() { promised } else { quick }
}

/// A gateway with an open route to a [`Stage`].
struct Stand {
    gateway: Process,
    stage: Stage,
}

impl Stand {
    /// With these settings, and a route with these fields.
    async fn start(settings: &[&str], route: Value) -> Self {
        let stage = Stage::start().await;
        let gateway = start(settings);
        let mut fields = json!({
            "route_name": "open", "match_path": "/open/*", "auth": "none", "target_host": stage.address.to_string(),
        });
        fields
            .as_object_mut()
            .unwrap()
            .extend(route.as_object().unwrap().clone());
        let (status, text) = gateway.call("POST", "/admin/routes", TOKEN, &fields).await;
        assert_eq!(status, 201, "{text}");
        Self { gateway, stage }
    }

    /// `host:port` of the gateway.
    fn address(&self) -> &str {
        self.gateway.url.trim_start_matches("http://")
    }
}

/// A gateway with these settings.
fn start(settings: &[&str]) -> Process {
    let token = format!("security.admin_token={TOKEN}");
    let all = settings.iter().copied().chain([token.as_str()]);
    let flags: Vec<&str> = all.flat_map(|setting| ["--set", setting]).collect();
    Process::start(&flags)
}
