//! Where the focus goes when the row that has it leaves a table: to the same control of the row that takes its place, else to
//! the page (WCAG 2.4.3). Without this a browser drops it, and who works by keyboard begins anew at the top.

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

/// The control that has the focus, or had it when a dialog opened: with its row's place and its own in the row.
struct Held {
    control: Element,
    row: u32,
    place: usize,
}

/// Keeps the focus within `body` while rows come and go; whoever builds the table calls what this returns on `focusin`.
pub fn keep(body: NodeRef<html::Tbody>, ids: Memo<Vec<String>>) -> impl Fn(ev::FocusEvent) {
    // The page has one thread: the wrapper never moves.
    let held = StoredValue::new(None::<SendWrapper<Held>>);
    reactive::on_change(
        move || ids.track(),
        move |()| {
            request_animation_frame(move || {
                let lost = held.try_with_value(|held| {
                    held.as_ref()
                        .filter(|held| held.is_lost())
                        .map(|held| (held.row, held.place))
                });
                if let Some((row, place)) = lost.flatten() {
                    held.set_value(None);
                    match body.get_untracked().and_then(|body| control(&body, row, place)) {
                        Some(control) => focus(&control),
                        None => focus_page(),
                    }
                }
            });
        },
    );
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
        let control = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        held.set_value(control.and_then(Held::of).map(SendWrapper::new));
    }
}

impl Held {
    fn of(control: Element) -> Option<Self> {
        let row = control.closest("tr").ok()??;
        let above = std::iter::successors(row.previous_element_sibling(), Element::previous_element_sibling).count();
        let place = controls(&row).position(|other| other == control)?;
        Some(Self {
            row: u32::try_from(above).ok()?,
            place,
            control,
        })
    }

    /// The control is gone, and nothing else has the focus since.
    fn is_lost(&self) -> bool {
        !self.control.is_connected() && focus_is_nowhere()
    }
}

/// The control at this place of this row; of the last row where there are fewer.
fn control(body: &Element, row: u32, place: usize) -> Option<Element> {
    let rows = body.children();
    let row = rows.item(row.min(rows.length().checked_sub(1)?))?;
    controls(&row).take(place + 1).last()
}

fn controls(row: &Element) -> impl Iterator<Item = Element> {
    let all = row.get_elements_by_tag_name("*");
    let all = (0..all.length()).filter_map(move |at| all.item(at));
    all.filter(|element| element.matches(CONTROLS).unwrap_or(false))
}
