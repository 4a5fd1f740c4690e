//! `/admin/settings`: the configuration in force with the origin of each value; `/admin/storage`: what the log takes and
//! how long its limits last; `/admin/about`: what is running. Nothing here changes anything: values come from the file,
//! the environment and the flags alone.

use super::auth::{Administrator, Viewer};
use super::openapi::SETTINGS;
use super::page::Query;
use super::problem::Problem;
use crate::app::App;
use crate::config::layers::{Entry, Origin};
use crate::config::{self, Audit};
use crate::db::storage::{self, LogSize};
use axum::Json;
use axum::extract::State;
use fastgate_shared::problem::Problem as ProblemDocument;
use fastgate_shared::settings::{About, Setting, SettingOrigin, StorageUse};
use http::{HeaderMap, header};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The calls of this file.
pub fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(storage_use))
        .routes(routes!(about))
}

/// Every key of the configuration with its value and where it comes from, in the order of the sections.
///
/// `about` is English, or Chinese where `Accept-Language` begins with it.
#[utoipa::path(get, path = "/admin/settings", tag = SETTINGS,
    responses((status = 200, body = Vec<Setting>), (status = 422, body = ProblemDocument)))]
async fn list(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    query: Query,
) -> Result<Json<Vec<Setting>>, Problem> {
    query.finish(&[])?;
    let chinese = prefers_chinese(&headers);
    let told = app.config.entries().into_iter().map(|entry| {
        let in_chinese = config::chinese::about(entry.key.path).filter(|_| chinese);
        let mut told = setting(entry);
        if let Some(about) = in_chinese {
            about.clone_into(&mut told.about);
        }
        told
    });
    Ok(Json(told.collect()))
}

/// Whether the first language that is asked for is Chinese.
fn prefers_chinese(headers: &HeaderMap) -> bool {
    let asked = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    asked.is_some_and(|asked| asked.trim_start().to_ascii_lowercase().starts_with("zh"))
}

/// What the audit log takes, and when it reaches its limits at the present rate.
#[utoipa::path(get, path = "/admin/storage", tag = SETTINGS,
    responses((status = 200, body = StorageUse), (status = 422, body = ProblemDocument)))]
async fn storage_use(
    _: Administrator<Viewer>,
    State(app): State<Arc<App>>,
    query: Query,
) -> Result<Json<StorageUse>, Problem> {
    query.finish(&[])?;
    let now = Timestamp::now();
    let size = app
        .db
        .read(move |connection| storage::log_size(connection, now))
        .await?;
    Ok(Json(forecast(size, &app.config.audit)))
}

/// Version, build, database, uptime, licence.
#[utoipa::path(get, path = "/admin/about", tag = SETTINGS,
    responses((status = 200, body = About), (status = 422, body = ProblemDocument)))]
async fn about(_: Administrator<Viewer>, State(app): State<Arc<App>>, query: Query) -> Result<Json<About>, Problem> {
    query.finish(&[])?;
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    Ok(Json(About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        build: format!("{} ({profile})", config::platform()),
        database: app.db.read(storage::database_version).await?,
        uptime_seconds: app.started.elapsed().as_secs(),
        license: env!("CARGO_PKG_LICENSE").to_owned(),
    }))
}

fn setting(entry: Entry) -> Setting {
    let secret = entry.key.kind.is_secret();
    let (origin, source) = match entry.origin {
        Origin::Default => (SettingOrigin::Default, None),
        Origin::File(path) => (SettingOrigin::File, Some(path.display().to_string())),
        Origin::Environment(name) => (SettingOrigin::Environment, Some(name)),
        Origin::Flag(name) => (SettingOrigin::Flag, Some(name)),
    };
    Setting {
        key: entry.key.path.to_owned(),
        // What stands for a secret says whether there is one, and nothing more.
        is_set: !secret || !entry.value.is_null(),
        value: if secret { Value::Null } else { entry.value },
        secret,
        origin,
        source,
        variable: entry.key.variable(),
        live: entry.key.live,
        about: entry.key.about.to_owned(),
        allowed: entry.key.allowed(),
    }
}

/// When a limit is reached if all goes on as now.
fn forecast(size: LogSize, limits: &Audit) -> StorageUse {
    let bytes_per_record = if size.records == 0 {
        0.0
    } else {
        size.bytes as f64 / size.records as f64
    };
    let bytes_per_day = bytes_per_record * size.records_per_day;
    let settles_at = bytes_per_day * f64::from(limits.max_age_days);
    let room = limits.max_bytes.saturating_sub(size.bytes) as f64;
    let fills = size.bytes >= limits.max_bytes || settles_at > limits.max_bytes as f64;
    StorageUse {
        records: size.records,
        bytes: size.bytes,
        oldest: size.oldest,
        records_per_day: tenths(size.records_per_day),
        bytes_per_day: tenths(bytes_per_day),
        max_bytes: limits.max_bytes,
        max_age_days: limits.max_age_days,
        days_until_full: fills.then(|| if room > 0.0 { tenths(room / bytes_per_day) } else { 0.0 }),
        settles_at_bytes: (!fills && size.records > 0).then_some(settles_at as u64),
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const GIB: u64 = 1 << 30;

    fn size(records: u64, bytes: u64, records_per_day: f64) -> LogSize {
        LogSize {
            records,
            bytes,
            oldest: None,
            records_per_day,
        }
    }

    #[rstest]
    #[case::empty(size(0, 0, 0.0), None, None)]
    // 1 KiB each, 100,000 a day: 30 days are 2.9 GiB.
    #[case::age_bounds_it(size(1_000, 1_024_000, 100_000.0), None, Some(3_072_000_000))]
    // 1 MiB each, 1,024 a day: 4 GiB of room last four days.
    #[case::it_fills(size(1_024, GIB, 1_024.0), Some(4.0), None)]
    #[case::it_is_full(size(1_024, 5 * GIB, 1.0), Some(0.0), None)]
    fn the_first_limit_is_foretold(#[case] size: LogSize, #[case] full: Option<f64>, #[case] settles: Option<u64>) {
        let limits = Audit {
            max_age_days: 30,
            max_bytes: 5 * GIB,
            ..Audit::default()
        };
        let told = forecast(size, &limits);
        assert_eq!((told.days_until_full, told.settles_at_bytes), (full, settles));
    }
}
