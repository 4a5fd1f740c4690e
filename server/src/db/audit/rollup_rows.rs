//! Figures as rows.

use super::super::schema::{path_rollups, rollups};
use super::super::types::integer;
use crate::audit_log::rollup::{Span, SpanKey};
use diesel::prelude::*;

/// A row of `rollups`.
#[derive(Insertable)]
#[diesel(table_name = rollups, treat_none_as_default_value = false)]
pub(super) struct RollupRow<'a> {
    pub(super) span: i32,
    pub(super) dimension: i32,
    pub(super) start: i64,
    pub(super) segment: i64,
    pub(super) value: &'a str,
    pub(super) name: &'a str,
    pub(super) requests: i64,
    pub(super) errors: i64,
    pub(super) duration_us: i64,
    pub(super) ttfb_us: i64,
    pub(super) bytes_in: i64,
    pub(super) bytes_out: i64,
    pub(super) prompt_tokens: i64,
    pub(super) completion_tokens: i64,
    pub(super) durations: Vec<u8>,
    pub(super) ttfbs: Vec<u8>,
}

/// A row of `path_rollups`.
#[derive(Insertable)]
#[diesel(table_name = path_rollups, treat_none_as_default_value = false)]
pub(super) struct PathRow<'a> {
    pub(super) span: i32,
    pub(super) start: i64,
    pub(super) segment: i64,
    pub(super) path: &'a str,
    pub(super) requests: i64,
    pub(super) errors: i64,
}

impl<'a> RollupRow<'a> {
    /// All of a span.
    pub(super) fn of((length, start): SpanKey, span: &'a Span) -> impl Iterator<Item = Self> {
        span.rows().map(move |(dimension, value, row)| Self {
            span: length,
            dimension: dimension.number(),
            start,
            segment: span.segment,
            value,
            name: &row.name,
            requests: integer(row.figures.requests),
            errors: integer(row.figures.errors),
            duration_us: integer(row.figures.duration_us),
            ttfb_us: integer(row.figures.ttfb_us),
            bytes_in: integer(row.figures.bytes_in),
            bytes_out: integer(row.figures.bytes_out),
            prompt_tokens: integer(row.figures.prompt_tokens),
            completion_tokens: integer(row.figures.completion_tokens),
            durations: row.figures.durations.encode(),
            ttfbs: row.figures.ttfbs.encode(),
        })
    }
}

impl<'a> PathRow<'a> {
    /// All of a span.
    pub(super) fn of((length, start): SpanKey, span: &'a Span) -> impl Iterator<Item = Self> {
        span.paths.iter().map(move |(path, figures)| Self {
            span: length,
            start,
            segment: span.segment,
            path,
            requests: integer(figures.requests),
            errors: integer(figures.errors),
        })
    }
}
