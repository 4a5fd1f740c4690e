//! What needs no second database: the file, its refusals, the errors. The queries are tested on both in `tests/it/`.
use super::*;
use rstest::rstest;
use std::path::Path;

fn database(folder: &Path) -> config::Database {
    config::Database {
        sqlite_path: folder.join("deep/er/fastgate.db"),
        ..config::Database::default()
    }
}

#[tokio::test]
async fn a_missing_file_is_made_with_its_folders_and_answers() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&database(folder.path())).unwrap();
    db.ping().await.unwrap();
    assert_eq!(db.dialect(), Dialect::Sqlite);
}

#[rstest]
#[case::garbage(b"this is not a database at all, sorry".to_vec())]
#[case::cut_head(b"SQLite form".to_vec())]
#[case::head_only({ let mut file = b"SQLite format 3\0".to_vec(); file.resize(4096, 0xff); file })]
fn a_damaged_file_is_refused_and_left_alone(#[case] content: Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let config = config::Database {
        sqlite_path: folder.path().join("fastgate.db"),
        ..config::Database::default()
    };
    std::fs::write(&config.sqlite_path, &content).unwrap();
    let error = Db::open(&config).err().expect("refused");
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("fastgate.db"));
    assert_eq!(std::fs::read(&config.sqlite_path).unwrap(), content);
}

#[test]
fn a_file_that_was_emptied_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fastgate.db");
    std::fs::write(&path, "").unwrap();
    std::fs::write(folder.path().join("fastgate.db.key"), "00").unwrap();
    let config = config::Database {
        sqlite_path: path,
        ..config::Database::default()
    };
    assert!(matches!(Db::open(&config).err(), Some(OpenError::Damaged { .. })));
}

#[test]
fn another_programs_tables_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = database(folder.path());
    connect::prepare(&Target::of(&config).unwrap()).unwrap();
    let mut open = Connector::new(Target::of(&config).unwrap()).establish().unwrap();
    execute_batch(&mut open.connection, "CREATE TABLE api_keys (id INTEGER)").unwrap();
    assert!(matches!(Db::open(&config).err(), Some(OpenError::Foreign { .. })));
}

#[test]
fn a_newer_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = database(folder.path());
    let db = Db::open(&config).unwrap();
    execute_batch(
        &mut db.connect().unwrap(),
        "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')",
    )
    .unwrap();
    let error = Db::open(&config).err().unwrap().to_string();
    assert!(
        error.contains("newer version") && error.contains("29991231000000"),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_vanishes_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let config = database(folder.path());
    let db = Db::open(&config).unwrap();
    std::fs::remove_file(&config.sqlite_path).unwrap();
    assert!(matches!(db.connect().err(), Some(DbError::Unavailable(_))));
    assert!(!config.sqlite_path.exists());
}

#[tokio::test]
async fn a_failed_write_leaves_nothing_and_the_connection_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&database(folder.path())).unwrap();
    let failed: DbResult<()> = db
        .write(|connection| {
            settings::set(connection, "a", "1")?;
            Err(DbError::NotFound)
        })
        .await;
    assert!(matches!(failed, Err(DbError::NotFound)));
    assert_eq!(
        db.read(|connection| settings::get(connection, "a")).await.unwrap(),
        None
    );
    db.write(|connection| settings::set(connection, "a", "2"))
        .await
        .unwrap();
    assert_eq!(
        db.read(|connection| settings::get(connection, "a"))
            .await
            .unwrap()
            .as_deref(),
        Some("2")
    );
}

#[tokio::test]
async fn a_query_that_panics_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&database(folder.path())).unwrap();
    let result: DbResult<()> = db.write(|_| panic!("oh")).await;
    assert!(matches!(result, Err(DbError::Internal(_))));
    db.write(|connection| settings::set(connection, "a", "1"))
        .await
        .unwrap();
}

#[rstest]
#[case("mysql://x")]
#[case("sqlite://x.db")]
fn an_unknown_scheme_is_refused(#[case] url: &str) {
    let config = config::Database {
        url: Some(url.to_owned().into()),
        ..config::Database::default()
    };
    assert!(matches!(Target::of(&config), Err(OpenError::Configuration(_))));
}

#[test]
fn no_password_gets_into_a_message() {
    let config = config::Database {
        url: Some("postgres://user:p@ss@db:5432/gate?sslmode=disable".to_owned().into()),
        ..config::Database::default()
    };
    assert_eq!(Target::of(&config).unwrap().place(), "postgres://db:5432/gate");
}

#[test]
fn messages_for_clients_say_nothing_of_the_cause() {
    let error = DbError::Internal("SELECT secret\nFROM x".to_owned());
    assert_eq!(error.to_string(), "the database failed");
    assert_eq!(error.cause(), "SELECT secret\\nFROM x");
}

#[tokio::test]
async fn any_path_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let config = config::Database {
        sqlite_path: folder.path().join("a b%41?mode=memory#x.db"),
        ..config::Database::default()
    };
    Db::open(&config).unwrap().ping().await.unwrap();
    assert!(std::fs::metadata(&config.sqlite_path).unwrap().len() > 0);
}
