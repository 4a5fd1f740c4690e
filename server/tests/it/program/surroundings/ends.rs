//! The process is told to end, or is killed, under load.

use super::{Stand, again, clients, embedded, recorded, rounds, rows};
use crate::support::load::Load;
use diesel::prelude::*;
use diesel::sql_types::Text;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// Promised are 2 s beside what is drained (nothing here lasts). The rest is for a machine that does other things meanwhile.
const END: Duration = Duration::from_secs(6);
/// Promised are 100 ms. The rest is for a machine that does other things meanwhile.
const LOSS: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_end_under_load_it_answers_what_it_took_and_records_what_it_answered() {
    for round in 1..=rounds() {
        let stand = Stand::start(&[]).await;
        let load = Load::start(&stand.gateway.url, clients());
        tokio::time::sleep(Duration::from_millis(500)).await;
        let since = Instant::now();
        stand.gateway.signal("TERM");
        let upstream = stand.upstream;
        let (code, text, folder) = tokio::task::spawn_blocking(|| stand.gateway.end()).await.unwrap();
        let took = since.elapsed();
        let tally = load.stop().await;
        let rows = rows(&embedded(folder.path())).await;
        println!(
            "SIGTERM {round}: {} answers, {rows} rows, {} not taken, ended after {} ms",
            tally.answers.len(),
            tally.unanswered,
            took.as_millis()
        );
        assert_eq!(code, Some(0), "{text}");
        assert_eq!((tally.refused.len(), tally.broken), (0, 0));
        // Whoever asks on an idle connection in the moment in which it is closed is not taken, and may ask again: nothing of
        // it went to an upstream.
        assert_eq!(upstream.seen(), tally.answers.len(), "what went on was answered");
        assert_eq!(rows, tally.answers.len() as u64);
        assert!(took < END, "{took:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_it_loses_the_last_moment_and_nothing_else() {
    let mut worst = Duration::ZERO;
    for round in 1..=rounds() {
        let stand = Stand::start(&[]).await;
        let load = Load::start(&stand.gateway.url, clients());
        tokio::time::sleep(Duration::from_millis(500)).await;
        stand.gateway.signal("KILL");
        let killed = Instant::now();
        let (_, _, folder) = tokio::task::spawn_blocking(|| stand.gateway.end()).await.unwrap();
        let tally = load.stop().await;
        assert_eq!(integrity(&embedded(folder.path()).sqlite_path), "ok");
        let recorded: BTreeSet<String> = recorded(&embedded(folder.path())).await.into_iter().collect();
        let missing = tally.answers.iter().filter(|(id, _)| !recorded.contains(*id));
        let lost = missing
            .map(|(_, heard)| killed.saturating_duration_since(*heard))
            .max()
            .unwrap_or_default();
        worst = worst.max(lost);
        println!(
            "SIGKILL {round}: {} answers, {} rows, the last {} ms lost",
            tally.answers.len(),
            recorded.len(),
            lost.as_millis()
        );
        assert!(tally.refused.is_empty());
        assert!(lost <= LOSS, "{lost:?}");
        drop(again(folder));
    }
    println!("SIGKILL: at most the last {} ms lost", worst.as_millis());
}

/// What SQLite says of the file.
pub fn integrity(path: &Path) -> String {
    #[derive(QueryableByName)]
    struct Finding {
        #[diesel(sql_type = Text)]
        integrity_check: String,
    }
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let findings: Vec<Finding> = diesel::sql_query("PRAGMA integrity_check")
        .load(&mut connection)
        .unwrap();
    findings.into_iter().map(|finding| finding.integrity_check).collect()
}
