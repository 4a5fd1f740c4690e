//! Where the focus goes when the row that has it leaves a table: to the same control of the row that takes its place, else to
//! the page (WCAG 2.4.3). Without this a browser drops it, and who works by keyboard begins anew at the top.

use std::cell::RefCell;

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use send_wrapper::SendWrapper;
use web_sys::Element;

use crate::state::reactive;
use crate::state::shortcuts::{focus, focus_is_nowhere, focus_page};

/// What in a row can have the focus.
const CONTROLS: &str = "a[href], button, input, select";

/// The control that has the focus, or had it when a dialog opened: with its row, the row's place and its own in the row.
struct Held {
    control: Element,
    row: Element,
    above: u32,
    place: usize,
}

/// Finds where the focus goes on in a table.
type Successor = Box<dyn Fn() -> Option<Element>>;

thread_local! {
    /// Of the table that had the focus last: a dialog that was opened from it may outlive the row.
    static LATEST: RefCell<Option<Successor>> = const { RefCell::new(None) };
}

/// Keeps the focus within `body` while rows, and controls in them, come and go: `changed` tells when. Whoever builds the table calls
/// what this returns on `focusin`.
pub fn keep(body: NodeRef<html::Tbody>, changed: impl Fn() + Send + Sync + 'static) -> impl Fn(ev::FocusEvent) {
    // The page has one thread: the wrapper never moves.
    let held = StoredValue::new(None::<SendWrapper<Held>>);
    reactive::on_change(changed, move |()| {
        request_animation_frame(move || {
            let lost = held.try_with_value(|held| held.as_ref().is_some_and(|held| held.is_lost()));
            if lost == Some(true) {
                let next = successor(held, body);
                held.set_value(None);
                match next {
                    Some(control) => focus(&control),
                    None => focus_page(),
                }
            }
        });
    });
    on_cleanup(move || {
        // The last row took the table along.
        if let Some(held) = held.try_update_value(Option::take).flatten() {
            request_animation_frame(move || {
                if held.is_lost() {
                    focus_page();
                }
            });
        }
    });
    move |event| {
        LATEST.set(Some(Box::new(move || successor(held, body))));
        let control = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        held.set_value(control.and_then(Held::of).map(SendWrapper::new));
    }
}

/// The same control of the row that took the place of the one that had the focus last; none while that one is there.
pub fn of_the_next_row() -> Option<Element> {
    LATEST.with_borrow(|latest| latest.as_ref()?())
}

fn successor(held: StoredValue<Option<SendWrapper<Held>>>, body: NodeRef<html::Tbody>) -> Option<Element> {
    let find = |held: &Option<SendWrapper<Held>>| {
        let held = held.as_ref().filter(|held| !held.control.is_connected())?;
        let row = Some(held.row.clone()).filter(|row| row.is_connected());
        let row = row.or_else(|| row_at(&*body.try_get_untracked()??, held.above))?;
        controls(&row).take(held.place + 1).last()
    };
    // The table may be gone.
    held.try_with_value(find)?
}

impl Held {
    fn of(control: Element) -> Option<Self> {
        let row = control.closest("tr").ok()??;
        let above = std::iter::successors(row.previous_element_sibling(), Element::previous_element_sibling).count();
        let place = controls(&row).position(|other| other == control)?;
        Some(Self {
            above: u32::try_from(above).ok()?,
            row,
            place,
            control,
        })
    }

    /// The control is gone, and nothing else has the focus since.
    fn is_lost(&self) -> bool {
        !self.control.is_connected() && focus_is_nowhere()
    }
}

/// The row with so many above it; the last one where there are fewer.
fn row_at(body: &Element, above: u32) -> Option<Element> {
    let rows = body.children();
    rows.item(above.min(rows.length().checked_sub(1)?))
}

fn controls(row: &Element) -> impl Iterator<Item = Element> {
    let all = row.get_elements_by_tag_name("*");
    let all = (0..all.length()).filter_map(move |at| all.item(at));
    all.filter(|element| element.matches(CONTROLS).unwrap_or(false))
}
