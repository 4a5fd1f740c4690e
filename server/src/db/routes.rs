//! Routes. Their definitions come and go with the credentials encrypted: [`SealedDefinition`] can only be made by the
//! secrets room.

use super::schema::routes;
use super::types::{count, time};
use super::{DbConnection, DbError, DbResult};
use crate::secrets::SealedDefinition;
use diesel::prelude::*;
use jiff::Timestamp;
use std::collections::HashSet;

/// A route as it is stored.
#[derive(Clone, PartialEq)]
pub struct StoredRoute {
    /// UUID of the route.
    pub route_id: String,
    /// The definition, credentials encrypted.
    pub definition: SealedDefinition,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = routes)]
struct Row {
    route_id: String,
    route_name: String,
    priority: i32,
    is_active: bool,
    definition: String,
    created_at: i64,
    updated_at: i64,
}

/// Every route, by priority, then the older first. (The full matching order also weighs the patterns; see `routing`.)
///
/// # Errors
/// See [`DbError`].
pub fn all(connection: &mut DbConnection) -> DbResult<Vec<StoredRoute>> {
    let rows: Vec<Row> = routes::table
        .order((routes::priority, routes::created_at, routes::route_id))
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(StoredRoute::try_from).collect()
}

/// One route.
///
/// # Errors
/// [`DbError::NotFound`] when there is none with this id.
pub fn get(connection: &mut DbConnection, route_id: &str) -> DbResult<StoredRoute> {
    routes::table
        .find(route_id)
        .select(Row::as_select())
        .first(connection)?
        .try_into()
}

/// Those of these routes that there are.
///
/// # Errors
/// See [`DbError`].
pub fn those(connection: &mut DbConnection, ids: &HashSet<String>) -> DbResult<Vec<StoredRoute>> {
    let rows: Vec<Row> = routes::table
        .filter(routes::route_id.eq_any(ids))
        .select(Row::as_select())
        .load(connection)?;
    rows.into_iter().map(StoredRoute::try_from).collect()
}

/// How many routes are active.
///
/// # Errors
/// See [`DbError`].
pub fn count_active(connection: &mut DbConnection) -> DbResult<u64> {
    let total: i64 = routes::table
        .filter(routes::is_active.eq(true))
        .count()
        .get_result(connection)?;
    Ok(count(total))
}

/// Stores a new route.
///
/// # Errors
/// [`DbError::Conflict`] when its id exists.
pub fn insert(connection: &mut DbConnection, route: &StoredRoute) -> DbResult<()> {
    diesel::insert_into(routes::table)
        .values(Row::try_from(route)?)
        .execute(connection)?;
    Ok(())
}

/// Replaces a route's definition and `updated_at`; `created_at` stays.
///
/// # Errors
/// [`DbError::NotFound`].
pub fn update(connection: &mut DbConnection, route: &StoredRoute) -> DbResult<()> {
    let row = Row::try_from(route)?;
    let changed = diesel::update(routes::table.find(&route.route_id))
        .set((
            routes::route_name.eq(row.route_name),
            routes::priority.eq(row.priority),
            routes::is_active.eq(row.is_active),
            routes::definition.eq(row.definition),
            routes::updated_at.eq(row.updated_at),
        ))
        .execute(connection)?;
    if changed == 0 { Err(DbError::NotFound) } else { Ok(()) }
}

/// Replaces a route's definition by the same one, encrypted with another key.
///
/// # Errors
/// [`DbError::NotFound`].
pub fn reseal(connection: &mut DbConnection, route_id: &str, definition: &SealedDefinition) -> DbResult<()> {
    let changed = diesel::update(routes::table.find(route_id))
        .set(routes::definition.eq(definition.to_stored()?))
        .execute(connection)?;
    if changed == 0 { Err(DbError::NotFound) } else { Ok(()) }
}

/// Deletes a route; its audit records stay.
///
/// # Errors
/// [`DbError::NotFound`].
pub fn delete(connection: &mut DbConnection, route_id: &str) -> DbResult<()> {
    let changed = diesel::delete(routes::table.find(route_id)).execute(connection)?;
    if changed == 0 { Err(DbError::NotFound) } else { Ok(()) }
}

impl TryFrom<Row> for StoredRoute {
    type Error = DbError;

    fn try_from(row: Row) -> DbResult<Self> {
        Ok(Self {
            route_id: row.route_id,
            definition: SealedDefinition::from_stored(&row.definition)?,
            created_at: time(row.created_at)?,
            updated_at: time(row.updated_at)?,
        })
    }
}

impl TryFrom<&StoredRoute> for Row {
    type Error = DbError;

    fn try_from(route: &StoredRoute) -> DbResult<Self> {
        let definition = route.definition.public();
        Ok(Self {
            route_id: route.route_id.clone(),
            route_name: definition.route_name.clone(),
            priority: i32::from(definition.priority),
            is_active: definition.is_active,
            definition: route.definition.to_stored()?,
            created_at: route.created_at.as_microsecond(),
            updated_at: route.updated_at.as_microsecond(),
        })
    }
}
