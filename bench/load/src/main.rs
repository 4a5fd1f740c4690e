//! What the benchmark needs beside wrk. Each command prints one line of JSON.
//!
//! - `upstream`: answers every request with a paced event stream.
//! - `open`: so many requests a second whatever the answers take; a latency counts from the moment at which the request was due.
//! - `streams`: so many streams at a time; time to first byte, and how far the gaps are from the pace.
//! - `idle`: opens connections, sends one request on each, and keeps them until its standard input ends.

mod client;
mod figures;
mod idle;
mod open;
mod streams;
mod upstream;

use std::error::Error;

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answers every request with events at a pace; prints its port.
    Upstream {
        /// Events of each answer; as long as all streams take to begin, and twice that.
        #[arg(long, default_value_t = 150)]
        events: u32,
        /// Milliseconds between two events.
        #[arg(long, default_value_t = 20)]
        gap_ms: u64,
    },
    /// Requests at a steady rate.
    Open {
        #[command(flatten)]
        target: Target,
        /// Requests per second.
        #[arg(long, default_value_t = 200)]
        rate: u32,
        /// How long, in seconds.
        #[arg(long, default_value_t = 5)]
        seconds: u32,
        /// Connections that take turns.
        #[arg(long, default_value_t = 16)]
        connections: u32,
    },
    /// Event streams side by side.
    Streams {
        #[command(flatten)]
        target: Target,
        /// Streams at a time.
        #[arg(long, default_value_t = 1_000)]
        count: u32,
        /// The pace of the upstream, in milliseconds.
        #[arg(long, default_value_t = 20)]
        gap_ms: u64,
    },
    /// Connections that do nothing after one request each.
    Idle {
        #[command(flatten)]
        target: Target,
        /// Connections.
        #[arg(long, default_value_t = 10_000)]
        count: u32,
    },
}

/// Where requests go, and what they are.
#[derive(Args, Clone)]
pub struct Target {
    /// Address and port on this machine.
    #[arg(long)]
    address: String,
    /// The request's path.
    #[arg(long)]
    path: String,
    /// The API key, sent as a bearer token.
    #[arg(long, default_value = "none")]
    key: String,
    /// The JSON body; GET without one.
    #[arg(long, default_value = "")]
    body: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match Arguments::parse().command {
            Command::Upstream { events, gap_ms } => upstream::serve(events, gap_ms).await,
            Command::Open {
                target,
                rate,
                seconds,
                connections,
            } => open::run(&target, rate, seconds, connections).await,
            Command::Streams { target, count, gap_ms } => streams::run(&target, count, gap_ms).await,
            Command::Idle { target, count } => idle::run(&target, count).await,
        }
    })
}
