//! How the dashboard's files are served, over a small made-up site.

use super::*;
use http_body_util::BodyExt as _;
use rstest::rstest;
use std::io::Read as _;
use tower::ServiceExt as _;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/src/ui/tests_site"]
struct TestSite;

const SCRIPT: &str = "/admin/dashboard/app-0123456789abcdef.js";

async fn get(uri: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::get(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let router = router_over(&Site::of::<TestSite>());
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[rstest]
#[case("/admin/dashboard")]
#[case("/admin/dashboard/")]
#[case("/admin/dashboard/index.html")]
#[case("/admin/dashboard/routes/some-id")]
#[tokio::test]
async fn every_path_of_the_page_serves_the_page(#[case] uri: &str) {
    let (status, headers, body) = get(uri, &[]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
    assert!(body.contains("<title>T</title>"));
}

#[tokio::test]
async fn the_pages_nonce_is_new_each_time_and_named_by_its_policy() {
    let nonce = |headers: &HeaderMap| {
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let (_, rest) = policy.split_once("'nonce-").unwrap();
        rest.split_once('\'').unwrap().0.to_owned()
    };
    let (_, first, body) = get("/admin/dashboard/", &[]).await;
    let (_, second, _) = get("/admin/dashboard/", &[]).await;
    assert!(body.contains(&format!("nonce=\"{}\"", nonce(&first))));
    assert!(!body.contains(NONCE_PLACEHOLDER));
    assert_ne!(nonce(&first), nonce(&second));
}

#[tokio::test]
async fn the_page_is_compressed_for_browsers_that_take_that() {
    let request = Request::get("/admin/dashboard/keys").header("accept-encoding", "gzip, deflate, br, zstd");
    let router = router_over(&Site::of::<TestSite>());
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    assert_eq!(response.headers()[header::VARY], "accept-encoding");
    assert!(
        response.headers()[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("text/html")
    );
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let mut page = String::new();
    flate2::read::GzDecoder::new(&*body).read_to_string(&mut page).unwrap();
    assert!(page.contains("<title>T</title>"));
}

#[tokio::test]
async fn a_file_is_kept_for_ever_only_under_the_version_that_the_page_names() {
    let (_, _, page) = get("/admin/dashboard/", &[]).await;
    let at = page.find(&format!("{SCRIPT}?v=")).unwrap();
    let versioned = page[at..].split(['"', '\'']).next().unwrap();
    assert_eq!(page.matches(SCRIPT).count(), 4);
    assert_eq!(
        page.matches(versioned).count(),
        4,
        "links with and without quotes, and the import, name the same"
    );

    let (_, headers, _) = get(versioned, &[]).await;
    assert!(headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let (_, headers, _) = get(SCRIPT, &[]).await;
    assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
}

#[rstest]
#[case("gzip, deflate, br", Some("br"), "BROTLI")]
#[case("gzip", Some("gzip"), "GZIP")]
#[case("br;q=0, gzip;q=0.5", Some("gzip"), "GZIP")]
#[case("identity", None, "export default () => {};\n")]
#[tokio::test]
async fn the_best_prepared_encoding_is_sent(
    #[case] accepted: &str,
    #[case] encoding: Option<&str>,
    #[case] expected: &str,
) {
    let (_, headers, body) = get(SCRIPT, &[("accept-encoding", accepted)]).await;
    assert_eq!(
        headers
            .get(header::CONTENT_ENCODING)
            .map(|value| value.to_str().unwrap()),
        encoding
    );
    assert_eq!(headers[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    assert_eq!(headers[header::VARY], "accept-encoding");
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_known_file_is_not_sent_again() {
    let (_, headers, _) = get(SCRIPT, &[("accept-encoding", "br")]).await;
    let tag = headers[header::ETAG].to_str().unwrap();
    let (status, _, body) = get(SCRIPT, &[("accept-encoding", "br"), ("if-none-match", tag)]).await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    let (status, _, _) = get(SCRIPT, &[("if-none-match", tag)]).await;
    assert_eq!(status, StatusCode::OK, "another encoding has another tag");
}

#[rstest]
#[case("/admin/dashboard/old-build.js", StatusCode::NOT_FOUND)]
#[case("/admin/dashboard/snippets/part.js", StatusCode::OK)]
#[case("/admin/dashboard/../Cargo.toml", StatusCode::NOT_FOUND)]
#[case("/admin", StatusCode::TEMPORARY_REDIRECT)]
#[tokio::test]
async fn files_are_found_by_their_whole_name(#[case] uri: &str, #[case] expected: StatusCode) {
    assert_eq!(get(uri, &[]).await.0, expected);
}
