//! Buttons. A busy button stays focusable and ignores presses.

use fastgate_shared::admin_token::Role;
use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};
use crate::state::session::Session;

/// The weight of a button: one primary action a page or dialog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    #[default]
    Plain,
    Primary,
    Danger,
}

/// A button with a word, and an icon where it helps.
#[component]
pub fn Button(
    #[prop(optional)] weight: Weight,
    #[prop(optional, into)] glyph: Option<Glyph>,
    #[prop(optional)] small: bool,
    /// Sends the form it is in.
    #[prop(optional)]
    submit: bool,
    #[prop(optional, into)] busy: Signal<bool>,
    #[prop(optional)] autofocus: bool,
    /// Its name, where the word alone does not say what it is about; begins with the word.
    #[prop(optional, into)]
    label: Option<String>,
    /// The `n` key presses it.
    #[prop(optional)]
    primary_action: bool,
    /// The least role that may do it; nobody else is offered the button.
    #[prop(optional, into)]
    needs: Option<Role>,
    #[prop(optional, into)] on_press: Option<Callback<()>>,
    children: Children,
) -> impl IntoView {
    if !Session::may_offer(needs) {
        return ().into_any();
    }
    let class = match weight {
        Weight::Plain => "button",
        Weight::Primary => "button button-primary",
        Weight::Danger => "button button-danger",
    };
    let press = move |event: leptos::ev::MouseEvent| {
        if busy.get_untracked() {
            event.prevent_default();
        } else if let Some(on_press) = on_press {
            on_press.run(());
        }
    };
    view! {
        <button
            type=if submit { "submit" } else { "button" }
            class=class
            class:button-small=small
            autofocus=autofocus
            aria-label=label
            aria-disabled=move || busy.get().then_some("true")
            data-primary=primary_action.then_some("")
            on:click=press
        >
            {glyph.map(|glyph| view! { <Icon glyph /> })}
            {children()}
        </button>
    }
    .into_any()
}

/// A button that is an icon; its name is told to assistive technology and shown on hover.
#[component]
pub fn IconButton(
    glyph: Glyph,
    #[prop(into)] label: String,
    #[prop(optional)] danger: bool,
    /// The least role that may do it; nobody else is offered the button.
    #[prop(optional, into)]
    needs: Option<Role>,
    #[prop(into)] on_press: Callback<()>,
) -> impl IntoView {
    if !Session::may_offer(needs) {
        return ().into_any();
    }
    view! {
        <button
            type="button"
            class="icon-button"
            class:icon-button-danger=danger
            title=label.clone()
            aria-label=label
            on:click=move |_| on_press.run(())
        >
            <Icon glyph />
        </button>
    }
    .into_any()
}
