//! Counting by the minute, and folding counts.

use super::*;
use rstest::rstest;

const NOON: i64 = 1_800_000_000_000_000 / 86_400_000_000 * 86_400_000_000 + 43_200_000_000;

fn sample(at: i64) -> Sample<'static> {
    Sample {
        at,
        key_id: Some("k"),
        source_path: Some("s"),
        route_id: Some("r"),
        route_name: Some("Route"),
        model: Some("m"),
        upstream: Some("http://a:1"),
        path: "/v1/chat",
        status_code: Some(200),
        is_error: false,
        duration_us: Some(2_000),
        ttfb_us: Some(1_000),
        bytes_in: 10,
        bytes_out: 20,
        prompt_tokens: 3,
        completion_tokens: 4,
    }
}

fn segments() -> impl FnMut() -> i64 {
    let mut last = 0;
    move || {
        last += 1;
        last
    }
}

#[test]
fn a_batch_counts_once_in_each_length() {
    let mut rollups = Rollups::default();
    let changes = rollups.fold([sample(NOON), sample(NOON + 1)], segments());
    rollups.apply(changes);
    assert_eq!(rollups.spans.len(), 3);
    for span in rollups.spans.values() {
        let figures = span.rows.values().next().unwrap();
        assert_eq!((figures.requests, figures.errors, figures.duration_us), (2, 0, 4_000));
        assert_eq!(
            (figures.bytes_in, figures.bytes_out, figures.prompt_tokens),
            (20, 40, 6)
        );
    }
    assert!(rollups.spans[&(MINUTE, NOON)].paths.is_empty());
    assert_eq!(rollups.spans[&(HOUR, NOON)].paths["/v1/chat"].requests, 2);
}

#[test]
fn a_batch_that_was_not_stored_leaves_no_trace() {
    let mut rollups = Rollups::default();
    drop(rollups.fold([sample(NOON)], segments()));
    let changes = rollups.fold([sample(NOON)], segments());
    rollups.apply(changes);
    assert!(
        rollups
            .spans
            .values()
            .all(|span| span.rows.values().all(|figures| figures.requests == 1))
    );
}

#[test]
fn later_batches_add_to_the_same_segment() {
    let mut rollups = Rollups::default();
    let mut next = segments();
    for _ in 0..3 {
        let changes = rollups.fold([sample(NOON)], &mut next);
        rollups.apply(changes);
    }
    let minute = &rollups.spans[&(MINUTE, NOON)];
    assert_eq!(minute.segment, 1);
    assert_eq!(minute.rows.values().next().unwrap().requests, 3);
}

#[test]
fn a_span_that_was_let_go_opens_again_as_another_segment() {
    let mut rollups = Rollups::default();
    let mut next = segments();
    for minute in [0, 1, 2, 3, 0] {
        let changes = rollups.fold([sample(NOON + minute * 60_000_000)], &mut next);
        rollups.apply(changes);
    }
    assert!(
        !rollups.spans.contains_key(&(MINUTE, NOON)),
        "the oldest of four is not kept"
    );
    let changes = rollups.fold([sample(NOON)], &mut next);
    let late = &changes.spans[&(MINUTE, NOON)];
    assert_eq!(late.rows.values().next().unwrap().requests, 1);
    assert!(late.segment > 4);
}

#[test]
fn no_answer_is_of_class_zero() {
    let lost = Sample {
        status_code: None,
        is_error: true,
        duration_us: None,
        ttfb_us: None,
        ..sample(NOON)
    };
    let changes = Rollups::default().fold([lost], segments());
    let (dimensions, figures) = changes.spans[&(MINUTE, NOON)].rows.iter().next().unwrap();
    assert_eq!(dimensions.status_class, 0);
    assert_eq!(
        (figures.requests, figures.errors, figures.durations.encode().len()),
        (1, 1, 0)
    );
}

#[test]
fn clients_cannot_fill_the_tables_with_names() {
    let names: Vec<String> = (0..3 * MAX_ROWS).map(|number| format!("/{number}")).collect();
    let mut rollups = Rollups::default();
    let mut next = segments();
    for batch in names.chunks(700) {
        let samples = batch.iter().map(|name| Sample {
            model: Some(name),
            path: name,
            ..sample(NOON)
        });
        let changes = rollups.fold(samples, &mut next);
        rollups.apply(changes);
    }
    let hour = &rollups.spans[&(HOUR, NOON)];
    assert!(hour.rows.len() <= MAX_ROWS + 1 && hour.paths.len() <= MAX_PATHS + 1);
    let requests: u64 = hour.rows.values().map(|figures| figures.requests).sum();
    assert_eq!(requests, names.len() as u64, "nothing is lost, only named less exactly");
    let by_path: u64 = hour.paths.values().map(|figures| figures.requests).sum();
    assert_eq!(by_path, names.len() as u64);
}

#[test]
fn strangers_cannot_fill_the_tables_with_source_paths() {
    let names: Vec<String> = (0..500).map(|number| format!("source-{number}")).collect();
    let samples = names.iter().map(|name| Sample {
        key_id: None,
        source_path: Some(name),
        ..sample(NOON)
    });
    let changes = Rollups::default().fold(samples, segments());
    assert_eq!(changes.spans[&(MINUTE, NOON)].rows.len(), MAX_KEYLESS_ROWS + 1);
}

#[test]
fn paths_that_no_route_took_are_bounded_earlier() {
    let names: Vec<String> = (0..200).map(|number| format!("/{number}")).collect();
    let samples = names.iter().map(|name| Sample {
        route_id: None,
        path: name,
        ..sample(NOON)
    });
    let changes = Rollups::default().fold(samples, segments());
    assert_eq!(changes.spans[&(HOUR, NOON)].paths.len(), MAX_UNROUTED_PATHS + 1);
}

#[test]
fn times_before_the_epoch_fall_into_the_span_that_holds_them() {
    assert_eq!(start_of(MINUTE, -1), -60_000_000);
}

#[rstest]
#[case("http://10.0.0.5:8000/v1/chat?x=1", Some("http://10.0.0.5:8000"))]
#[case("https://[::1]:8443", Some("https://[::1]:8443"))]
#[case("https://api.example.com?x", Some("https://api.example.com"))]
#[case("/v1/chat", None)]
#[case("http:///v1", None)]
fn an_upstream_is_the_beginning_of_its_url(#[case] url: &str, #[case] upstream: Option<&str>) {
    assert_eq!(origin_of(url), upstream);
}
