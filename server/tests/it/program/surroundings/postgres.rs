//! PostgreSQL is stopped, killed or frozen under load.

use super::{Stand, rows};
use crate::support::postgres::Own;
use fastgate::config;
use rstest::rstest;
use std::time::Duration;

#[rstest]
#[case::stopped("INT", true)]
#[case::killed("QUIT", true)]
#[case::frozen("STOP", false)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_costs_neither_a_request_nor_a_record(#[case] signal: &str, #[case] ends: bool) {
    let server = Own::start();
    let database = config::Database {
        url: Some(server.url().into()),
        ..config::Database::default()
    };
    let url = format!("database.url={}", server.url());
    let stand = Stand::start(&[&url]).await;
    let course = stand
        .through(
            async || server.signal(signal),
            async |()| {
                // Its last breath was longer than a moment: records are on disk.
                let since = std::time::Instant::now();
                while stand.gateway.figure("fastgate_audit_spill_records").await == 0 {
                    assert!(since.elapsed() < Duration::from_secs(30), "records wait on disk");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                if ends {
                    server.wait_and_start_again();
                } else {
                    server.signal("CONT");
                }
            },
        )
        .await;
    assert_eq!(course.lost, 0);
    course.assert_law(rows(&database).await, &format!("PostgreSQL, SIG{signal}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_end_while_its_server_is_frozen_it_ends_and_leaves_the_records_on_disk() {
    let server = Own::start();
    let database = config::Database {
        url: Some(server.url().into()),
        ..config::Database::default()
    };
    let url = format!("database.url={}", server.url());
    let stand = Stand::start(&[&url]).await;
    server.signal("STOP");
    let load = crate::support::load::Load::start(&stand.gateway.url, super::clients());
    tokio::time::sleep(Duration::from_millis(500)).await;
    let tally = load.stop().await;
    stand.gateway.signal("TERM");
    let (code, text, folder) = tokio::task::spawn_blocking(|| stand.gateway.end()).await.unwrap();
    server.signal("CONT");
    assert_eq!(code, Some(0), "{text}");
    tally.assert_flawless();
    let flags = super::flags(&[&url]);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let gateway = crate::support::process::Process::start_in(folder, &flags);
    assert!(gateway.greeting.contains("brought in"), "{}", gateway.greeting);
    assert_eq!(rows(&database).await, tally.answers.len() as u64);
}
