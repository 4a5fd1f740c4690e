//! Filters, cursors and limits as texts.

use super::*;
use proptest::prelude::*;
use rstest::rstest;

fn filter(change: impl FnOnce(&mut LogFilter)) -> LogFilter {
    let mut filter = LogFilter::default();
    change(&mut filter);
    filter
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[rstest]
#[case("200", (200, 200))]
#[case("4xx", (400, 499))]
#[case("5XX", (500, 599))]
#[case("400-499", (400, 499))]
#[case("400 - 404", (400, 404))]
fn a_status_is_a_number_a_class_or_a_range(#[case] text: &str, #[case] expected: (u16, u16)) {
    let query = LogQuery::parse(&filter(|filter| filter.status_code = some(text))).unwrap();
    assert_eq!(query.status, Some(expected));
}

#[rstest]
#[case::status("status_code", filter(|filter| filter.status_code = some("abc")))]
#[case::status_range("status_code", filter(|filter| filter.status_code = some("500-400")))]
#[case::status_number("status_code", filter(|filter| filter.status_code = some("99")))]
#[case::class("status_code", filter(|filter| filter.status_code = some("0xx")))]
#[case::start("start_time", filter(|filter| filter.start_time = some("yesterday")))]
#[case::end("end_time", filter(|filter| filter.end_time = some("2024-13-01")))]
#[case::order_of_times("end_time", filter(|filter| {
    filter.start_time = some("2024-02-01");
    filter.end_time = some("2024-01-01");
}))]
#[case::stream("is_stream", filter(|filter| filter.is_stream = some("maybe")))]
#[case::error("has_error", filter(|filter| filter.has_error = some("2")))]
#[case::ms("min_ms", filter(|filter| filter.min_ms = some("-1")))]
#[case::nan("min_ms", filter(|filter| filter.min_ms = some("NaN")))]
#[case::address("ip_address", filter(|filter| filter.ip_address = some("localhost")))]
fn a_filter_that_makes_no_sense_is_refused_by_its_name(#[case] field: &str, #[case] filter: LogFilter) {
    let errors = LogQuery::parse(&filter).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].field, field);
}

#[test]
fn empty_filters_do_not_filter() {
    let query = LogQuery::parse(&filter(|filter| {
        filter.status_code = some("");
        filter.path = some(" ");
    }));
    assert_eq!(query.unwrap(), LogQuery::default());
}

#[test]
fn a_bare_end_date_includes_the_day() {
    let query = LogQuery::parse(&filter(|filter| {
        filter.start_time = some("2024-01-01");
        filter.end_time = some("2024-01-01");
    }))
    .unwrap();
    assert_eq!(query.end.unwrap() - query.start.unwrap(), 86_400_000_000 - 1);
}

#[rstest]
#[case("/u/{id}/x", "/u/7/x?a", true)]
#[case("/u/{id}/x", "/u/7/y", false)]
#[case("/u/{rest:path}", "/u/7/y", true)]
#[case("{\"a\"}", "/x{\"a\"}", true)]
#[case("chat", "/v1/chat/completions", true)]
#[case("Chat", "/v1/chat/completions", false)]
#[case("api-version=", "/v1?api-version=3", true)]
#[case("/v1/*", "/v1/chat", true)]
#[case("/v1/*", "/api/v1/chat", false)]
#[case("*.json", "/a/b.json", true)]
#[case("*.json", "/a/b.json?x=1", true)]
#[case("*.json", "/a/b.jsonl", false)]
#[case("/a*b*c", "/a-b-b-c", true)]
#[case("/a*a", "/a", false)]
#[case("/a*", "/a", true)]
fn a_path_is_searched_by_part_or_pattern(#[case] wanted: &str, #[case] path: &str, #[case] expected: bool) {
    assert_eq!(PathFilter::of(wanted).matches(path), expected);
}

#[test]
fn what_like_would_read_is_escaped() {
    assert_eq!(PathFilter::of("50%_\\").like(), ["%50\\%\\_\\\\%"]);
    assert_eq!(PathFilter::of("/a_*").like(), ["/a\\_%?%", "/a\\_%"]);
}

#[rstest]
#[case("sideways", "", "", "order")]
#[case("", "0", "", "limit")]
#[case("", "1001", "", "limit")]
#[case("", "ten", "", "limit")]
#[case("", "", "garbage", "cursor")]
#[case("", "", "AAAA", "cursor")]
fn a_page_that_makes_no_sense_is_refused(
    #[case] order: &str,
    #[case] limit: &str,
    #[case] cursor: &str,
    #[case] field: &str,
) {
    let errors = LogPage::parse(Some(order), Some(limit), Some(cursor)).unwrap_err();
    assert_eq!(errors[0].field, field);
}

#[test]
fn a_cursor_is_of_its_order() {
    let page = LogPage::default();
    let cursor = page.cursor_after(42);
    assert_eq!(LogPage::parse(None, None, Some(&cursor)).unwrap().after, Some(42));
    assert!(LogPage::parse(Some("asc"), None, Some(&cursor)).is_err());
}

proptest! {
    #[test]
    fn no_cursor_causes_a_panic(text in ".*") {
        drop(LogPage::parse(None, None, Some(&text)));
    }

    #[test]
    fn no_filter_causes_a_panic(text in ".*") {
        drop(LogQuery::parse(&LogFilter {
            start_time: some(&text), end_time: some(&text), status_code: some(&text), method: some(&text),
            path: some(&text), min_ms: some(&text), is_stream: some(&text), has_error: some(&text),
            ip_address: some(&text), ..LogFilter::default()
        }));
    }

    #[test]
    fn a_pattern_made_of_a_path_fits_it(path in "[a-c/?]{0,12}", cut in 0_usize..12, len in 0_usize..12) {
        let from = cut.min(path.len());
        let to = (from + len).min(path.len());
        let pattern = format!("{}*{}", &path[..from], &path[to..]);
        prop_assert!(PathFilter::of(&pattern).matches(&path), "{} {}", pattern, path);
    }
}

#[rstest]
#[case("post", Some("POST"))]
#[case("POST,GET", None)]
#[case("PO ST", None)]
fn one_method_is_asked_for(#[case] text: &str, #[case] expected: Option<&str>) {
    let filter = LogFilter {
        method: some(text),
        ..LogFilter::default()
    };
    let read = LogQuery::parse(&filter).map(|query| query.method);
    assert_eq!(read.ok().flatten().as_deref(), expected);
}
