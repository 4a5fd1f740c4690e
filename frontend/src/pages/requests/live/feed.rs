//! What the live view heard and what it shows of it. While it is paused all is held back; while somebody reads the list, what would
//! move its rows.

use std::sync::Arc;

use fastgate_shared::audit_log::LogItem;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::api;
use crate::order;

/// Rows kept.
const MAX_ROWS: usize = 1_000;
/// Events kept while paused, or while somebody reads.
const MAX_WAITING: usize = 4_000;

/// What an event says.
pub enum Change {
    /// A request, as it is now.
    Item(Arc<LogItem>),
    /// The request with this number no longer passes the filters, or left no record.
    Leave(String),
}

impl Change {
    /// Of which request it says something.
    fn id(&self) -> &str {
        match self {
            Self::Item(item) => &item.id,
            Self::Leave(id) => id,
        }
    }
}

/// What arrived and what is shown of it.
#[derive(Clone, Copy)]
pub struct Feed {
    pub rows: RwSignal<Vec<Arc<LogItem>>>,
    waiting: StoredValue<Vec<Change>>,
    pub paused: RwSignal<bool>,
    /// What is held back, and how many new requests are in it.
    held: StoredValue<Vec<Change>>,
    pub held_back: RwSignal<usize>,
    /// The pointer was moved over the list: where it only happens to rest, nobody reads.
    pub pointed: StoredValue<bool>,
}

impl Feed {
    pub fn new() -> Self {
        Self {
            rows: RwSignal::default(),
            waiting: StoredValue::default(),
            paused: RwSignal::new(false),
            held: StoredValue::default(),
            held_back: RwSignal::new(0),
            pointed: StoredValue::new(false),
        }
    }

    /// Something came.
    pub fn take(self, change: Change) {
        // The last event may arrive when the view is gone.
        let _ = self.waiting.try_update_value(|waiting| add(waiting, change));
    }

    /// Those are in flight, and no others: how the others that were in flight ended is in the history.
    pub fn take_in_flight(self, items: Vec<LogItem>) {
        let mut missed = self.in_flight();
        missed.retain(|id| items.iter().all(|item| item.id != *id));
        for item in items.into_iter().rev() {
            self.take(Change::Item(Arc::new(item)));
        }
        spawn_local(async move {
            for id in missed {
                let change = match api::logs::record(&id).await {
                    Ok(record) => Change::Item(Arc::new(record.item)),
                    Err(problem) if problem.status == 404 => Change::Leave(id),
                    // The next connection asks again.
                    Err(_) => continue,
                };
                // The filters may be others now.
                if self.in_flight().iter().any(|id| id == change.id()) {
                    self.take(change);
                }
            }
        });
    }

    /// The numbers of those in flight, as far as was heard.
    fn in_flight(self) -> Vec<String> {
        let mut ids = Vec::new();
        // The view may be gone.
        let _ = self.rows.try_with_untracked(|rows| {
            let in_flight = rows.iter().filter(|row| row.outcome.is_none());
            ids.extend(in_flight.map(|row| row.id.clone()));
        });
        for changes in [self.held, self.waiting] {
            let _ = changes.try_with_value(|changes| {
                for change in changes {
                    ids.retain(|id| id != change.id());
                    if matches!(change, Change::Item(item) if item.outcome.is_none()) {
                        ids.push(change.id().to_owned());
                    }
                }
            });
        }
        ids
    }

    /// Forgets all.
    pub fn clear(self) {
        self.waiting.set_value(Vec::new());
        self.held.set_value(Vec::new());
        self.held_back.set(0);
        self.rows.set(Vec::new());
    }

    /// Shows what waits. While paused it is held back; while somebody reads the list, what would move it.
    pub fn show(self) {
        let (paused, none_came) = (self.paused.get_untracked(), self.waiting.with_value(Vec::is_empty));
        if none_came && (paused || self.held.with_value(Vec::is_empty)) {
            return;
        }
        if !paused && !self.is_read() {
            return self.release();
        }
        let mut came = Vec::new();
        self.waiting.update_value(|waiting| came = std::mem::take(waiting));
        self.held.update_value(|held| {
            if paused {
                came.into_iter().for_each(|change| hold(held, change));
            } else if !came.is_empty() {
                self.rows
                    .update(|rows| came.into_iter().for_each(|change| put_in_place(rows, held, change)));
            }
        });
        self.held_back.set(self.new_ones());
    }

    /// Shows all that there is.
    pub fn release(self) {
        let mut changes = Vec::new();
        self.held.update_value(|held| changes.append(held));
        self.waiting.update_value(|waiting| changes.append(waiting));
        self.held_back.set(0);
        self.rows.update(|rows| {
            for change in changes {
                match change {
                    Change::Item(item) => put(rows, item),
                    Change::Leave(id) => rows.retain(|row| row.id != id),
                }
            }
            rows.truncate(MAX_ROWS);
        });
    }

    /// Whether somebody reads the list: its top is out of sight, or the pointer or the focus of a keyboard is in a row; or the focus
    /// is on the button for what is new.
    fn is_read(self) -> bool {
        let found = |selector: &str| document().query_selector(selector).ok().flatten();
        found(".live tbody :focus-visible, .live-new :focus-visible").is_some()
            || (self.pointed.get_value() && found(".live tbody:hover").is_some())
            || found(".live").is_some_and(|list| is_above(&list))
    }

    fn new_ones(self) -> usize {
        self.rows.with_untracked(|rows| {
            let shown = in_order(rows.iter().map(|row| row.id.as_str()).collect());
            self.held.with_value(|held| {
                let items = held.iter().filter(|change| matches!(change, Change::Item(_)));
                let ids = items.map(|change| change.id());
                let ids = ids.filter(|id| shown.binary_search(id).is_err());
                in_order(ids.collect()).len()
            })
        })
    }
}

/// Adds to what waits; the oldest goes where it is too much.
fn add(waiting: &mut Vec<Change>, change: Change) {
    if waiting.len() == MAX_WAITING {
        waiting.remove(0);
    }
    waiting.push(change);
}

/// Holds a change back; of each request the latest counts.
fn hold(held: &mut Vec<Change>, change: Change) {
    if let Change::Item(item) = &change
        && let Some(before) = held.iter_mut().rev().find(|other| other.id() == item.id)
        && matches!(before, Change::Item(_))
    {
        *before = change;
    } else {
        add(held, change);
    }
}

/// Changes the row of a request where it stands; what would move rows is held back, and what follows of the same request.
fn put_in_place(rows: &mut [Arc<LogItem>], held: &mut Vec<Change>, change: Change) {
    if let Change::Item(item) = &change
        && let Some(row) = rows.iter_mut().find(|row| row.id == item.id)
        && !held.iter().any(|other| other.id() == item.id)
    {
        *row = Arc::clone(item);
    } else {
        hold(held, change);
    }
}

/// Whether the top of an element was scrolled out of sight.
pub fn is_above(element: &Element) -> bool {
    let top = element.dyn_ref().map(HtmlElement::offset_top).unwrap_or_default();
    window().scroll_y().unwrap_or_default() > f64::from(top)
}

/// In order, each once.
fn in_order(mut ids: Vec<&str>) -> Vec<&str> {
    order::sort(&mut ids, |one, two| one.cmp(two));
    ids.dedup();
    ids
}

// The newest come first, by when they began, and most events are about the newest.
fn put(rows: &mut Vec<Arc<LogItem>>, item: Arc<LogItem>) {
    match rows.iter_mut().find(|row| row.id == item.id) {
        Some(row) => *row = item,
        None => {
            let older = |row: &Arc<LogItem>| (row.id.len(), &row.id) < (item.id.len(), &item.id);
            let place = rows.iter().position(older).unwrap_or(rows.len());
            rows.insert(place, item);
        }
    }
}
