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

fn row<'a>(span: &'a Span, dimension: Dimension, value: &str) -> Option<&'a Row> {
    let mut rows = span.rows().filter(|row| (row.0, row.1) == (dimension, value));
    rows.next().map(|(_, _, row)| row)
}

fn requests(span: &Span, dimension: Dimension, value: &str) -> u64 {
    row(span, dimension, value).map_or(0, |row| row.figures.requests)
}

#[test]
fn a_batch_counts_once_in_each_length() {
    let mut rollups = Rollups::default();
    let changes = rollups.fold([sample(NOON), sample(NOON + 1)], segments());
    rollups.apply(changes);
    assert_eq!(rollups.spans.len(), 3);
    for span in rollups.spans.values() {
        assert_eq!(span.rows().count(), Dimension::ALL.len(), "one value in each dimension");
        for (_, _, Row { figures, .. }) in span.rows() {
            assert_eq!((figures.requests, figures.errors, figures.duration_us), (2, 0, 4_000));
            assert_eq!(
                (figures.bytes_in, figures.bytes_out, figures.prompt_tokens),
                (20, 40, 6)
            );
        }
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
            .all(|span| span.rows().all(|(_, _, row)| row.figures.requests == 1))
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
    assert_eq!(requests(minute, Dimension::Key, "k"), 3);
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
    assert_eq!(requests(late, Dimension::All, ""), 1);
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
    let minute = &changes.spans[&(MINUTE, NOON)];
    let figures = &row(minute, Dimension::Status, "none").unwrap().figures;
    assert_eq!(
        (figures.requests, figures.errors, figures.durations.encode().len()),
        (1, 1, 0)
    );
}

#[test]
fn each_request_counts_once_in_each_dimension() {
    let keys: Vec<String> = (0..7).map(|number| format!("key-{number}")).collect();
    let routes: Vec<String> = (0..5).map(|number| format!("route-{number}")).collect();
    let samples = (0..70).map(|number| Sample {
        key_id: Some(&keys[number % 7]),
        route_id: Some(&routes[number % 5]),
        status_code: Some(if number % 10 == 0 { 503 } else { 200 }),
        ..sample(NOON)
    });
    let changes = Rollups::default().fold(samples, segments());
    let hour = &changes.spans[&(HOUR, NOON)];
    for dimension in Dimension::ALL {
        let of_dimension = hour.rows().filter(|row| row.0 == dimension);
        let requests: u64 = of_dimension.map(|(_, _, row)| row.figures.requests).sum();
        assert_eq!(requests, 70, "{dimension:?}");
    }
    assert_eq!(requests(hour, Dimension::Key, "key-3"), 10);
    assert_eq!(requests(hour, Dimension::Route, "route-4"), 14);
    assert_eq!(requests(hour, Dimension::Status, "5xx"), 7);
    let routes = hour.rows().filter(|row| row.0 == Dimension::Route);
    assert!(routes.map(|(_, _, row)| row.name.as_str()).all(|name| name == "Route"));
}

#[test]
fn clients_cannot_fill_the_tables_with_names() {
    let names: Vec<String> = (0..3 * MAX_VALUES).map(|number| format!("/{number}")).collect();
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
    let models = hour.rows().filter(|row| row.0 == Dimension::Model);
    let models: Vec<u64> = models.map(|(_, _, row)| row.figures.requests).collect();
    assert!(models.len() <= MAX_VALUES + 1 && hour.paths.len() <= MAX_PATHS + 1);
    let requests: u64 = models.into_iter().sum();
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
    let sources = changes.spans[&(MINUTE, NOON)]
        .rows()
        .filter(|row| row.0 == Dimension::Source);
    assert_eq!(sources.count(), MAX_KEYLESS_VALUES + 1);
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
