//! Asks before something that cannot be undone: says what will happen, and Cancel has the focus.

use leptos::prelude::*;

use crate::components::button::{Button, Weight};
use crate::components::dialog::{Dialog, Shape};
use crate::locales::common as t;

/// A question with two answers.
#[component]
pub fn Confirm(
    #[prop(into)] title: String,
    #[prop(into)] consequence: String,
    /// The word of the answer that changes nothing.
    #[prop(default = t::cancel())]
    keep: &'static str,
    #[prop(into)] action: String,
    #[prop(into)] busy: Signal<bool>,
    #[prop(into)] on_cancel: Callback<()>,
    #[prop(into)] on_confirm: Callback<()>,
) -> impl IntoView {
    view! {
        <Dialog title shape=Shape::Center on_close=on_cancel>
            <div class="dialog-body">
                <p>{consequence}</p>
            </div>
            <div class="dialog-foot">
                <Button autofocus=true on_press=on_cancel>
                    {keep}
                </Button>
                <Button weight=Weight::Danger busy on_press=on_confirm>
                    {action}
                </Button>
            </div>
        </Dialog>
    }
}
