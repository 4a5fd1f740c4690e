//! The numbers as a grid of rows and columns, which is shown, sorted and exported as it is.

use fastgate_shared::metrics::{GroupBy, GroupedMetrics, MetricsGroup};
use serde_json::{Map, Value};

use super::metric::Metric;
use crate::api;
use crate::app::BASE;
use crate::format::{self, Unit};
use crate::locales::statistics as t;

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// What the rows are, for people and for exports.
    pub head: (&'static str, &'static str),
    pub columns: Vec<GridColumn>,
    pub rows: Vec<GridRow>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct GridColumn {
    pub word: String,
    /// Its name in exports.
    pub key: String,
    pub unit: Unit,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct GridRow {
    pub word: String,
    /// What exports call it.
    pub key: String,
    /// Its requests in the log.
    pub link: Option<String>,
    pub values: Vec<f64>,
    /// The sum of the others: it stays first.
    pub total: bool,
}

/// By what a grid is sorted: a column, none for the names; and whether the highest comes first.
pub type Order = (Option<usize>, bool);

impl Grid {
    /// A row for each group, a column for each figure.
    pub fn totals(metrics: &GroupedMetrics, by: Option<GroupBy>) -> Self {
        let column = |metric: Metric| GridColumn {
            word: metric.word().to_owned(),
            key: metric.key().to_owned(),
            unit: metric.unit(),
        };
        let row = |group: &MetricsGroup, total: bool| GridRow {
            word: if total { t::total().to_owned() } else { word(group) },
            key: if total { "total".to_owned() } else { group.name.clone() },
            link: link(metrics, group, by),
            values: Metric::ALL.map(|metric| metric.of(&group.figures)).to_vec(),
            total,
        };
        let mut rows = vec![row(&metrics.total, true)];
        rows.extend(groups(metrics).map(|group| row(group, false)));
        Self {
            head: (t::group(), by.map_or("group", GroupBy::as_str)),
            columns: Metric::ALL.map(column).to_vec(),
            rows,
        }
    }

    /// A row for each bucket; a column for each group, or for each figure where nothing is told apart.
    pub fn over_time(metrics: &GroupedMetrics, by: Option<GroupBy>, metric: Metric, labels: &[String]) -> Self {
        let (columns, values): (Vec<GridColumn>, Vec<Vec<f64>>) = if by.is_none() {
            let of = |metric: Metric| metric.over_time(&metrics.total.series);
            let columns = Self::totals(metrics, None).columns;
            (columns, Metric::ALL.map(of).to_vec())
        } else {
            let column = |group: &MetricsGroup, word: String| {
                let key = if group.name.is_empty() {
                    "total".to_owned()
                } else {
                    group.name.clone()
                };
                let unit = metric.unit();
                (GridColumn { word, key, unit }, metric.over_time(&group.series))
            };
            let all = std::iter::once(column(&metrics.total, t::total().to_owned()));
            all.chain(groups(metrics).map(|group| column(group, word(group))))
                .unzip()
        };
        let row = |(at, start): (usize, &fastgate_shared::time::Timestamp)| GridRow {
            word: labels.get(at).cloned().unwrap_or_default(),
            key: start.to_string(),
            link: None,
            values: values
                .iter()
                .map(|values| values.get(at).copied().unwrap_or(f64::NAN))
                .collect(),
            total: false,
        };
        Self {
            head: (t::time(), "time"),
            columns,
            rows: metrics.buckets.iter().enumerate().map(row).collect(),
        }
    }

    /// Puts the rows in order; what has no number comes last.
    pub fn sort(&mut self, (column, descending): Order) {
        crate::order::sort(&mut self.rows, |one, two| {
            let order = match column {
                None => one.key.cmp(&two.key),
                Some(at) => {
                    let value = |row: &GridRow| row.values.get(at).copied().filter(|value| value.is_finite());
                    match (value(one), value(two)) {
                        (Some(one), Some(two)) => one.total_cmp(&two),
                        // Last in either direction.
                        (one, two) => {
                            let last = one.is_none().cmp(&two.is_none());
                            if descending { last.reverse() } else { last }
                        }
                    }
                }
            };
            let order = if descending { order.reverse() } else { order };
            two.total.cmp(&one.total).then(order)
        });
    }

    /// The rows as CSV (RFC 4180), numbers as they are.
    pub fn csv(&self) -> String {
        let mut lines = vec![cells(
            std::iter::once(self.head.1).chain(self.columns.iter().map(|column| column.key.as_str())),
        )];
        for row in &self.rows {
            let values: Vec<String> = row.values.iter().map(|value| plain(*value)).collect();
            lines.push(cells(
                std::iter::once(row.key.as_str()).chain(values.iter().map(String::as_str)),
            ));
        }
        lines.join("\r\n") + "\r\n"
    }

    /// The rows as a JSON array of objects.
    pub fn json(&self) -> String {
        let object = |row: &GridRow| {
            let mut object = Map::new();
            object.insert(self.head.1.to_owned(), row.key.clone().into());
            for (column, value) in self.columns.iter().zip(&row.values) {
                let whole = matches!(column.unit, Unit::Count | Unit::Bytes);
                #[expect(clippy::cast_possible_truncation, reason = "a count")]
                let value = if whole {
                    Value::from(*value as i64)
                } else {
                    Value::from(*value)
                };
                object.insert(column.key.clone(), value);
            }
            Value::from(object)
        };
        Value::Array(self.rows.iter().map(object).collect()).to_string()
    }
}

/// The groups with the rest last.
pub fn groups(metrics: &GroupedMetrics) -> impl Iterator<Item = &MetricsGroup> {
    metrics.groups.iter().chain(&metrics.other)
}

/// How a group is called.
pub fn word(group: &MetricsGroup) -> String {
    match group.name.as_str() {
        "(none)" => t::none().to_owned(),
        "(other)" => t::other().to_owned(),
        name => name.to_owned(),
    }
}

/// The requests of a group in the log, where the log can be filtered by it.
fn link(metrics: &GroupedMetrics, group: &MetricsGroup, by: Option<GroupBy>) -> Option<String> {
    let id = group.id.as_deref()?;
    let filter = match by? {
        GroupBy::Route => "route_id",
        GroupBy::Key => "key_id",
        GroupBy::Source => "source_path",
        GroupBy::Model => "model",
        GroupBy::Status if id != "none" => "status_code",
        GroupBy::Status | GroupBy::Upstream => return None,
    };
    let query = serde_json::json!({ filter: id, "start_time": metrics.start_time.to_string() });
    Some(api::with_query(&format!("{BASE}/requests"), &query))
}

fn plain(value: f64) -> String {
    if value.is_finite() {
        // Not more digits than the server gave.
        format::trimmed(value)
    } else {
        String::new()
    }
}

/// Cells of a line, quoted where needed. One that a spreadsheet would take for a formula begins with `'`.
fn cells<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cell = |text: &str| {
        let formula = text.starts_with(['=', '+', '-', '@']);
        let text = if formula { format!("'{text}") } else { text.to_owned() };
        if text.contains(['"', ',', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    cells.map(cell).collect::<Vec<_>>().join(",")
}
