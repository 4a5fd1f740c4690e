//! What waits in the file, how it is read back, and what a torn end costs.

use super::*;
use crate::audit_log::header_text::HeaderText;
use fastgate_shared::audit_log::{Attempt, Outcome, Replay};
use http::Method;
use proptest::prelude::*;
use tempfile::TempDir;

fn record(id: i64) -> Record {
    let mut headers = HeaderText::default();
    headers.push(&http::header::ACCEPT, "a \"quoted\" \u{e9}\tvalue");
    Record {
        id,
        request_id: format!("request-{id}").into(),
        source_path: Some("app".into()),
        key_id: None,
        key_preview: Some("fg_Ab…9xYz".into()),
        route_id: Some("route".into()),
        route_name: None,
        method: Method::from_bytes(b"PURGE").unwrap(),
        path: "/ünï?x=1".to_owned(),
        path_only_len: 6,
        target_url: Some("http://upstream/".to_owned()),
        status_code: Some(200),
        outcome: Some(Outcome::ClientClosed),
        request_time: -5,
        first_response_time: Some(i64::MAX),
        response_time: Some(i64::MIN),
        duration_us: Some(1),
        ttfb_us: None,
        gateway_us: Some(3),
        request_size: u64::MAX,
        response_size: 0,
        user_agent: Some("\u{1b}[31m\0".to_owned()),
        ip_address: "2001:db8::1".parse().unwrap(),
        is_stream: true,
        stream_chunks: 7,
        model: Some("qwen3".to_owned()),
        prompt_tokens: Some(5),
        completion_tokens: None,
        error_message: Some("it broke".to_owned()),
        request_headers: headers,
        response_headers: HeaderText::default(),
        request_body: Some("{\"a\":1}".to_owned()),
        response_body: Some("x".repeat(id.unsigned_abs().try_into().unwrap_or(0) % 5_000)),
        attempts: vec![Attempt {
            attempt: 1,
            target: "http://upstream".to_owned(),
            route_name: None,
            phase: None,
            status_code: Some(200),
            error: Some("connect_failed".to_owned()),
            ms: 0.1,
        }],
        match_reason: Some("it fits".into()),
        replay: Some(Box::new(Replay {
            of: Some("7".to_owned()),
            by: "admin token".to_owned(),
        })),
    }
}

fn ended(id: i64) -> Entry {
    Entry::Ended {
        record: Box::new(record(id)),
        stored: None,
    }
}

fn in_folder(max_bytes: u64) -> (TempDir, Spill) {
    let folder = tempfile::tempdir().unwrap();
    let spill = Spill::new(folder.path().join("db.spill"), max_bytes);
    (folder, spill)
}

/// What another process finds in the file.
fn found(path: &Path) -> Vec<i64> {
    let mut leftover = Leftover::find(path).unwrap().unwrap();
    let mut ids = Vec::new();
    while let Some(batch) = leftover.next(2).unwrap() {
        ids.extend(batch.ids());
    }
    ids
}

#[test]
fn a_record_comes_back_with_every_field() {
    let (_folder, mut spill) = in_folder(1 << 20);
    spill.append(&ended(4_711)).unwrap();
    let (batch, _) = spill.head(10).unwrap();
    assert_eq!(format!("{:?}", batch.ended[0]), format!("{:?}", record(4_711)));
    assert!(batch.spilled);
}

#[test]
fn records_go_in_order_and_the_file_goes_with_the_last() {
    let (folder, mut spill) = in_folder(1 << 20);
    for id in 1..=5 {
        spill.append(&ended(id)).unwrap();
    }
    assert_eq!(spill.records(), 5);
    let (first, bytes) = spill.head(3).unwrap();
    assert_eq!(first.ids(), [1, 2, 3]);
    spill.advance(bytes, 3);
    spill.append(&ended(6)).unwrap();
    let (rest, bytes) = spill.head(9).unwrap();
    assert_eq!(rest.ids(), [4, 5, 6]);
    spill.advance(bytes, 3);
    assert!(spill.is_empty() && spill.bytes() == 0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    spill.append(&ended(7)).unwrap();
    assert_eq!(spill.head(9).unwrap().0.ids(), [7], "it is made anew when it is needed");
}

#[test]
fn what_does_not_fit_is_refused_and_leaves_no_trace() {
    let (folder, mut spill) = in_folder(6_000);
    let mut kept = Vec::new();
    for id in 1..100 {
        match spill.append(&ended(id)) {
            Ok(()) => kept.push(id),
            Err(SpillError::Full) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(kept.len() > 1);
    let path = folder.path().join("db.spill");
    assert!(std::fs::metadata(&path).unwrap().len() <= 6_000);
    drop(spill);
    assert_eq!(found(&path), kept);
    let (folder, mut none) = in_folder(0);
    assert!(matches!(none.append(&ended(1)), Err(SpillError::Full)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn the_file_is_for_the_owner_alone_and_for_one_process_at_a_time() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, mut spill) = in_folder(1 << 20);
    spill.append(&ended(1)).unwrap();
    let path = folder.path().join("db.spill");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(Leftover::find(&path).unwrap().is_none(), "it is left to who uses it");
    let mut other = Spill::new(path.clone(), 1 << 20);
    assert!(matches!(other.append(&ended(2)), Err(SpillError::Disk(_))));
    drop(spill);
    assert_eq!(found(&path), [1]);
}

#[test]
fn a_file_that_is_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db.spill");
    assert!(Leftover::find(&path).unwrap().is_none());
    std::fs::write(&path, "notes of an administrator, which nobody may delete").unwrap();
    assert!(Leftover::find(&path).is_err());
}

#[test]
fn a_record_above_the_usual_size_comes_back() {
    let (_folder, mut spill) = in_folder(64 << 20);
    let mut large = record(1);
    large.response_body = Some("y".repeat(9 << 20));
    let batch = Batch {
        ended: vec![Box::new(large), Box::new(record(2))],
        ..Batch::default()
    };
    let bytes = spill.append_batch(&batch).unwrap();
    let (all, read) = spill.head(10).unwrap();
    assert_eq!((all.ids(), read), (vec![1, 2], bytes));
}

/// The bytes of a file with records of these sizes.
fn file_of(ids: &[i64]) -> Vec<u8> {
    let (folder, mut spill) = in_folder(1 << 30);
    for id in ids {
        spill.append(&ended(*id)).unwrap();
    }
    std::fs::read(folder.path().join("db.spill")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_torn_file_gives_back_every_record_before_the_tear(
        ids in prop::collection::vec(1_i64..9_000, 1..6),
        tear in any::<prop::sample::Index>(),
    ) {
        let whole = file_of(&ids);
        let length = tear.index(whole.len());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.spill");
        std::fs::write(&path, &whole[..length]).unwrap();
        let found = found(&path);
        prop_assert!(ids.starts_with(&found));
        let next = file_of(&ids[..=found.len().min(ids.len() - 1)]).len();
        prop_assert!(found.len() == ids.len() || length < next, "a whole record was left out");
    }

    #[test]
    fn a_changed_file_gives_back_nothing_that_was_not_written(
        ids in prop::collection::vec(1_i64..9_000, 1..6),
        at in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        let mut bytes = file_of(&ids);
        let body = bytes.len() - MAGIC.len();
        bytes[MAGIC.len() + at.index(body)] ^= flip;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.spill");
        std::fs::write(&path, &bytes).unwrap();
        let found = found(&path);
        prop_assert!(ids.starts_with(&found) && found.len() < ids.len());
    }
}
