//! Forgets: records by age and by size, roll-ups by age. In small transactions with pauses between them, so that neither
//! the audit writer nor an administrator ever waits long: a step is made as short as the machine needs it to be, and the lock
//! is free for longer than it was held. Whoever finds SQLite locked looks again after 1, 2, 5, 10 … ms, so that who came during
//! a step gets its turn in the pause.

use super::ballast::Ballast;
use super::ids;
use super::rollup::{HOUR, HOURS_KEPT_DAYS, MINUTE, MINUTES_KEPT_DAYS};
use crate::config;
use crate::db::{Db, DbConnection, DbResult, Dialect, upkeep};
use jiff::Timestamp;
use std::time::{Duration, Instant};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(60);
/// Records, or rows of roll-ups, deleted in one transaction at most.
const STEP: i64 = 500;
/// Pages given back to the system after each step at most.
const PAGES: i64 = 2_000;
/// Of either at least: the commit takes its time however little there is to commit, and deleting has to keep up.
const LEAST: i64 = 64;
/// What a step should take without its commit: the write lock is held for so long. A fifth of what is promised.
const STEP_TIME: Duration = Duration::from_millis(10);
/// Between two steps at least, and at most; else twice what the step took.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));
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

/// How much is done at a time: as much as takes [`STEP_TIME`].
struct Step {
    size: i64,
    most: i64,
}

impl Step {
    const fn of(most: i64) -> Self {
        Self { size: most / 8, most }
    }

    /// Learns from a step whose work took so long, and pauses.
    async fn done(&mut self, work: Duration, since: Instant) {
        self.size = match work {
            _ if work > STEP_TIME => self.size / 2,
            _ if work < STEP_TIME / 2 => self.size * 3 / 2,
            _ => self.size,
        };
        self.size = self.size.clamp(LEAST, self.most);
        tokio::time::sleep((since.elapsed() * 2).clamp(PAUSE.0, PAUSE.1)).await;
    }

    /// Takes the write lock for one step, which tells how much it did, and pauses.
    async fn take<F>(&mut self, db: &Db, work: F) -> DbResult<usize>
    where
        F: FnOnce(&mut DbConnection, i64) -> DbResult<usize> + Send + 'static,
    {
        let size = self.size;
        let (done, took, since) = db
            .write_unconfirmed(move |connection| {
                let since = Instant::now();
                let done = work(connection, size)?;
                Ok((done, since.elapsed(), since))
            })
            .await?;
        self.done(took, since).await;
        Ok(done)
    }
}

/// One turn of deleting, with what it learned of this machine.
struct Turn<'a> {
    db: &'a Db,
    records: Step,
    pages: Step,
}

/// Deletes what is too old or too much at `now`; returns how many records.
///
/// # Errors
/// When the database cannot be written now; what was deleted so far stays deleted.
pub async fn enforce(db: &Db, limits: &config::Audit, now: Timestamp) -> DbResult<usize> {
    let mut turn = Turn {
        db,
        records: Step::of(STEP),
        pages: Step::of(PAGES),
    };
    let oldest = now.as_microsecond() - i64::from(limits.max_age_days) * DAY_US;
    let before = oldest.div_euclid(1000) << ids::SHIFT;
    let mut deleted = turn.delete(before, usize::MAX).await?;
    deleted += turn.enforce_size(limits.max_bytes).await?;
    for (length, days) in [(MINUTE, MINUTES_KEPT_DAYS), (HOUR, HOURS_KEPT_DAYS)] {
        let before = now.as_microsecond() - days * DAY_US;
        turn.delete_rollups(length, before).await?;
    }
    Ok(deleted)
}

impl Turn<'_> {
    /// Deletes the oldest records with numbers below `before`, about `many` of them; returns how many.
    async fn delete(&mut self, before: i64, many: usize) -> DbResult<usize> {
        let mut deleted = 0;
        while deleted < many {
            let work = move |connection: &mut DbConnection, size| upkeep::delete_oldest(connection, before, size);
            let step = self.records.take(self.db, work).await?;
            if step == 0 {
                break;
            }
            deleted += step;
            self.shrink().await?;
        }
        Ok(deleted)
    }

    async fn delete_rollups(&mut self, length: i32, before: i64) -> DbResult<()> {
        let mut step = Step::of(STEP);
        loop {
            let work =
                move |connection: &mut DbConnection, size| upkeep::delete_rollups(connection, length, before, size);
            if step.take(self.db, work).await? == 0 {
                return Ok(());
            }
            self.shrink().await?;
        }
    }

    /// Gives back what is free, outside of the transactions that delete: each takes the write lock for a short time only.
    async fn shrink(&mut self) -> DbResult<()> {
        if self.db.dialect() == Dialect::Postgres {
            return Ok(());
        }
        let work = |connection: &mut DbConnection, pages| upkeep::shrink(connection, pages).map(|()| 0);
        self.pages.take(self.db, work).await.map(drop)
    }

    /// The size is asked for once: a server learns of deleted rows late. From there on each deleted record counts as the
    /// share that it had.
    async fn enforce_size(&mut self, max_bytes: u64) -> DbResult<usize> {
        let used = self.db.read(upkeep::used_bytes).await?;
        if used <= max_bytes {
            return Ok(0);
        }
        // Counting millions takes a while, and is rarely needed.
        let records = self.db.read(upkeep::count).await?;
        if records == 0 {
            return Ok(0);
        }
        let surplus = u128::from(used - max_bytes) * u128::from(records) / u128::from(used) + 1;
        let deleted = self
            .delete(i64::MAX, usize::try_from(surplus).unwrap_or(usize::MAX))
            .await?;
        // What was free before as well: the file is to become as small as it may be.
        self.shrink_to_the_end().await?;
        tracing::info!(
            records = deleted,
            used,
            max_bytes,
            "Oldest audit records deleted: audit.max_bytes was reached"
        );
        Ok(deleted)
    }

    async fn shrink_to_the_end(&mut self) -> DbResult<()> {
        let mut before = u64::MAX;
        loop {
            let free = self.db.read(upkeep::free_pages).await?;
            // A file of another making does not give pages back.
            if free == 0 || free >= before {
                return Ok(());
            }
            before = free;
            self.shrink().await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_step_becomes_as_long_as_the_machine_lets_it() {
        let mut step = Step::of(STEP);
        for _ in 0..20 {
            step.done(STEP_TIME * 3, Instant::now()).await;
        }
        assert_eq!(step.size, LEAST);
        for _ in 0..20 {
            step.done(STEP_TIME / 10, Instant::now()).await;
        }
        assert_eq!(step.size, STEP);
        step.done(STEP_TIME, Instant::now()).await;
        assert_eq!(step.size, STEP, "what takes its time stays");
    }

    #[tokio::test(start_paused = true)]
    async fn the_lock_is_free_for_longer_than_it_was_held() {
        for held in [1, 10, 40, 100, 10_000].map(Duration::from_millis) {
            let begun = tokio::time::Instant::now();
            Step::of(STEP).done(held, Instant::now() - held).await;
            let free = begun.elapsed();
            assert!(
                free >= PAUSE.0 && (free >= held || free >= PAUSE.1),
                "{held:?}: {free:?}"
            );
        }
    }
}
