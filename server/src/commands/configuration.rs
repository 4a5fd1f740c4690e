//! `fastgate config`: keys and routes of a running gateway as a file, for those who keep them under version control. What is
//! decided is decided by that gateway (`admin/config`); here are the shell's side of it and the words.

use crate::cli::{ConfigAction, ConfigFile, RemoteGateway};
use crate::config::Config;
use crate::upstream::remote::{Remote, RemoteAnswer};
use fastgate_shared::changes::{ChangeAction, FieldDiff, ImportItem, ImportResult};
use fastgate_shared::problem::Problem;
use http::Method;
use secrecy::SecretString;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// A plan that is not empty: told by the exit code.
    #[error("there is something to change")]
    WouldChange,
    /// No token is known.
    #[error(
        "no admin token: set FASTGATE_ADMIN_TOKEN, or give --token-file; a generated token was shown once at the first start"
    )]
    NoToken,
    /// A file cannot be read.
    #[error("cannot read {path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// There is nobody to ask.
    #[error("nothing was changed: stdin is no terminal to ask at; --yes applies without asking")]
    NobodyToAsk,
    /// The answer was no.
    #[error("nothing was changed")]
    NotWanted,
    /// The gateway was not reached, or said no.
    #[error("{0}")]
    Refused(String),
    /// What was to be printed cannot be.
    #[error(transparent)]
    Print(#[from] io::Error),
}

/// Does what the command line says.
///
/// # Errors
/// See [`ConfigurationError`].
pub async fn work(config: &Config, action: ConfigAction, remote: RemoteGateway) -> Result<(), ConfigurationError> {
    let base = remote.url.clone().unwrap_or_else(|| own_address(config));
    let gateway = Remote::new(&base, token(config, remote)?).map_err(ConfigurationError::Refused)?;
    match action {
        ConfigAction::Export => {
            let path = "/admin/config/export";
            let answer = gateway.call(Method::GET, path, String::new(), None).await;
            io::stdout().write_all(accepted(answer)?.as_bytes())?;
            Ok(())
        }
        ConfigAction::Plan(file) => {
            let text = read(&file.file)?;
            let plan = import(&gateway, &file, text, Step::Plan).await?;
            io::stdout().write_all(told(&plan).as_bytes())?;
            if plan.changes_anything() {
                return Err(ConfigurationError::WouldChange);
            }
            Ok(())
        }
        ConfigAction::Apply { file, yes } => apply(&gateway, &file, yes).await,
    }
}

async fn apply(gateway: &Remote, file: &ConfigFile, yes: bool) -> Result<(), ConfigurationError> {
    let text = read(&file.file)?;
    let plan = import(gateway, file, text.clone(), Step::Plan).await?;
    io::stderr().write_all(told(&plan).as_bytes())?;
    if !plan.changes_anything() {
        return Ok(());
    }
    if !yes {
        // A document from stdin leaves nothing to answer with.
        if !io::stdin().is_terminal() {
            return Err(ConfigurationError::NobodyToAsk);
        }
        write!(io::stderr(), "Apply this? Only `yes` does: ")?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        if answer.trim() != "yes" {
            return Err(ConfigurationError::NotWanted);
        }
    }
    let done = import(gateway, file, text, Step::Apply(&plan.etag)).await?;
    writeln!(io::stderr(), "Applied.")?;
    // On stdout, so that a script can take them: they are shown once.
    let mut out = io::stdout().lock();
    for created in &done.created_keys {
        let definition = &created.key.definition;
        let name = definition.name.as_ref().unwrap_or(&definition.source_path);
        writeln!(out, "{}\t{name}\t{}", created.key.key_id, created.key_value)?;
    }
    Ok(())
}

/// Whether it is only asked, or done to exactly the state that was asked about.
enum Step<'a> {
    Plan,
    Apply(&'a str),
}

async fn import(
    gateway: &Remote,
    file: &ConfigFile,
    text: String,
    step: Step<'_>,
) -> Result<ImportResult, ConfigurationError> {
    let (dry_run, if_match) = match step {
        Step::Plan => (true, None),
        Step::Apply(etag) => (false, Some(etag)),
    };
    let path = format!("/admin/config/import?dry_run={dry_run}&prune={}", file.prune);
    let body = accepted(gateway.call(Method::POST, &path, text, if_match).await)?;
    serde_json::from_str(&body).map_err(|error| {
        ConfigurationError::Refused(format!("the answer is not that of an M-FastGate gateway: {error}"))
    })
}

fn accepted(answer: Result<RemoteAnswer, String>) -> Result<String, ConfigurationError> {
    let answer = answer.map_err(ConfigurationError::Refused)?;
    if answer.status.is_success() {
        return Ok(answer.body);
    }
    let mut text = format!("refused with {}", answer.status);
    if let Ok(problem) = serde_json::from_str::<Problem>(&answer.body) {
        text = format!("refused with {}: {}", answer.status.as_u16(), problem.detail);
        for error in &problem.errors {
            text.push_str(&format!("\n  {}: {}", error.field, error.message));
        }
    }
    Err(ConfigurationError::Refused(text))
}

fn read(file: &Path) -> Result<String, ConfigurationError> {
    let mut text = String::new();
    let read = match file.to_str() {
        Some("-") => io::stdin().read_to_string(&mut text).map(|_| text),
        _ => std::fs::read_to_string(file),
    };
    read.map_err(|error| ConfigurationError::File {
        path: file.display().to_string(),
        error,
    })
}

fn token(config: &Config, remote: RemoteGateway) -> Result<SecretString, ConfigurationError> {
    if let Some(path) = remote.token_file {
        let text = read(&path)?;
        return Ok(text.trim().to_owned().into());
    }
    let token = remote.token.or_else(|| config.security.admin_token.clone());
    token.ok_or(ConfigurationError::NoToken)
}

/// Where the gateway of this configuration is reached from its own machine.
fn own_address(config: &Config) -> String {
    let server = &config.server;
    let scheme = if server.tls.cert.is_some() { "https" } else { "http" };
    let host = match server.host {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.to_string(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => format!("[{}]", Ipv6Addr::LOCALHOST),
        IpAddr::V6(address) => format!("[{address}]"),
        IpAddr::V4(address) => address.to_string(),
    };
    format!("{scheme}://{host}:{}", server.admin_port.unwrap_or(server.port))
}

/// A plan in words.
fn told(plan: &ImportResult) -> String {
    let mut text = String::new();
    for item in &plan.items {
        tell(&mut text, item);
    }
    let summary = format!(
        "{} to make, {} to change, {} to delete; {} stay as they are",
        plan.created, plan.changed, plan.deleted, plan.unchanged
    );
    let left = match plan.not_named {
        0 => String::new(),
        count => format!(", {count} more are not named here (--prune deletes such)"),
    };
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{summary}{left}.");
    text
}

fn tell(text: &mut String, item: &ImportItem) {
    let sign = match item.action {
        ChangeAction::Created => '+',
        ChangeAction::Deleted => '-',
        ChangeAction::Updated | ChangeAction::Toggled | ChangeAction::Rotated => '~',
    };
    let id = item.object_id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
    let _ = writeln!(text, "{sign} {} {:?}{id}", item.kind.as_str(), item.object_name);
    if item.action == ChangeAction::Deleted {
        return;
    }
    for FieldDiff { field, before, after } in &item.diff {
        let _ = match item.action {
            ChangeAction::Created => writeln!(text, "    {field}: {after}"),
            _ => writeln!(text, "    {field}: {before} → {after}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_of_this_machine_is_found_by_its_configuration() {
        let mut config = Config::default();
        assert_eq!(own_address(&config), "http://127.0.0.1:8000");
        config.server.host = "::".parse().unwrap();
        config.server.admin_port = Some(9000);
        config.server.tls.cert = Some("cert.pem".into());
        assert_eq!(own_address(&config), "https://[::1]:9000");
    }
}
