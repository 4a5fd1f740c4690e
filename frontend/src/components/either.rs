//! One of two ways, side by side: radio buttons that look like one switch.

use leptos::prelude::*;

/// The choice; `second` says whether the second of both words is chosen.
pub fn either(
    label: &'static str,
    name: &'static str,
    words: [&'static str; 2],
    second: Signal<bool>,
    on_choose: impl Fn(bool) + Send + Sync + 'static,
) -> AnyView {
    built(label, name, words, second, Callback::new(on_choose))
}

// Not generic, so that it is in the WASM file once.
fn built(
    label: &'static str,
    name: &'static str,
    words: [&'static str; 2],
    second: Signal<bool>,
    on_choose: Callback<bool>,
) -> AnyView {
    let choice = |is_second: bool| {
        view! {
            <label class="choice-option">
                <input
                    type="radio"
                    name=name
                    prop:checked=move || second.get() == is_second
                    on:change=move |_| on_choose.run(is_second)
                />
                {words[usize::from(is_second)]}
            </label>
        }
    };
    view! {
        <div class="choice" role="radiogroup" aria-label=label>
            {choice(false)} {choice(true)}
        </div>
    }
    .into_any()
}
