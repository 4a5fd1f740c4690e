//! Dialogs and drawers on the native `<dialog>`: it holds the focus and makes the page behind inert. It is open as long
//! as it is mounted; when it goes, the focus returns to where it was.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use send_wrapper::SendWrapper;

use crate::components::button::IconButton;
use crate::components::icon::Glyph;
use crate::components::unique_id;
use crate::locales::common as t;
use crate::state::shortcuts::focus;

/// Where a dialog stands and how it may be left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// In the middle.
    #[default]
    Center,
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
            Self::Center => "dialog",
            Self::MustAnswer => "dialog dialog-roomy",
            Self::Palette => "dialog dialog-palette",
            Self::Drawer | Self::WideFormDrawer => "dialog dialog-drawer dialog-wide",
            Self::FormDrawer => "dialog dialog-drawer",
        }
    }
}

/// A dialog. Its children bring `.dialog-body` and `.dialog-foot`.
#[component]
pub fn Dialog(
    #[prop(into)] title: String,
    #[prop(optional, into)] lead: String,
    #[prop(optional)] shape: Shape,
    #[prop(into)] on_close: Callback<()>,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    let title_id = unique_id();
    let labelled_by = title_id.clone();
    let must_answer = shape == Shape::MustAnswer;
    keep_focus();
    node.on_load(|dialog| {
        request_animation_frame(move || {
            if dialog.is_connected() && !dialog.open() {
                // Fails only when it is open already or not connected.
                let _ = dialog.show_modal();
            }
        });
    });
    let cancel = move |event: ev::Event| {
        event.prevent_default();
        if !must_answer {
            on_close.run(());
        }
    };
    let press_beside = move |event: ev::MouseEvent| {
        let beside = event.target() == node.get_untracked().map(|dialog| dialog.unchecked_into());
        if beside && matches!(shape, Shape::Drawer | Shape::Palette) {
            on_close.run(());
        }
    };
    view! {
        <dialog
            node_ref=node
            class=shape.class()
            aria-labelledby=labelled_by
            closedby=must_answer.then_some("none")
            on:cancel=cancel
            on:click=press_beside
        >
            <div class="dialog-head">
                <div>
                    <h2 id=title_id>{title}</h2>
                    {(!lead.is_empty()).then(|| view! { <p class="page-lead">{lead}</p> })}
                </div>
                {(!must_answer && shape != Shape::Palette)
                    .then(|| view! { <IconButton glyph=Glyph::Cross label=t::close() on_press=on_close /> })}
            </div>
            {children()}
        </dialog>
    }
}

// Remembers what had the focus, and gives it back when the dialog is gone; to the page where that is gone as well.
fn keep_focus() {
    // The page has one thread: the wrapper never moves.
    let before = SendWrapper::new(document().active_element());
    on_cleanup(move || {
        let before = before.take();
        request_animation_frame(move || match before.filter(|element| element.is_connected()) {
            Some(element) if element.tag_name() != "BODY" => focus(&element),
            _ => {
                if let Some(main) = document().get_element_by_id("main") {
                    focus(&main);
                }
            }
        });
    });
}
