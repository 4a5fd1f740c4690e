//! The executable: reads the command line and the configuration, then hands over. A list of steps; the work is in the
//! library.

use anyhow::Context as _;
use fastgate::cli::{Cli, Command};
use fastgate::commands::{self, backup, configuration, master_key};
use fastgate::config::{Loaded, Sources};
use fastgate::private_memory::{self, NotPrivate};
use fastgate::serve;
use fastgate::shutdown::Signals;
use fastgate::telemetry;
use std::process::ExitCode;
use std::time::Duration;

// Without transparent huge pages (`no_thp`): with them an idle gateway takes 14 MB more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code of a refused configuration; clap uses the same for a refused command line.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    let private = private_memory::keep();
    let cli = Cli::of_process();
    let sources = cli.settings.sources();
    let command = cli.command.unwrap_or(Command::Serve);
    let mut loaded = sources.load().map_err(|problems| problems.to_string());
    if matches!(command, Command::Serve | Command::CheckConfig) {
        loaded = loaded.and_then(fastgate::listen::checked);
    }
    let done = match (command, loaded) {
        (Command::Openapi, _) => commands::openapi().map_err(Into::into),
        (Command::Completions { shell }, _) => commands::completions(shell).map_err(Into::into),
        (_, Err(problems)) => {
            commands::say(format_args!("the configuration is refused:\n{problems}"));
            return ExitCode::from(REFUSED);
        }
        (Command::Serve, Ok(loaded)) => run(serve(loaded, sources, private)),
        (Command::CheckConfig, Ok(loaded)) => commands::check_config(&loaded).map_err(Into::into),
        (Command::Migrate, Ok(loaded)) => commands::migrate(&loaded.config).map_err(Into::into),
        (Command::Backup { file }, Ok(loaded)) => backup::write(&loaded.config, &file).map_err(Into::into),
        (Command::AdminToken { rotate }, Ok(loaded)) => {
            run(async { Ok(commands::admin_token(&loaded, rotate).await?) })
        }
        (Command::RotateMasterKey(new), Ok(loaded)) => run(async { Ok(master_key::rotate(&loaded, new).await?) }),
        (Command::Config { action, remote }, Ok(loaded)) => {
            run(async { Ok(configuration::work(&loaded.config, action, remote).await?) })
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => commands::ended_with(&error),
    }
}

fn run(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let done = runtime.block_on(work);
    // A database call that hangs must not keep the process from ending.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

async fn serve(loaded: Loaded, sources: Sources, private: Result<(), NotPrivate>) -> anyhow::Result<()> {
    let log = telemetry::start(&loaded.config.logging)?;
    let _ = private.inspect_err(|error| tracing::warn!("{error}"));
    let signals = Signals::listen().context("cannot listen to signals")?;
    let ended = serve::until_told(loaded, sources, signals, log.level().clone()).await;
    // For those who read the log's file only.
    ended
        .inspect_err(|error| tracing::error!(%error, "Not started"))
        .map_err(Into::into)
}
