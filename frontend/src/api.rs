//! The only door to the server: requests with JSON bodies in, typed answers or a [`Problem`] out.
//! What each resource offers is in `api/<resource>.rs`. The session cookie travels by itself (same origin).

pub mod changes;
pub mod keys;
pub mod logs;
pub mod metrics;
pub mod playground;
pub mod recent;
pub mod routes;
pub mod session;
pub mod settings;
pub mod upstreams;

use fastgate_shared::json::{self, FromJson};
use fastgate_shared::problem::Problem;
use fastgate_shared::texts::Translation;
pub use gloo_net::http::Method;
use gloo_net::http::{RequestBuilder, Response};
use leptos::prelude::*;
use serde::Serialize;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, ReadableStreamDefaultReader, ReadableStreamReadResult};

use crate::format;
use crate::locales::{self, common as t};
use crate::state::connection::Connection;
use crate::state::session::Session;

/// An answer, or why there is none. `status` 0 means that the server could not be reached.
pub type Answer<T> = Result<T, Problem>;

/// An object and the ETag of the state that it was read in.
#[derive(Clone, Debug)]
pub struct Tagged<T> {
    /// The object.
    pub value: T,
    /// Its ETag.
    pub etag: String,
}

/// What a request carries.
enum Body {
    None,
    Json(String),
    Yaml(String),
}

/// A good answer.
struct Sent {
    text: String,
    etag: Option<String>,
}

/// Sends a request without a body and reads the JSON answer.
pub async fn get<T: FromJson>(url: &str) -> Answer<T> {
    parse(&exchange(Method::GET, url, Body::None, None).await?.text)
}

/// The rows of a list that comes by `skip` and `limit`: the first so many, or all of them, page by page.
pub async fn get_rows<T: FromJson>(url: &str, first: Option<usize>) -> Answer<Vec<T>> {
    // The API's largest page.
    const PAGE: usize = 1_000;
    let limit = first.unwrap_or(PAGE);
    let mut rows: Vec<T> = get(&format!("{url}?limit={limit}")).await?;
    let mut is_full = first.is_none() && rows.len() == PAGE;
    while is_full {
        let skip = rows.len();
        let more: Vec<T> = get(&format!("{url}?limit={PAGE}&skip={skip}")).await?;
        is_full = more.len() == PAGE;
        rows.extend(more);
    }
    Ok(rows)
}

/// As [`get`], with the ETag of what is shown.
pub async fn get_tagged<T: FromJson>(url: &str) -> Answer<Tagged<T>> {
    let Sent { text, etag } = exchange(Method::GET, url, Body::None, None).await?;
    Ok(Tagged {
        value: parse(&text)?,
        etag: etag.unwrap_or_default(),
    })
}

/// Sends a JSON body and reads the JSON answer.
pub async fn send<B: Serialize, T: FromJson>(method: Method, url: &str, body: &B) -> Answer<T> {
    send_if(method, url, body, None).await
}

/// Sends a JSON body to hear only whether it is refused.
pub async fn try_out<B: Serialize>(method: Method, url: &str, body: &B) -> Answer<()> {
    let body = serde_json::to_string(body).map_err(|error| local_problem(error.to_string()))?;
    exchange(method, url, Body::Json(body), None).await.map(drop)
}

/// As [`send`], if the object still has this ETag: else the problem tells what changed meanwhile.
pub async fn send_if<B: Serialize, T: FromJson>(method: Method, url: &str, body: &B, etag: Option<&str>) -> Answer<T> {
    let body = serde_json::to_string(body).map_err(|error| local_problem(error.to_string()))?;
    parse(&exchange(method, url, Body::Json(body), etag).await?.text)
}

/// Sends a YAML text and reads the JSON answer.
pub async fn send_yaml<T: FromJson>(url: &str, text: String, etag: Option<&str>) -> Answer<T> {
    parse(&exchange(Method::POST, url, Body::Yaml(text), etag).await?.text)
}

/// The texts in Chinese that show before the sign-in, from the address that the page names. Asked for as the page does it ahead
/// of the program (`frontend/index.html`): then the browser has them already.
pub async fn texts_at_the_door() -> Option<Translation> {
    let link = document().get_element_by_id("zh-CN")?;
    file(&link.get_attribute("href")?).await
}

/// The other texts in Chinese, and the server's sentences.
pub async fn texts_of_pages() -> Option<Translation> {
    file("/admin/dashboard/pages.zh-CN.json").await
}

async fn file(address: &str) -> Option<Translation> {
    let sent = window().fetch_with_str(address);
    let response: web_sys::Response = JsFuture::from(sent).await.ok()?.unchecked_into();
    json::from_text(&Response::from(response).text().await.ok()?).ok()
}

/// Deletes; the answer's body does not matter.
pub async fn delete(url: &str) -> Answer<()> {
    delete_if(url, None).await
}

/// As [`delete`], if the object still has this ETag: else the problem tells what changed meanwhile.
pub async fn delete_if(url: &str, etag: Option<&str>) -> Answer<()> {
    exchange(Method::DELETE, url, Body::None, etag).await.map(drop)
}

/// Asks for something to be done; neither body nor answer matter.
pub async fn act(url: &str) -> Answer<()> {
    exchange(Method::POST, url, Body::None, None).await.map(drop)
}

/// Whether the gateway answers within a few seconds, whatever it says.
pub async fn is_alive() -> bool {
    const PATIENCE_MS: u32 = 5_000;
    let patience = AbortSignal::timeout_with_u32(PATIENCE_MS);
    let request = RequestBuilder::new("/health").abort_signal(Some(&patience)).build();
    match request {
        Ok(request) => request.send().await.is_ok(),
        Err(_) => false,
    }
}

/// Calls the proxy as a client does: GET, or POST with a JSON body. Status and the beginning of the answer, or why there
/// is none. A 401 of the proxy says nothing of the session.
pub async fn call_proxy(url: &str, key: &str, body: Option<String>) -> Result<(u16, String), String> {
    const SHOWN: usize = 4_000;
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let builder = RequestBuilder::new(url)
        .method(method)
        .header("Authorization", &format!("Bearer {key}"));
    let request = match body {
        Some(body) => builder.header("Content-Type", "application/json").body(body),
        None => builder.build(),
    };
    let response = request.map_err(|error| error.to_string())?.send().await;
    let response = response.map_err(|_| t::unreachable().to_owned())?;
    let text = response.text().await.unwrap_or_default();
    Ok((response.status(), text.chars().take(SHOWN).collect()))
}

/// Sends a JSON body and hears the server-sent events of the answer: their name and their data. `stop` ends it; that is no error.
pub async fn listen(url: &str, body: String, stop: &AbortController, on_event: &dyn Fn(&str, &str)) -> Answer<()> {
    let request = RequestBuilder::new(url)
        .method(Method::POST)
        .header("Accept", "text/event-stream")
        .header("Content-Type", "application/json")
        .abort_signal(Some(&stop.signal()))
        .body(body);
    let gone = || {
        if stop.signal().aborted() {
            Ok(())
        } else {
            Err(local_problem(t::unreachable().to_owned()))
        }
    };
    let request = request.map_err(|error| local_problem(error.to_string()))?;
    let Ok(response) = request.send().await else {
        return gone();
    };
    if !response.ok() {
        let request_id = response.headers().get("x-request-id");
        let text = response.text().await.unwrap_or_default();
        return Err(refused(&response, &text, request_id));
    }
    let Some(stream) = response.body() else {
        return gone();
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut waiting = Vec::new();
    loop {
        let Ok(read) = JsFuture::from(reader.read()).await else {
            return gone();
        };
        let read: ReadableStreamReadResult = read.unchecked_into();
        if read.get_done() == Some(true) {
            return Ok(());
        }
        waiting.extend(js_sys::Uint8Array::new(&read.get_value()).to_vec());
        // An event ends with an empty line.
        while let Some(end) = waiting.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = waiting.drain(..end + 2).collect();
            hear(&String::from_utf8_lossy(&event), on_event);
        }
    }
}

fn hear(event: &str, on_event: &dyn Fn(&str, &str)) {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
    if let (Some(name), Some(data)) = (field("event: "), field("data: ")) {
        on_event(name, data);
    }
}

/// `base?a=1&b=2` with the fields of `query` that are set; `base` alone when none is.
pub fn with_query(base: &str, query: &impl Serialize) -> String {
    let serde_json::Value::Object(fields) = value_of(query) else {
        return base.to_owned();
    };
    let Ok(params) = web_sys::UrlSearchParams::new() else {
        return base.to_owned();
    };
    for (name, value) in &fields {
        match value {
            serde_json::Value::Null => {}
            serde_json::Value::String(text) => params.append(name, text),
            other => params.append(name, &other.to_string()),
        }
    }
    let query = String::from(params.to_string());
    if query.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{query}")
    }
}

/// As [`with_query`], with the cursor of a page.
pub fn paged(base: &str, query: &impl Serialize, cursor: Option<&str>) -> String {
    let mut query = value_of(query);
    if let Some(cursor) = cursor {
        query["cursor"] = cursor.into();
    }
    with_query(base, &query)
}

/// The value as JSON; null where it has none. By way of its text: a second serializer would be a second copy of each type's code.
pub fn value_of(value: &impl Serialize) -> serde_json::Value {
    let text = serde_json::to_string(value).unwrap_or_default();
    json::from_text(&text).unwrap_or_default()
}

// Not generic, so that it is in the WASM file once.
async fn exchange(method: Method, url: &str, body: Body, if_match: Option<&str>) -> Answer<Sent> {
    if let Some(text) = recent::find(url) {
        return Ok(Sent { text, etag: None });
    }
    let is_read = method == Method::GET;
    let mut builder = RequestBuilder::new(url)
        .method(method)
        .header("Accept", "application/json")
        .header("Accept-Language", locales::current().tag());
    if let Some(etag) = if_match {
        builder = builder.header("If-Match", etag);
    }
    let request = match body {
        Body::Json(body) => builder.header("Content-Type", "application/json").body(body),
        Body::Yaml(body) => builder.header("Content-Type", "application/yaml").body(body),
        Body::None => builder.build(),
    };
    let request = request.map_err(|error| local_problem(error.to_string()))?;
    let rest = match url.starts_with("/admin/rpc/") {
        true => None,
        false => locales::load_rest(locales::current()),
    };
    let sent = request.send().await;
    Connection::note(sent.is_ok());
    if let Some(rest) = rest {
        // Without them they stay English.
        let _ = JsFuture::from(rest).await;
    }
    let response = sent.map_err(|_| local_problem(t::unreachable().to_owned()))?;
    let request_id = response.headers().get("x-request-id");
    let etag = response.headers().get("etag");
    let text = response
        .text()
        .await
        .map_err(|_| local_problem(t::unreachable().to_owned()))?;
    if response.ok() {
        if is_read {
            recent::keep(url, &text);
        }
        return Ok(Sent { text, etag });
    }
    Err(refused(&response, &text, request_id))
}

fn refused(response: &Response, text: &str, request_id: Option<String>) -> Problem {
    if response.status() == 401 {
        Session::expire();
    }
    problem_of(response, text, request_id)
}

fn problem_of(response: &Response, text: &str, request_id: Option<String>) -> Problem {
    let mut problem = json::from_text::<Problem>(text).unwrap_or_else(|_| Problem {
        status: response.status(),
        title: response.status_text(),
        detail: text.chars().take(300).collect(),
        errors: Vec::new(),
        request_id: None,
        deletion: None,
        conflict: None,
    });
    problem.request_id = problem.request_id.or(request_id);
    problem
}

fn parse<T: FromJson>(text: &str) -> Answer<T> {
    json::from_text(text).map_err(|why| local_problem(t::unreadable(&why)))
}

fn local_problem(detail: String) -> Problem {
    Problem {
        status: 0,
        title: String::new(),
        detail,
        errors: Vec::new(),
        request_id: None,
        deletion: None,
        conflict: None,
    }
}

/// The sentence that tells a person what happened.
pub fn sentence(problem: &Problem) -> String {
    if let Some(deletion) = &problem.deletion {
        let who = format::by_whom(deletion.by.as_ref(), Some(deletion.at));
        return locales::changes::deleted_meanwhile(&who);
    }
    if problem.detail.is_empty() {
        problem.title.clone()
    } else {
        locales::refusal(&problem.detail)
    }
}

/// `https://host` as a browser sees the gateway; the stand-in where the session does not say it.
pub fn page_origin() -> String {
    window().location().origin().unwrap_or_default()
}
