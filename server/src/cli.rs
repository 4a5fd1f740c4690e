//! The command line: which commands and flags there are. What the commands do is in `commands` and `serve`.

use crate::config::Sources;
use crate::config::layers::{ADMIN_TOKEN, Flag, NEW_MASTER_KEY};
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clap_complete::Shell;
use secrecy::SecretString;
use std::fmt;
use std::path::PathBuf;

const AFTER_HELP: &str = "\
Every value is taken from the first of: flag, environment (FASTGATE_SERVER__PORT=8000), file, default.

Exit codes:
  0    the end that was asked for
  1    something failed: a port in use, a database out of reach
  2    the command line or the configuration is refused
  3    config plan: there is something to change
  130  told to end a second time, so ended at once";

/// M-FastGate: an API gateway that a team runs by itself.
#[derive(Debug, Parser)]
#[command(name = "fastgate", version, propagate_version = true, after_help = AFTER_HELP)]
pub struct Cli {
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where values come from.
    #[command(flatten)]
    pub settings: Settings,
}

/// What the program can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run the gateway (the default)
    Serve,
    /// Print the effective configuration with each value's origin, without secrets
    CheckConfig,
    /// Create the database's tables or bring them up to date
    Migrate,
    /// Print the OpenAPI document of the admin interface
    Openapi,
    /// Print the administrator's token, or make another
    ///
    /// A configured token (security.admin_token) is printed. A generated one was shown once and is stored as a hash, so
    /// it cannot be printed: --rotate makes another. Where there is none yet, one is made and printed.
    AdminToken {
        /// Make another token and end all sessions; a running gateway takes it at a SIGHUP
        #[arg(long)]
        rotate: bool,
    },
    /// Copy the embedded database into a new file, also while a gateway runs
    ///
    /// The copy is as of one moment, and whole or not there. To restore it, put it in the place of database.sqlite_path
    /// while no gateway runs, without the -wal and -shm files of the old one, together with the key file of its time.
    Backup {
        /// The file; it must not exist
        file: PathBuf,
    },
    /// Encrypt the stored credentials anew, with another key
    ///
    /// With a key file (the default) a random key takes its place. With security.master_key the new key has to be given,
    /// as FASTGATE_NEW_MASTER_KEY or --new-key-file, and put in the place of the old one afterwards. Running gateways go
    /// on; they take the new key at a SIGHUP (or a restart) and refuse changes of keys and routes until then.
    RotateMasterKey(NewMasterKey),
    /// Export the keys and routes of a running gateway, or change them by a file
    ///
    /// Works over the admin interface of the gateway at --url; without it, of the one that this machine's configuration
    /// describes. Everything goes through that gateway, so that it holds at once and is in its history.
    Config {
        /// What to do
        #[command(subcommand)]
        action: ConfigAction,
        /// Which gateway
        #[command(flatten)]
        remote: RemoteGateway,
    },
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// Where another encryption key comes from.
#[derive(Clone, Debug, Default, Args)]
pub struct NewMasterKey {
    /// File that holds the new key, 64 hexadecimal digits; - reads stdin [default: FASTGATE_NEW_MASTER_KEY]
    #[arg(long = "new-key-file", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The new key. No flag: others can see those
    #[arg(skip = variable(NEW_MASTER_KEY))]
    pub key: Option<SecretString>,
}

/// What `fastgate config` does.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigAction {
    /// Print all keys and routes as YAML, credentials masked
    Export,
    /// Say what a file would change, and change nothing; exit code 3 when it would
    Plan(ConfigFile),
    /// Change keys and routes as a file says, in one transaction, after asking
    Apply {
        /// The file
        #[command(flatten)]
        file: ConfigFile,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// A file of keys and routes.
#[derive(Clone, Debug, Args)]
pub struct ConfigFile {
    /// YAML or JSON as `config export` prints it; - reads stdin
    pub file: PathBuf,
    /// Delete the routes and keys that the file's `routes` and `keys` do not name
    #[arg(long)]
    pub prune: bool,
}

/// A running gateway and the way in.
#[derive(Clone, Debug, Default, Args)]
pub struct RemoteGateway {
    /// Where the gateway's admin interface is [default: this machine, server.admin_port or server.port]
    #[arg(long, value_name = "URL", global = true)]
    pub url: Option<String>,
    /// File that holds the admin token [default: FASTGATE_ADMIN_TOKEN, then security.admin_token]
    #[arg(long, value_name = "FILE", global = true)]
    pub token_file: Option<PathBuf>,
    /// The admin token. No flag: others can see those
    #[arg(skip = variable(ADMIN_TOKEN))]
    pub token: Option<SecretString>,
}

/// A secret from the environment.
fn variable(name: &str) -> Option<SecretString> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(Into::into)
}

/// Where values come from.
#[derive(Clone, Default, Args)]
pub struct Settings {
    /// Settings file [default: config/config.yaml, if it exists]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Address to listen on (server.host)
    #[arg(long, value_name = "ADDRESS", global = true)]
    pub host: Option<String>,
    /// Port to listen on (server.port)
    #[arg(long, value_name = "PORT", global = true)]
    pub port: Option<String>,
    /// Port of a second listener for everything but the proxy (server.admin_port)
    #[arg(long, value_name = "PORT", global = true)]
    pub admin_port: Option<String>,
    /// What is logged (logging.level)
    #[arg(long, value_name = "LEVEL", global = true)]
    pub log_level: Option<String>,
    /// PostgreSQL instead of SQLite (database.url); others can see flags, so prefer the environment for a password
    #[arg(long, value_name = "URL", global = true)]
    pub database_url: Option<String>,
    /// File of the embedded database (database.sqlite_path)
    #[arg(long, value_name = "FILE", global = true)]
    pub sqlite_path: Option<String>,
    /// Any other key, for example --set proxy.timeout=60
    #[arg(long, value_name = "KEY=VALUE", global = true, value_parser = setting)]
    pub set: Vec<(String, String)>,
}

/// Shows no value: `--set` and `--database-url` may hold secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = self.sources().flags;
        formatter.debug_tuple("Settings").field(&flags).finish()
    }
}

impl Cli {
    /// The whole command line. Each command's version is that of the program, under the program's name.
    #[must_use]
    pub fn whole() -> clap::Command {
        fn named(command: clap::Command) -> clap::Command {
            command.display_name("fastgate").mut_subcommands(named)
        }
        named(Self::command())
    }

    /// Reads the command line of this process; ends it where there is nothing to go on with.
    #[must_use]
    pub fn of_process() -> Self {
        let matches = Self::whole().get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

impl Settings {
    /// The sources of the configuration: these flags, this process's environment, the file.
    #[must_use]
    pub fn sources(&self) -> Sources {
        let set = self.set.iter();
        let named = [
            ("--host", "server.host", &self.host),
            ("--port", "server.port", &self.port),
            ("--admin-port", "server.admin_port", &self.admin_port),
            ("--log-level", "logging.level", &self.log_level),
            ("--database-url", "database.url", &self.database_url),
            ("--sqlite-path", "database.sqlite_path", &self.sqlite_path),
        ];
        let named = named
            .into_iter()
            .filter_map(|(name, path, text)| Some(flag(name, path, text.as_ref()?)));
        let flags = set.map(|(path, text)| flag("--set", path, text)).chain(named).collect();
        Sources::of_process(self.config.clone(), flags)
    }
}

/// `KEY=VALUE` of `--set`.
fn setting(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("it needs the form KEY=VALUE, for example --set proxy.timeout=60"),
    }
}

fn flag(name: &str, path: &str, text: &str) -> Flag {
    Flag {
        path: path.to_owned(),
        text: text.to_owned(),
        name: name.to_owned(),
    }
}
