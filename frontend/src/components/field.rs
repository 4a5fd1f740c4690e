//! Form fields: a label, a control, a hint, and the message of the rule that is not met.

use leptos::html;
use leptos::prelude::*;

use crate::components::code::with_code;
use crate::components::icon::{Glyph, Icon};
use crate::components::unique_id;
use crate::locales::common as t;
use crate::state::form::FormErrors;
use crate::state::reactive;

/// Where a field's message comes from: the form, and the field's name in it.
#[derive(Clone, Copy)]
pub struct Rule(pub FormErrors, pub &'static str);

impl Rule {
    /// The message of the field, if it has a rule.
    pub fn message(rule: Option<Self>) -> Signal<Option<String>> {
        rule.map_or_else(|| Signal::stored(None), |Self(errors, name)| errors.of(name))
    }

    /// Says that the field was edited.
    pub fn touch(rule: Option<Self>) {
        if let Some(Self(errors, name)) = rule {
            errors.touch(name);
        }
    }
}

/// Text, on one line or several.
#[component]
pub fn TextField(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(optional, into)] rule: Option<Rule>,
    #[prop(optional, into)] hint: String,
    #[prop(optional, into)] placeholder: String,
    #[prop(optional)] optional: bool,
    #[prop(optional)] mono: bool,
    #[prop(optional)] multiline: bool,
    #[prop(optional)] autofocus: bool,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "off")] autocomplete: &'static str,
    /// Digits are typed.
    #[prop(optional)]
    numeric: bool,
    /// Texts that are offered, as the id of a `<datalist>`.
    #[prop(optional)]
    list: Option<&'static str>,
) -> impl IntoView {
    let id = unique_id();
    let message = Rule::message(rule);
    let described = described_by(&id, !hint.is_empty());
    let on_input = move |event| {
        value.set(event_target_value(&event));
        Rule::touch(rule);
    };
    let on_blur = move |_| {
        // The focus also leaves a field whose form was just closed.
        if value.try_with_untracked(|text| !text.is_empty()) == Some(true) {
            Rule::touch(rule);
        }
    };
    let invalid = move || message.with(Option::is_some).then_some("true");
    let control = if multiline {
        view! {
            <textarea
                id=id.clone()
                class="input"
                class:input-mono=mono
                placeholder=placeholder
                autofocus=autofocus
                spellcheck="false"
                aria-describedby=described
                aria-invalid=invalid
                prop:value=move || value.get()
                on:input=on_input
                on:blur=on_blur
            ></textarea>
        }
        .into_any()
    } else {
        view! {
            <input
                id=id.clone()
                class="input"
                class:input-mono=mono
                type=kind
                inputmode=numeric.then_some("numeric")
                list=list
                placeholder=placeholder
                autocomplete=autocomplete
                autofocus=autofocus
                spellcheck="false"
                aria-describedby=described
                aria-invalid=invalid
                prop:value=move || value.get()
                on:input=on_input
                on:blur=on_blur
            />
        }
        .into_any()
    };
    view! { <FieldFrame id label hint optional message>{control}</FieldFrame> }
}

/// One of several choices; each is its value and its word.
#[component]
pub fn SelectField(
    #[prop(into)] label: String,
    value: RwSignal<String>,
    #[prop(into)] choices: Signal<Vec<(String, String)>>,
    #[prop(optional, into)] rule: Option<Rule>,
    #[prop(optional, into)] hint: String,
) -> impl IntoView {
    let id = unique_id();
    let message = Rule::message(rule);
    let described = described_by(&id, !hint.is_empty());
    let select = NodeRef::new();
    keep_options(select, value, choices);
    let on_change = move |event| {
        value.set(event_target_value(&event));
        Rule::touch(rule);
    };
    view! {
        <FieldFrame id=id.clone() label hint optional=false message>
            <select
                node_ref=select
                id=id
                class="input"
                aria-describedby=described
                aria-invalid=move || message.with(Option::is_some).then_some("true")
                on:change=on_change
            ></select>
        </FieldFrame>
    }
}

/// Keeps the `<option>`s of a select, and which of them is chosen, in step with signals. There may be thousands: they are
/// elements alone, without a signal for each.
pub fn keep_options(
    select: NodeRef<html::Select>,
    value: impl Into<Signal<String>>,
    choices: impl Into<Signal<Vec<(String, String)>>>,
) {
    let (value, choices) = (value.into(), choices.into());
    let choices = reactive::memo(move |_| choices.get());
    reactive::effect(move || {
        let Some(select) = select.get() else { return };
        select.set_inner_html("");
        choices.with(|choices| {
            for (choice, word) in choices {
                // Cannot fail: the browser makes an element, and has room for it.
                if let Ok(option) = web_sys::HtmlOptionElement::new_with_text_and_value(word, choice) {
                    let _ = select.append_child(&option);
                }
            }
        });
        select.set_value(&value.get_untracked());
    });
    reactive::effect(move || {
        if let Some(select) = select.get() {
            select.set_value(&value.get());
        }
    });
}

/// Yes or no.
#[component]
pub fn CheckField(
    #[prop(into)] label: String,
    value: RwSignal<bool>,
    #[prop(optional, into)] rule: Option<Rule>,
    #[prop(optional, into)] hint: String,
) -> impl IntoView {
    let id = unique_id();
    let message = Rule::message(rule);
    let described = described_by(&id, !hint.is_empty());
    let on_change = move |event| {
        value.set(event_target_checked(&event));
        Rule::touch(rule);
    };
    view! {
        <div class="check">
            <input
                type="checkbox"
                id=id.clone()
                aria-describedby=described
                aria-invalid=move || message.with(Option::is_some).then_some("true")
                prop:checked=move || value.get()
                on:change=on_change
            />
            <label for=id.clone()>{label}</label>
            {(!hint.is_empty()).then(|| view! { <p class="field-hint" id=format!("{id}-hint")>{hint}</p> })}
            <div class="check-message" id=format!("{id}-error") aria-live="polite">
                <FieldMessage message />
            </div>
        </div>
    }
}

/// A message under a field or a group of fields.
#[component]
pub fn FieldMessage(#[prop(into)] message: Signal<Option<String>>) -> impl IntoView {
    move || {
        message.get().map(|message| {
            view! {
                <p class="field-error">
                    <Icon glyph=Glyph::Alert />
                    <span>{with_code(&message)}</span>
                </p>
            }
        })
    }
}

/// What is told of a form as a whole, above it.
#[component]
pub fn FormRefusal(#[prop(into)] refusal: Signal<Option<String>>) -> impl IntoView {
    let banner = NodeRef::<html::Div>::new();
    // Whoever sent the form may have scrolled far below it.
    reactive::effect(move || {
        if refusal.with(Option::is_some) {
            request_animation_frame(move || {
                if let Some(banner) = banner.try_get_untracked().flatten() {
                    banner.scroll_into_view();
                }
            });
        }
    });
    move || {
        refusal.get().map(|text| {
            view! {
                <div node_ref=banner class="banner banner-bad form-refusal" role="alert">
                    <Icon glyph=Glyph::Alert />
                    <div>{with_code(&text)}</div>
                </div>
            }
        })
    }
}

/// A warning under a field or a group of fields, while there is one.
#[component]
pub fn FieldWarning(#[prop(into)] message: Signal<Option<String>>) -> impl IntoView {
    view! {
        <div aria-live="polite">
            {move || {
                message
                    .get()
                    .map(|message| {
                        view! {
                            <p class="field-warning">
                                <Icon glyph=Glyph::Alert />
                                <span>{with_code(&message)}</span>
                            </p>
                        }
                    })
            }}
        </div>
    }
}

#[component]
fn FieldFrame(
    id: String,
    label: String,
    hint: String,
    optional: bool,
    message: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="field-label" for=id.clone()>
                {label}
                {optional.then(|| view! { <span class="field-optional">" · " {t::optional()}</span> })}
            </label>
            {children()}
            {(!hint.is_empty()).then(|| view! { <p class="field-hint" id=format!("{id}-hint")>{hint}</p> })}
            <div id=format!("{id}-error") aria-live="polite">
                <FieldMessage message />
            </div>
        </div>
    }
}

/// The ids of a field's hint and of its message.
pub fn described_by(id: &str, has_hint: bool) -> String {
    if has_hint {
        format!("{id}-hint {id}-error")
    } else {
        format!("{id}-error")
    }
}
