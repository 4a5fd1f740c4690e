//! The dashboard's files, embedded in the executable, and how they are served: compressed as they were at build time,
//! cached for ever under the hash of their content, the page never from a cache and under a strict policy. No data:
//! that is the admin door's.
//!
//! Trunk's names carry a hash that does not change with the last step of the build (wasm-opt), so the page names each
//! file as `name?v=<hash of the embedded bytes>`, and only that is immutable.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;
use std::io::{self, Write as _};
use std::sync::Arc;

/// Where the dashboard lives; Trunk's `public_url` says the same.
const ROOT: &str = "/admin/dashboard";

/// What Trunk writes where a nonce belongs.
const NONCE_PLACEHOLDER: &str = "{{__TRUNK NONCE__}}";

/// What is embedded when the dashboard was not built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>M-FastGate</title>\
    <h1>The dashboard is not in this executable</h1>\
    <p>It was built without it. Run <code>make dashboard</code>, then build again. The REST API works: \
    <a href=\"/admin/docs/\">/admin/docs</a>.</p></html>";

/// Encodings that files are prepared in, best first, with the suffix of their file.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../dist"]
struct Dashboard;

/// The embedded files and the page, ready to be served.
#[derive(Clone)]
struct Site {
    find: fn(&str) -> Option<EmbeddedFile>,
    /// `index.html` with the version of each file it names; a nonce is still missing.
    page: Arc<str>,
}

/// `/admin/dashboard` and everything below; `/admin` leads there.
pub fn router() -> Router {
    router_over(&Site::of::<Dashboard>())
}

fn router_over(site: &Site) -> Router {
    let to_dashboard = || async { Redirect::temporary("/admin/dashboard/") };
    let site = site.clone();
    let serve = move |request: Request| async move { site.serve(&request) };
    Router::new()
        .route("/admin", get(to_dashboard))
        .route("/admin/", get(to_dashboard))
        .route(ROOT, get(serve.clone()))
        .route("/admin/dashboard/", get(serve.clone()))
        .route("/admin/dashboard/{*path}", get(serve))
}

impl Site {
    fn of<Files: RustEmbed>() -> Self {
        let page = match Files::get("index.html") {
            Some(file) => with_versions::<Files>(&String::from_utf8_lossy(&file.data)),
            None => NOT_BUILT.to_owned(),
        };
        Self {
            find: Files::get,
            page: page.into(),
        }
    }

    fn serve(&self, request: &Request) -> Response {
        let name = request.uri().path().strip_prefix(ROOT).unwrap_or_default();
        let name = name.trim_start_matches('/');
        if name.is_empty() || name == "index.html" {
            return self.page(request.headers());
        }
        if let Some(file) = (self.find)(name) {
            return self.asset(name, &file, request);
        }
        // A name with a dot is a file that is not there (an old build's, perhaps); any other path is the page's own.
        if name.rsplit('/').next().is_some_and(|last| last.contains('.')) {
            return StatusCode::NOT_FOUND.into_response();
        }
        self.page(request.headers())
    }

    /// A file under its own name.
    fn asset(&self, name: &str, file: &EmbeddedFile, request: &Request) -> Response {
        let asked = request.headers();
        let (encoding, body) = match self.compressed(name, asked) {
            Some((encoding, smaller)) => (Some(encoding), smaller),
            None => (None, file.data.clone()),
        };
        let etag = etag(file, encoding);
        let current = format!("v={}", version(file));
        let cache_control = if request.uri().query() == Some(&current) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let mut response = Response::new(Body::empty());
        let headers = response.headers_mut();
        headers.insert(header::ETAG, etag.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
        if is_known(asked, &etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(name)));
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        *response.body_mut() = into_body(body);
        response
    }

    /// The page: a new nonce each time, so never from a cache, and compressed when it is sent.
    fn page(&self, asked: &HeaderMap) -> Response {
        let nonce = URL_SAFE_NO_PAD.encode(uuid::Uuid::new_v4().as_bytes());
        let policy = format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; style-src 'self'; \
             connect-src 'self'; img-src 'self' data:; font-src 'self'; manifest-src 'self'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'"
        );
        let page = self.page.replace(NONCE_PLACEHOLDER, &nonce);
        let mut response = axum::response::Html(()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let body = match accepts(asked, "gzip").then(|| gzip(&page)) {
            Some(Ok(smaller)) => {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                Body::from(smaller)
            }
            _ => Body::from(page),
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_str(&policy).expect("ASCII text without control characters is a legal value"),
        );
        *response.body_mut() = body;
        response
    }

    /// The smallest prepared form that the browser takes.
    fn compressed(&self, name: &str, asked: &HeaderMap) -> Option<(&'static str, Cow<'static, [u8]>)> {
        ENCODINGS.into_iter().find_map(|(encoding, suffix)| {
            let wanted = accepts(asked, encoding);
            let file = wanted.then(|| (self.find)(&format!("{name}{suffix}"))).flatten()?;
            Some((encoding, file.data))
        })
    }
}

fn gzip(text: &str) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

/// Adds its version to each file that the page names. A minified page leaves quotes out where it may; a browser that
/// knows a file under two addresses would load it twice.
fn with_versions<Files: RustEmbed>(page: &str) -> String {
    let mut page = page.to_owned();
    for name in Files::iter() {
        let Some(file) = Files::get(&name) else { continue };
        for quote in ['"', '\''] {
            page = page.replace(
                &format!("{ROOT}/{name}{quote}"),
                &format!("{ROOT}/{name}?v={}{quote}", version(&file)),
            );
        }
        for end in [' ', '>'] {
            page = page.replace(
                &format!("={ROOT}/{name}{end}"),
                &format!("=\"{ROOT}/{name}?v={}\"{end}", version(&file)),
            );
        }
    }
    page
}

/// What changes when a single byte of the file does.
fn version(file: &EmbeddedFile) -> String {
    URL_SAFE_NO_PAD.encode(&file.metadata.sha256_hash()[..12])
}

/// Whether `Accept-Encoding` names the encoding with a weight above 0 (RFC 9110 section 12.5.3).
fn accepts(asked: &HeaderMap, encoding: &str) -> bool {
    asked
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| {
            let mut parts = item.split(';').map(str::trim);
            let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
            let weight = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(Some(1.0), |weight| weight.parse::<f32>().ok());
            named && weight.is_some_and(|weight| weight > 0.0)
        })
}

/// A strong tag for each encoding of each content.
fn etag(file: &EmbeddedFile, encoding: Option<&str>) -> HeaderValue {
    let hash = version(file);
    let suffix = encoding.map(|encoding| format!("-{encoding}")).unwrap_or_default();
    HeaderValue::from_str(&format!("\"{hash}{suffix}\"")).expect("base64 is legal in a header")
}

fn is_known(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(etag) = etag.to_str() else { return false };
    asked
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tag == etag)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("html") => "text/html; charset=utf-8",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn into_body(data: Cow<'static, [u8]>) -> Body {
    match data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    }
}

#[cfg(test)]
mod tests;
