//! Forgets: records by age and by size, roll-ups by age. In small transactions with pauses between them, so that neither
//! the audit writer nor an administrator ever waits long.

use super::ballast::Ballast;
use super::ids;
use super::rollup::{HOUR, HOURS_KEPT_DAYS, MINUTE, MINUTES_KEPT_DAYS};
use crate::config;
use crate::db::{Db, DbResult, upkeep};
use jiff::Timestamp;
use std::time::Duration;

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(60);
/// Records, or rows of roll-ups, deleted in one transaction.
const STEP: i64 = 500;
/// Pages given back to the system after each step.
const PAGES: u32 = 2_000;
/// Between two steps.
const PAUSE: Duration = Duration::from_millis(10);
const DAY_US: i64 = 86_400_000_000;

/// Runs until it is dropped. What fails is logged and tried again at the next turn.
pub async fn run(db: Db, config: config::LiveConfig) {
    let mut timer = tokio::time::interval(EVERY);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut turn = 0_u64;
    let ballast = Ballast::of(&db);
    loop {
        timer.tick().await;
        match enforce_in_any_case(&db, &config.audit, Timestamp::now(), ballast.as_ref()).await {
            Ok(_) if turn > 0 => keep(ballast.clone()).await,
            Ok(_) => {}
            Err(error) => tracing::warn!(
                cause = error.cause(),
                "Old audit records could not be deleted: tried again in a minute"
            ),
        }
        if turn.is_multiple_of(60)
            && let Err(error) = db.read(upkeep::refresh_statistics).await
        {
            tracing::warn!(
                cause = error.cause(),
                "The database's statistics could not be refreshed"
            );
        }
        turn += 1;
    }
}

/// As [`enforce`]; on a disk that is full, with the room that the ballast kept.
///
/// # Errors
/// When the database cannot be written now, and the ballast does not help.
pub async fn enforce_in_any_case(
    db: &Db,
    limits: &config::Audit,
    now: Timestamp,
    ballast: Option<&Ballast>,
) -> DbResult<usize> {
    match enforce(db, limits, now).await {
        Err(error) if error.is_full() && ballast.is_some_and(Ballast::let_go) => {
            tracing::warn!("The disk is full: the room that was kept for deleting old audit records is used");
            enforce(db, limits, now).await
        }
        result => result,
    }
}

/// Makes the ballast anew where there is room; where there is none, the next turn tries again.
async fn keep(ballast: Option<Ballast>) {
    if let Some(ballast) = ballast {
        drop(tokio::task::spawn_blocking(move || ballast.keep()).await);
    }
}

/// Deletes what is too old or too much at `now`; returns how many records.
///
/// # Errors
/// When the database cannot be written now; what was deleted so far stays deleted.
pub async fn enforce(db: &Db, limits: &config::Audit, now: Timestamp) -> DbResult<usize> {
    let mut deleted = 0;
    let oldest = now.as_microsecond() - i64::from(limits.max_age_days) * DAY_US;
    let before = oldest.div_euclid(1000) << ids::SHIFT;
    loop {
        let step = delete_step(db, before).await?;
        deleted += step;
        if step < usize::try_from(STEP).unwrap_or(usize::MAX) {
            break;
        }
    }
    deleted += enforce_size(db, limits.max_bytes).await?;
    for (length, days) in [(MINUTE, MINUTES_KEPT_DAYS), (HOUR, HOURS_KEPT_DAYS)] {
        let before = now.as_microsecond() - days * DAY_US;
        while db
            .write(move |connection| upkeep::delete_rollups(connection, length, before, STEP))
            .await?
            > 0
        {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(deleted)
}

/// The size is asked for once: a server learns of deleted rows late. From there on each deleted record counts as the
/// share that it had.
async fn enforce_size(db: &Db, max_bytes: u64) -> DbResult<usize> {
    let used = db.read(upkeep::used_bytes).await?;
    if used <= max_bytes {
        return Ok(0);
    }
    // Counting millions takes a while, and is rarely needed.
    let records = db.read(upkeep::count).await?;
    if records == 0 {
        return Ok(0);
    }
    let surplus = u128::from(used - max_bytes) * u128::from(records) / u128::from(used) + 1;
    let surplus = usize::try_from(surplus).unwrap_or(usize::MAX);
    let mut deleted = 0;
    while deleted < surplus {
        let step = delete_step(db, i64::MAX).await?;
        if step == 0 {
            break;
        }
        deleted += step;
    }
    tracing::info!(
        records = deleted,
        used,
        max_bytes,
        "Oldest audit records deleted: audit.max_bytes was reached"
    );
    Ok(deleted)
}

async fn delete_step(db: &Db, before: i64) -> DbResult<usize> {
    let deleted = db
        .write(move |connection| upkeep::delete_oldest(connection, before, STEP))
        .await?;
    if deleted > 0 {
        // Outside of the transaction that deletes: each takes the write lock for a short time only.
        db.read(|connection| upkeep::shrink(connection, PAGES)).await?;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(deleted)
}
