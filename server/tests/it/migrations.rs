//! The tables can be made, taken back and made again, and both databases have the same ones.

use crate::support::database::{TestDatabase, empty};
use fastgate::db::{Db, Dialect, migrate, settings};
use rstest::rstest;
use std::collections::BTreeSet;
use std::path::Path;

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn go_up_down_and_up_again(#[case] dialect: Dialect) {
    let (config, _folder) = empty(dialect);
    let steps = migrate::run(&config).unwrap();
    assert!(!steps.is_empty());
    assert!(
        migrate::run(&config).unwrap().is_empty(),
        "a second run has nothing to do"
    );
    let db = Db::open(&config).unwrap();
    let mut connection = db.connect().unwrap();
    settings::set(&mut connection, "a", "1").unwrap();
    migrate::revert_all(&mut connection).unwrap();
    assert!(settings::get(&mut connection, "a").is_err(), "the tables are gone");
    assert_eq!(migrate::apply(&mut connection, "here").unwrap(), steps);
    assert_eq!(settings::get(&mut connection, "a").unwrap(), None);
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
fn run_once_when_several_processes_start_at_once(#[case] dialect: Dialect) {
    let (config, _folder) = empty(dialect);
    let ran: Vec<usize> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| migrate::run(&config).unwrap().len()))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert_eq!(ran.iter().filter(|steps| **steps > 0).count(), 1, "{ran:?}");
}

#[rstest]
#[case::sqlite(Dialect::Sqlite)]
#[case::postgres(Dialect::Postgres)]
#[tokio::test]
async fn a_fresh_database_is_ready(#[case] dialect: Dialect) {
    TestDatabase::new(dialect).db.ping().await.unwrap();
}

#[test]
fn have_the_same_steps_for_both_databases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let steps = |dialect: &str| -> BTreeSet<String> {
        let steps = std::fs::read_dir(folder.join(dialect)).unwrap();
        steps
            .map(|step| {
                let step = step.unwrap();
                assert!(step.path().join("up.sql").exists() && step.path().join("down.sql").exists());
                step.file_name().into_string().unwrap()
            })
            .collect()
    };
    assert_eq!(steps("sqlite"), steps("postgres"));
}
