//! Rows on their way into SQLite. The library writes a statement out column by column each time that it is used, to find
//! the prepared one; for the tables that every batch writes to that costs more than SQLite itself. Here the text is fixed
//! by the type, and several rows share a statement, and with it the opening of all indexes.

use super::rollup_rows::{PathRow, RollupRow};
use super::rows::{DetailRow, RecordRow};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};
use std::marker::PhantomData;

/// Rows of one statement. SQLite takes 32,766 values in one at most; beyond some rows more of them save nothing.
const TOGETHER: usize = 8;

/// A row that is written this way.
pub(super) trait Row {
    /// `INSERT … VALUES`: records that are there already are left as they are, rows of figures are replaced.
    const INSERT: &'static str;
    /// Tells the statements apart.
    type Id: 'static;

    /// Adds the values, in the order of the names in [`Row::INSERT`].
    ///
    /// # Errors
    /// None that are known of today: a value that has no form in the database.
    fn bind<'b>(&'b self, values: &mut Values<'_, 'b>) -> QueryResult<()>;
}

/// Takes the values of a row.
pub(super) struct Values<'p, 'b> {
    pass: AstPass<'p, 'b, Sqlite>,
    is_first: bool,
}

impl<'b> Values<'_, 'b> {
    fn add<T, V>(&mut self, value: &'b V) -> QueryResult<&mut Self>
    where
        Sqlite: diesel::sql_types::HasSqlType<T>,
        V: diesel::serialize::ToSql<T, Sqlite>,
    {
        if !std::mem::replace(&mut self.is_first, false) {
            self.pass.push_sql(",");
        }
        self.pass.push_bind_param::<T, V>(value)?;
        Ok(self)
    }
}

/// Inserts rows; returns how many were written.
pub(super) fn insert<R: Row>(connection: &mut SqliteConnection, rows: &[R]) -> QueryResult<usize> {
    let (several, rest) = rows.as_chunks::<TOGETHER>();
    let mut stored = 0;
    for rows in several {
        stored += Insert(rows).execute(connection)?;
    }
    for row in rest {
        stored += Insert(std::array::from_ref(row)).execute(connection)?;
    }
    Ok(stored)
}

/// One statement.
struct Insert<'a, R, const N: usize>(&'a [R; N]);

impl<R: Row, const N: usize> QueryFragment<Sqlite> for Insert<'_, R, N> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        pass.push_sql(R::INSERT);
        for (number, row) in self.0.iter().enumerate() {
            pass.push_sql(if number == 0 { " (" } else { ",(" });
            let mut values = Values {
                pass: pass.reborrow(),
                is_first: true,
            };
            row.bind(&mut values)?;
            pass.push_sql(")");
        }
        Ok(())
    }
}

impl<R: Row, const N: usize> QueryId for Insert<'_, R, N> {
    type QueryId = PhantomData<(R::Id, [(); N])>;
    // The text depends on nothing but the type.
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Row, const N: usize> RunQueryDsl<SqliteConnection> for Insert<'_, R, N> {}

impl Row for RecordRow<'_> {
    const INSERT: &'static str = "INSERT OR IGNORE INTO audit_records (id,writer,request_id,source_path,key_id,key_preview,\
        route_id,route_name,method,path,target_url,status_code,outcome,request_time,first_response_time,response_time,\
        duration_us,ttfb_us,gateway_us,request_size,response_size,user_agent,ip_address,is_stream,stream_chunks,model,\
        prompt_tokens,completion_tokens,error_message,has_error) VALUES";
    type Id = RecordRow<'static>;

    fn bind<'b>(&'b self, values: &mut Values<'_, 'b>) -> QueryResult<()> {
        values
            .add::<BigInt, _>(&self.id)?
            .add::<BigInt, _>(&self.writer)?
            .add::<Text, _>(&self.request_id)?
            .add::<Nullable<Text>, _>(&self.source_path)?
            .add::<Nullable<Text>, _>(&self.key_id)?
            .add::<Nullable<Text>, _>(&self.key_preview)?
            .add::<Nullable<Text>, _>(&self.route_id)?
            .add::<Nullable<Text>, _>(&self.route_name)?
            .add::<Text, _>(&self.method)?
            .add::<Text, _>(&self.path)?
            .add::<Nullable<Text>, _>(&self.target_url)?
            .add::<Nullable<Integer>, _>(&self.status_code)?
            .add::<Nullable<Text>, _>(&self.outcome)?
            .add::<BigInt, _>(&self.request_time)?
            .add::<Nullable<BigInt>, _>(&self.first_response_time)?
            .add::<Nullable<BigInt>, _>(&self.response_time)?
            .add::<Nullable<BigInt>, _>(&self.duration_us)?
            .add::<Nullable<BigInt>, _>(&self.ttfb_us)?
            .add::<Nullable<BigInt>, _>(&self.gateway_us)?
            .add::<BigInt, _>(&self.request_size)?
            .add::<BigInt, _>(&self.response_size)?
            .add::<Nullable<Text>, _>(&self.user_agent)?
            .add::<Text, _>(&self.ip_address)?
            .add::<Bool, _>(&self.is_stream)?
            .add::<BigInt, _>(&self.stream_chunks)?
            .add::<Nullable<Text>, _>(&self.model)?
            .add::<Nullable<BigInt>, _>(&self.prompt_tokens)?
            .add::<Nullable<BigInt>, _>(&self.completion_tokens)?
            .add::<Nullable<Text>, _>(&self.error_message)?
            .add::<Bool, _>(&self.has_error)?;
        Ok(())
    }
}

impl Row for DetailRow<'_> {
    const INSERT: &'static str = "INSERT OR IGNORE INTO audit_details (id,request_headers,request_body,response_headers,\
        response_body,attempts,match_reason,replay) VALUES";
    type Id = DetailRow<'static>;

    fn bind<'b>(&'b self, values: &mut Values<'_, 'b>) -> QueryResult<()> {
        values
            .add::<BigInt, _>(&self.id)?
            .add::<Text, _>(&self.request_headers)?
            .add::<Nullable<Text>, _>(&self.request_body)?
            .add::<Text, _>(&self.response_headers)?
            .add::<Nullable<Text>, _>(&self.response_body)?
            .add::<Text, _>(&self.attempts)?
            .add::<Nullable<Text>, _>(&self.match_reason)?
            .add::<Nullable<Text>, _>(&self.replay)?;
        Ok(())
    }
}

impl Row for RollupRow<'_> {
    const INSERT: &'static str = "REPLACE INTO rollups (span,dimension,start,segment,value,name,requests,errors,duration_us,\
        ttfb_us,bytes_in,bytes_out,prompt_tokens,completion_tokens,durations,ttfbs) VALUES";
    type Id = RollupRow<'static>;

    fn bind<'b>(&'b self, values: &mut Values<'_, 'b>) -> QueryResult<()> {
        values
            .add::<Integer, _>(&self.span)?
            .add::<Integer, _>(&self.dimension)?
            .add::<BigInt, _>(&self.start)?
            .add::<BigInt, _>(&self.segment)?
            .add::<Text, _>(&self.value)?
            .add::<Text, _>(&self.name)?
            .add::<BigInt, _>(&self.requests)?
            .add::<BigInt, _>(&self.errors)?
            .add::<BigInt, _>(&self.duration_us)?
            .add::<BigInt, _>(&self.ttfb_us)?
            .add::<BigInt, _>(&self.bytes_in)?
            .add::<BigInt, _>(&self.bytes_out)?
            .add::<BigInt, _>(&self.prompt_tokens)?
            .add::<BigInt, _>(&self.completion_tokens)?
            .add::<Binary, _>(&self.durations)?
            .add::<Binary, _>(&self.ttfbs)?;
        Ok(())
    }
}

impl Row for PathRow<'_> {
    const INSERT: &'static str = "REPLACE INTO path_rollups (span,start,segment,path,requests,errors) VALUES";
    type Id = PathRow<'static>;

    fn bind<'b>(&'b self, values: &mut Values<'_, 'b>) -> QueryResult<()> {
        values
            .add::<Integer, _>(&self.span)?
            .add::<BigInt, _>(&self.start)?
            .add::<BigInt, _>(&self.segment)?
            .add::<Text, _>(&self.path)?
            .add::<BigInt, _>(&self.requests)?
            .add::<BigInt, _>(&self.errors)?;
        Ok(())
    }
}
