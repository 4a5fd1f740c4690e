//! The executable: reads the command line and the configuration, then hands over. A list of steps; the work is in the
//! library.

use anyhow::Context as _;
use clap::Parser as _;
use fastgate::app::App;
use fastgate::cli::{Cli, Command};
use fastgate::config::{LiveConfig, Loaded, Sources};
use fastgate::serve::Listeners;
use fastgate::shutdown::{Lifecycle, Reloader, Signals};
use fastgate::{commands, telemetry};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code of a refused configuration; clap uses the same for a refused command line.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let sources = cli.settings.sources();
    let done = match (cli.command.unwrap_or(Command::Serve), sources.load()) {
        (Command::Openapi, _) => commands::openapi().map_err(Into::into),
        (Command::Completions { shell }, _) => commands::completions(shell).map_err(Into::into),
        (_, Err(problems)) => {
            eprintln!("the configuration is refused:\n{problems}");
            return ExitCode::from(REFUSED);
        }
        (Command::Serve, Ok(loaded)) => run(serve(loaded, sources)),
        (Command::CheckConfig, Ok(loaded)) => commands::check_config(&loaded).map_err(Into::into),
        (Command::Migrate, Ok(loaded)) => commands::migrate(&loaded.config).map_err(Into::into),
        (Command::AdminToken { rotate }, Ok(loaded)) => {
            run(async { Ok(commands::admin_token(&loaded, rotate).await?) })
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fastgate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")?
        .block_on(work)
}

async fn serve(loaded: Loaded, sources: Sources) -> anyhow::Result<()> {
    let log = telemetry::start(&loaded.config.logging)?;
    let signals = Signals::listen().context("cannot listen to signals")?;
    // First: a port in use must not touch the database.
    let listeners = Listeners::open(&loaded.config.server).await?;
    let started = App::start(LiveConfig::new(loaded.config.clone())).await?;
    let lifecycle = Lifecycle::default();
    let reloader = Reloader {
        sources,
        loaded,
        level: log.level().clone(),
    };
    tokio::spawn(signals.watch(started.app.clone(), lifecycle.clone(), reloader));
    listeners.announce(&started);
    listeners.serve(started.app, lifecycle).await;
    Ok(())
}
