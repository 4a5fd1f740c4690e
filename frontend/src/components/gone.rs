//! Somebody else deleted what is being edited: who it was and when, and what becomes of what was typed.

use fastgate_shared::problem::Problem;
use leptos::prelude::*;

use crate::components::button::{Button, Weight};
use crate::components::dialog::{Dialog, Shape};
use crate::format;
use crate::locales::{changes as t, common};

/// The question, while there is a problem that says so; cancelling leads back to the form.
#[component]
pub fn GoneQuestion(
    gone: RwSignal<Option<Problem>>,
    #[prop(into)] on_close: Callback<()>,
    #[prop(into)] on_anew: Callback<()>,
) -> impl IntoView {
    let stay = Callback::new(move |()| gone.set(None));
    move || {
        let deletion = gone.get()?.deletion;
        let lead = match deletion {
            Some(deletion) => format::by_whom(deletion.by.as_ref(), Some(deletion.at)),
            None => t::conflict_lead_unknown().to_owned(),
        };
        Some(view! {
            <Dialog title=t::gone_title() lead shape=Shape::Center on_close=stay>
                <div class="dialog-body">
                    <p>{t::gone_choice()}</p>
                </div>
                <div class="dialog-foot">
                    <Button autofocus=true on_press=stay>
                        {common::keep_editing()}
                    </Button>
                    <Button on_press=on_close>{common::discard()}</Button>
                    <Button
                        weight=Weight::Primary
                        on_press=move |()| {
                            gone.set(None);
                            on_anew.run(());
                        }
                    >
                        {t::make_anew()}
                    </Button>
                </div>
            </Dialog>
        })
    }
}
