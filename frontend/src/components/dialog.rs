//! Dialogs and drawers on the native `<dialog>`: it holds the focus and makes the page behind inert. It is open as long
//! as it is mounted; when it goes, the focus returns to where it was.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use send_wrapper::SendWrapper;
use web_sys::Element;

use crate::components::button::IconButton;
use crate::components::confirm::Confirm;
use crate::components::icon::Glyph;
use crate::components::{row_focus, unique_id};
use crate::locales::common as t;
use crate::state::shortcuts::{focus, focus_is_nowhere, focus_page_now};
use crate::state::unsaved::{self, Way};

/// Where a dialog stands and how it may be left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// In the middle.
    #[default]
    Center,
    /// In the middle, for forms.
    Form,
    /// In the middle, with room for what is compared.
    Roomy,
    /// At the side; a click beside it closes it.
    Drawer,
    /// At the side, for forms: a click beside it does nothing, so that no input is lost.
    FormDrawer,
    /// At the side, wide, for large forms.
    WideFormDrawer,
    /// In the middle, left only by its own buttons.
    MustAnswer,
    /// In the upper middle, without a head; a click beside it closes it.
    Palette,
}

impl Shape {
    const fn class(self) -> &'static str {
        match self {
            Self::Center | Self::Form => "dialog",
            Self::Roomy | Self::MustAnswer => "dialog dialog-roomy",
            Self::Palette => "dialog dialog-palette",
            Self::Drawer | Self::WideFormDrawer => "dialog dialog-drawer dialog-wide",
            Self::FormDrawer => "dialog dialog-drawer",
        }
    }

    /// What is typed here is not thrown away unasked.
    const fn holds_a_form(self) -> bool {
        matches!(self, Self::Form | Self::FormDrawer | Self::WideFormDrawer)
    }
}

/// A dialog. Its children bring `.dialog-body` and `.dialog-foot`.
#[component]
pub fn Dialog(
    #[prop(into)] title: String,
    #[prop(optional, into)] lead: String,
    #[prop(optional)] shape: Shape,
    /// Something was typed in it that would be lost; whoever has no more need of it says so.
    #[prop(optional)]
    typed: RwSignal<bool>,
    #[prop(into)] on_close: Callback<()>,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let title_id = unique_id();
    let labelled_by = title_id.clone();
    let must_answer = shape == Shape::MustAnswer;
    keep_focus();
    node.on_load(|dialog| request_animation_frame(move || show(&dialog)));
    let leaving = Leaving {
        shape,
        typed,
        asking: RwSignal::new(None),
        on_close,
    };
    if shape.holds_a_form() {
        unsaved::watch(typed, leaving.asking);
    }
    let is_own = move |event: &ev::Event| event.target() == node.get_untracked().map(|dialog| dialog.unchecked_into());
    let cancel = move |event: ev::Event| {
        // A file chooser in it can be cancelled, too.
        if is_own(&event) && event.cancelable() {
            event.prevent_default();
            leaving.leave();
        }
    };
    // Browsers let nobody hold a dialog open with `cancel` alone: when Esc is all that was pressed since, it closes.
    let closed = move |event: ev::Event| {
        if let Some(dialog) = node.get_untracked().filter(|_| is_own(&event)) {
            show(&dialog);
            leaving.leave();
        }
    };
    let press = move |event: ev::MouseEvent| {
        if matches!(shape, Shape::Drawer | Shape::Palette) && is_own(&event) {
            on_close.run(());
        } else if is_leave_button(&event) {
            leaving.leave();
        }
    };
    view! {
        <dialog
            node_ref=node
            class=shape.class()
            aria-labelledby=labelled_by
            closedby=must_answer.then_some("none")
            on:cancel=cancel
            on:close=closed
            on:click=press
            on:input=move |_| typed.set(true)
        >
            <div class="dialog-head">
                <div>
                    <h2 id=title_id>{title}</h2>
                    {(!lead.is_empty()).then(|| view! { <p class="page-lead">{lead}</p> })}
                </div>
                {(!must_answer && shape != Shape::Palette)
                    .then(|| view! { <IconButton glyph=Glyph::Cross label=t::close() on_press=move |()| leaving.leave() /> })}
            </div>
            {children()}
        </dialog>
        {move || leaving.asking.get().map(|_| discard_question(leaving))}
    }
}

/// The ways out of a dialog.
#[derive(Clone, Copy)]
struct Leaving {
    shape: Shape,
    typed: RwSignal<bool>,
    /// It is asked whether what was typed may be lost.
    asking: RwSignal<Option<Way>>,
    on_close: Callback<()>,
}

impl Leaving {
    fn leave(self) {
        if self.shape.holds_a_form() && self.typed.get_untracked() {
            self.asking.set(Some(Way::Close));
        } else if self.shape != Shape::MustAnswer {
            self.on_close.run(());
        }
    }

    fn discard(self) {
        let way = self.asking.get_untracked();
        self.typed.set(false);
        self.asking.set(None);
        match (way, window().history()) {
            (Some(Way::History), Ok(history)) => {
                // Fails where there is nothing to go back to: nobody came here by Back then.
                let _ = history.back();
            }
            _ => self.on_close.run(()),
        }
    }
}

fn show(dialog: &web_sys::HtmlDialogElement) {
    if dialog.is_connected() && !dialog.open() {
        // Fails only when it is open already or not connected.
        let _ = dialog.show_modal();
    }
}

/// The button that leaves a dialog: as Esc does, it asks before what was typed is lost.
pub fn leave_button(word: &'static str) -> AnyView {
    view! {
        <button type="button" class="button" data-leave="">
            {word}
        </button>
    }
    .into_any()
}

fn is_leave_button(event: &ev::MouseEvent) -> bool {
    let pressed = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    pressed.is_some_and(|pressed| matches!(pressed.closest("[data-leave]"), Ok(Some(_))))
}

/// Asks before what was typed is lost.
fn discard_question(leaving: Leaving) -> AnyView {
    view! {
        <Confirm
            title=t::discard_title()
            consequence=t::discard_text()
            keep=t::keep_editing()
            action=t::discard()
            busy=Signal::stored(false)
            on_cancel=move |()| leaving.asking.set(None)
            on_confirm=move |()| leaving.discard()
        />
    }
    .into_any()
}

/// What had the focus before a dialog, and before the dialog that it was opened from, and so on.
type Before = Rc<Vec<Element>>;

thread_local! {
    /// Of each open dialog, the topmost last.
    static OPEN: RefCell<Vec<Before>> = const { RefCell::new(Vec::new()) };
}

// Remembers what had the focus, and gives it back when the dialog is gone. Where that is gone as well, as with a dialog that
// made room for this one, what had it before that; else the page.
fn keep_focus() {
    let beneath = OPEN.with_borrow(|open| open.last().cloned().unwrap_or_default());
    let active = document().active_element();
    // The button of a row may go while its dialog is open: then the row's first control is the next best.
    let in_row = active.as_ref().and_then(|element| element.closest("tr").ok()?);
    let in_row = in_row.and_then(|row| row.query_selector("a[href], button").ok()?);
    let before = active.into_iter().chain(in_row).chain(beneath.iter().cloned());
    let before = Before::new(before.collect());
    OPEN.with_borrow_mut(|open| open.push(Rc::clone(&before)));
    // The page has one thread: the wrapper never moves.
    let before = SendWrapper::new(before);
    on_cleanup(move || {
        let before = before.take();
        OPEN.with_borrow_mut(|open| open.retain(|other| !Rc::ptr_eq(other, &before)));
        request_animation_frame(move || {
            let there = |element: &&Element| element.is_connected() && element.tag_name() != "BODY";
            match before.iter().find(there) {
                Some(element) => focus(element),
                // A list may have moved it on already, with the row that is gone; or could not, because this dialog had it.
                None if focus_is_nowhere() => match row_focus::of_the_next_row() {
                    Some(control) => focus(&control),
                    None => focus_page_now(),
                },
                None => {}
            }
        });
    });
}
