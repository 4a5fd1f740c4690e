//! The figures that can be looked at: the chart, the tables and the exports are all made from this list.

use fastgate_shared::metrics::{GroupFigures, GroupSeries};

use crate::format::Unit;
use crate::locales::statistics as t;

/// One kind of figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    Requests,
    Errors,
    ErrorRate,
    P50,
    P95,
    P99,
    Ttfb,
    BytesIn,
    BytesOut,
    TokensIn,
    TokensOut,
}

impl Metric {
    /// Each, in the order of the table's columns.
    pub const ALL: [Self; 11] = [
        Self::Requests,
        Self::Errors,
        Self::ErrorRate,
        Self::P50,
        Self::P95,
        Self::P99,
        Self::Ttfb,
        Self::BytesIn,
        Self::BytesOut,
        Self::TokensIn,
        Self::TokensOut,
    ];

    /// Its name in the address and in exports.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Errors => "errors",
            Self::ErrorRate => "error_rate",
            Self::P50 => "p50_ms",
            Self::P95 => "p95_ms",
            Self::P99 => "p99_ms",
            Self::Ttfb => "ttfb_ms",
            Self::BytesIn => "bytes_in",
            Self::BytesOut => "bytes_out",
            Self::TokensIn => "prompt_tokens",
            Self::TokensOut => "completion_tokens",
        }
    }

    /// Its name for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Requests => t::requests(),
            Self::Errors => t::errors(),
            Self::ErrorRate => t::error_rate(),
            Self::P50 => t::p50(),
            Self::P95 => t::p95(),
            Self::P99 => t::p99(),
            Self::Ttfb => t::ttfb(),
            Self::BytesIn => t::bytes_in(),
            Self::BytesOut => t::bytes_out(),
            Self::TokensIn => t::tokens_in(),
            Self::TokensOut => t::tokens_out(),
        }
    }

    pub const fn unit(self) -> Unit {
        match self {
            Self::ErrorRate => Unit::Percent,
            Self::P50 | Self::P95 | Self::P99 | Self::Ttfb => Unit::Duration,
            Self::BytesIn | Self::BytesOut => Unit::Bytes,
            _ => Unit::Count,
        }
    }

    /// Whether groups add up; percentiles and shares do not.
    pub const fn adds_up(self) -> bool {
        matches!(self.unit(), Unit::Count | Unit::Bytes)
    }

    /// The figure of a group over the range; not a number where no request says it.
    #[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
    pub fn of(self, group: &GroupFigures) -> f64 {
        let figures = &group.figures;
        let value = match self {
            Self::Requests => figures.total_requests as f64,
            Self::Errors => figures.errors as f64,
            Self::ErrorRate => 100.0 - figures.success_rate,
            Self::P50 => group.p50_response_time,
            Self::P95 => figures.p95_response_time,
            Self::P99 => group.p99_response_time,
            Self::Ttfb => figures.avg_ttfb,
            Self::BytesIn => figures.bytes_in as f64,
            Self::BytesOut => figures.bytes_out as f64,
            Self::TokensIn => group.prompt_tokens as f64,
            Self::TokensOut => group.completion_tokens as f64,
        };
        self.if_any(value, figures.total_requests)
    }

    /// The figures of a group over time.
    #[expect(clippy::cast_precision_loss, reason = "drawn, or shown with a few digits")]
    pub fn over_time(self, series: &GroupSeries) -> Vec<f64> {
        let whole = |values: &[u64]| values.iter().map(|value| *value as f64).collect::<Vec<_>>();
        let values = match self {
            Self::Requests => whole(&series.total_requests),
            Self::Errors => whole(&series.errors),
            Self::ErrorRate => series.success_rate.iter().map(|rate| 100.0 - rate).collect(),
            Self::P50 => series.p50_response_time.clone(),
            Self::P95 => series.p95_response_time.clone(),
            Self::P99 => series.p99_response_time.clone(),
            Self::Ttfb => series.avg_ttfb.clone(),
            Self::BytesIn => whole(&series.bytes_in),
            Self::BytesOut => whole(&series.bytes_out),
            Self::TokensIn => whole(&series.prompt_tokens),
            Self::TokensOut => whole(&series.completion_tokens),
        };
        let values = values.into_iter().zip(&series.total_requests);
        values.map(|(value, requests)| self.if_any(value, *requests)).collect()
    }

    fn if_any(self, value: f64, requests: u64) -> f64 {
        if requests == 0 && !self.adds_up() {
            f64::NAN
        } else {
            value
        }
    }
}
