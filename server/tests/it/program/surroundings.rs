//! What the machine and the database do to a gateway under load, and what holds all the while: no proxy error, rows and
//! counted losses are the responses, memory is bounded, and it recovers without a restart.
//!
//! `FAULT_ROUNDS` says how often the process is ended (3), `FAULT_SECONDS` how long each fault lasts (2), `FAULT_CLIENTS` how many
//! ask all the while (4, each some 200 times a second at most), `FASTGATE_BIN` which executable it is.

mod clock;
mod disk;
mod ends;
mod log;
mod postgres;
mod sqlite;

use crate::support::load::{Counting, Load, Tally};
use crate::support::process::Process;
use fastgate::config;
use fastgate::db::{Db, logs, upkeep};
use futures_util::TryStreamExt as _;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const TOKEN: &str = "the-token-of-these-tests";
/// How long the gateway may take until nothing waits any more, once the fault is over.
const RECOVERY: Duration = Duration::from_secs(60);
/// What may be in memory beside what was there before: the queue, and what the allocator keeps.
const MEMORY: u64 = 128 << 20;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

fn rounds() -> u64 {
    number("FAULT_ROUNDS", 3)
}

/// Clients of the load.
fn clients() -> usize {
    number("FAULT_CLIENTS", 4) as usize
}

fn fault_lasts() -> Duration {
    Duration::from_secs(number("FAULT_SECONDS", 2))
}

/// A gateway with an open route to an upstream that counts.
struct Stand {
    gateway: Process,
    upstream: Counting,
}

/// What a fault did.
struct Course {
    tally: Tally,
    lost: u64,
    recovered_after: Duration,
}

impl Stand {
    async fn start(settings: &[&str]) -> Self {
        let flags = flags(settings);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        Self::of(Process::start(&flags)).await
    }

    async fn of(gateway: Process) -> Self {
        let upstream = Counting::start().await;
        let route = json!({
            "route_name": "open", "match_path": "/open/*", "auth": "none",
            "target_host": upstream.address.to_string(),
        });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let call = client.post(format!("{}/admin/routes", gateway.url)).bearer_auth(TOKEN);
        let created = call.body(route.to_string()).send().await.unwrap();
        assert_eq!(created.status().as_u16(), 201, "{}", created.text().await.unwrap());
        Self { gateway, upstream }
    }

    fn database(&self) -> config::Database {
        embedded(self.gateway.folder.path())
    }

    /// Load, then a fault while it goes on, then the fault's end; waits until nothing waits any more.
    async fn through<F, T>(&self, begin: impl AsyncFnOnce() -> F, end: impl AsyncFnOnce(F) -> T) -> Course {
        let load = Load::start(&self.gateway.url, clients());
        tokio::time::sleep(Duration::from_millis(300)).await;
        let memory = self.gateway.memory();
        let fault = begin().await;
        tokio::time::sleep(fault_lasts()).await;
        let most = self.gateway.memory();
        end(fault).await;
        let since = Instant::now();
        let tally = load.stop().await;
        self.is_settled().await;
        let recovered_after = since.elapsed();
        let lost = self.gateway.figure("fastgate_audit_records_lost_total").await;
        tally.assert_flawless();
        assert!(most < memory + MEMORY, "memory rose from {memory} to {most}");
        Course {
            tally,
            lost,
            recovered_after,
        }
    }

    /// Waits until no record waits, neither in memory nor on disk.
    async fn is_settled(&self) {
        let since = Instant::now();
        loop {
            let (_, text) = self.gateway.get("/metrics").await;
            let waits = |line: &str| {
                let waiting = ["fastgate_audit_queue_records ", "fastgate_audit_spill_records "];
                waiting
                    .iter()
                    .any(|name| line.strip_prefix(name).is_some_and(|value| value != "0"))
            };
            if !text.lines().any(waits) {
                return;
            }
            assert!(since.elapsed() < RECOVERY, "records wait for too long");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Course {
    /// Each answer has a row, or is counted as lost.
    #[track_caller]
    fn assert_law(&self, rows: u64, name: &str) {
        println!(
            "{name}: {} answers, {rows} rows, {} lost; nothing waited after {} ms",
            self.tally.answers.len(),
            self.lost,
            self.recovered_after.as_millis()
        );
        assert_eq!(
            rows + self.lost,
            self.tally.answers.len() as u64,
            "rows and counted losses are the answers"
        );
    }
}

/// The settings as flags, with a token.
fn flags(settings: &[&str]) -> Vec<String> {
    let token = format!("security.admin_token={TOKEN}");
    let all = settings.iter().copied().chain([token.as_str()]);
    all.flat_map(|setting| ["--set".to_owned(), setting.to_owned()])
        .collect()
}

/// The embedded database of a gateway in this folder.
fn embedded(folder: &Path) -> config::Database {
    config::Database {
        sqlite_path: folder.join("data/fastgate.db"),
        ..config::Database::default()
    }
}

/// How many records there are.
async fn rows(database: &config::Database) -> u64 {
    let db = Db::open(database).unwrap();
    db.read(upkeep::count).await.unwrap()
}

/// The ids of the recorded requests.
async fn recorded(database: &config::Database) -> Vec<String> {
    let db = Db::open(database).unwrap();
    let records: Vec<Vec<_>> = logs::export(db, logs::LogQuery::default(), logs::Order::Asc, false)
        .try_collect()
        .await
        .unwrap();
    records
        .into_iter()
        .flatten()
        .map(|record| record.item.request_id)
        .collect()
}

/// Starts again in the folder of a gateway that has ended.
fn again(folder: TempDir) -> Process {
    let flags = flags(&[]);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    Process::start_in(folder, &flags)
}
