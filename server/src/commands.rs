//! The commands that do one thing and end. What they print on stdout is for other programs; all else goes to stderr.

pub mod backup;
pub mod configuration;
pub mod master_key;

use crate::admin_token::stored::{self, TokenError};
use crate::cli::Cli;
use crate::config::{Config, Loaded, layers::Origin};
use crate::db::backup::BackupError;
use crate::db::{Db, OpenError, migrate};
use crate::secrets::RotateError;
use clap_complete::Shell;
use configuration::ConfigurationError;
use secrecy::{ExposeSecret as _, SecretString};
use std::io::{self, Write};
use std::process::ExitCode;

/// The exit code of `config plan` when there is something to change.
const WOULD_CHANGE: u8 = 3;

/// Tells the operator what went wrong, and other programs by the exit code.
#[must_use]
pub fn ended_with(error: &anyhow::Error) -> ExitCode {
    if let Some(ConfigurationError::WouldChange) = error.downcast_ref() {
        return ExitCode::from(WOULD_CHANGE);
    }
    say(format_args!("fastgate: {error:#}"));
    ExitCode::FAILURE
}

/// For the operator. A closed stderr is no reason for another exit code.
pub fn say(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Why a command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The token cannot be read or stored.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// There is no backup.
    #[error("no backup was made: {0}")]
    Backup(#[from] BackupError),
    /// The encryption key was not rotated.
    #[error("the encryption key was not rotated: {0}")]
    Rotate(#[from] RotateError),
    /// The token cannot be printed or changed here.
    #[error("{0}")]
    Unknown(String),
    /// What was to be printed cannot be.
    #[error(transparent)]
    Print(#[from] io::Error),
}

/// Prints every key with its value and origin.
///
/// # Errors
/// When stdout cannot be written.
pub fn check_config(loaded: &Loaded) -> Result<(), CommandError> {
    let entries = loaded.entries();
    let lines: Vec<_> = entries
        .iter()
        .map(|entry| format!("{}: {}", entry.key.path, entry.value))
        .collect();
    let width = lines
        .iter()
        .map(|line| line.chars().count())
        .filter(|width| *width < 60)
        .max()
        .unwrap_or(0);
    let mut out = io::stdout().lock();
    for (line, entry) in lines.iter().zip(&entries) {
        writeln!(out, "{line:<width$}  # {}", entry.origin)?;
    }
    Ok(())
}

/// Brings the database up to date and says what was done.
///
/// # Errors
/// When the database cannot be opened or a step fails.
pub fn migrate(config: &Config) -> Result<(), CommandError> {
    let done = migrate::run(&config.database)?;
    let mut out = io::stdout().lock();
    for version in &done {
        writeln!(out, "applied {version}")?;
    }
    if done.is_empty() {
        writeln!(out, "up to date")?;
    }
    Ok(())
}

/// Prints the OpenAPI document.
///
/// # Errors
/// When stdout cannot be written.
pub fn openapi() -> Result<(), CommandError> {
    let document = crate::admin::openapi().to_pretty_json().map_err(io::Error::other)?;
    writeln!(io::stdout(), "{document}")?;
    Ok(())
}

/// Prints the administrator's token, or stores and prints another.
///
/// # Errors
/// When the token is configured and cannot be rotated here, or is known by its hash only and cannot be printed.
pub async fn admin_token(loaded: &Loaded, rotate: bool) -> Result<(), CommandError> {
    if let Some(token) = &loaded.config.security.admin_token {
        let origin = loaded.origin("security.admin_token");
        return match rotate {
            true => Err(CommandError::Unknown(format!(
                "the token is configured ({origin}); change it there"
            ))),
            false => print_token(token, &origin),
        };
    }
    let db = Db::open(&loaded.config.database)?;
    if rotate {
        let keep = loaded.config.changes.keep;
        return print_token(&stored::rotate(&db, keep).await?, &Origin::Default);
    }
    match stored::establish(&loaded.config.security, &db).await? {
        (_, Some(token)) => print_token(&token, &Origin::Default),
        (_, None) => Err(CommandError::Unknown(
            "a token is stored, as a hash only, and cannot be shown again; --rotate makes another".to_owned(),
        )),
    }
}

/// The token alone on stdout, so that a script can take it.
fn print_token(token: &SecretString, origin: &Origin) -> Result<(), CommandError> {
    if *origin != Origin::Default {
        writeln!(io::stderr(), "configured by {origin}:")?;
    }
    writeln!(io::stdout(), "{}", token.expose_secret())?;
    Ok(())
}

/// Prints the completions for a shell.
///
/// # Errors
/// When stdout cannot be written.
pub fn completions(shell: Shell) -> Result<(), CommandError> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::whole(), "fastgate", &mut text);
    io::stdout().write_all(&text)?;
    Ok(())
}
