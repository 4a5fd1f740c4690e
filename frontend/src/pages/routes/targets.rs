//! Where a route sends its requests: one host, or several that share the load.

use fastgate_shared::problem::FieldError;
use fastgate_shared::route::target::parts_of_url;
use fastgate_shared::route::{Protocol, Target};
use leptos::prelude::*;

use super::draft::Draft;
use super::sharing::SharingFields;
use crate::components::button::{Button, IconButton};
use crate::components::field::{FieldMessage, Rule, SelectField, TextField};
use crate::components::icon::Glyph;
use crate::components::keyed::keyed;
use crate::components::show::Show;
use crate::components::unique_id;
use crate::locales::{common, routes as t};
use crate::state::form::FormErrors;
use crate::state::reactive;

/// One of several upstreams while it is typed.
#[derive(Clone, Copy)]
pub struct TargetRow {
    id: u32,
    /// Where it has a protocol of its own, that stands before it, as in a URL.
    host: RwSignal<String>,
    weight: RwSignal<String>,
}

/// The upstreams.
#[derive(Clone, Copy)]
pub struct TargetRows(RwSignal<Vec<TargetRow>>);

impl TargetRows {
    /// Rows for the targets; two empty ones where there is none.
    pub fn new(targets: &[Target]) -> Self {
        let host = |target: &Target| match target.protocol {
            Some(own) => format!("{}://{}", own.as_str(), target.host),
            None => target.host.clone(),
        };
        let row = |(target, id): (&Target, u32)| TargetRow {
            id,
            host: RwSignal::new(host(target)),
            weight: RwSignal::new(target.weight.to_string()),
        };
        let rows = Self(RwSignal::new(targets.iter().zip(0..).map(row).collect()));
        if targets.is_empty() {
            rows.add();
            rows.add();
        }
        rows
    }

    /// The rows as targets; rows without a host are left out.
    pub fn read(self, errors: &mut Vec<FieldError>) -> Vec<Target> {
        let mut targets = Vec::new();
        for row in self.0.get() {
            let host = row.host.get().trim().to_owned();
            let weight = row.weight.get().trim().parse().ok();
            if host.is_empty() {
                continue;
            }
            let mut refuse = |part: &str, why: &str| {
                errors.push(FieldError::new(format!("targets[{}].{part}", targets.len()), why));
            };
            if weight.is_none() {
                refuse("weight", common::not_a_number());
            }
            let (protocol, host) = match parts_of_url(&host) {
                Some((own, host, path)) => {
                    if !path.is_empty() {
                        refuse("host", &t::target_with_path(&path));
                    }
                    (Some(own), host)
                }
                None => (None, host),
            };
            targets.push(Target {
                host,
                weight: weight.unwrap_or(1),
                protocol,
            });
        }
        targets
    }

    fn add(self) {
        let id = self
            .0
            .with_untracked(|rows| rows.iter().map(|row| row.id + 1).max().unwrap_or(0));
        let row = TargetRow {
            id,
            host: RwSignal::default(),
            weight: RwSignal::new("1".to_owned()),
        };
        self.0.update(|rows| rows.push(row));
    }

    /// Whether no other row has a host.
    fn is_alone(self, id: u32) -> bool {
        let is_empty = |row: &TargetRow| row.host.with_untracked(|host| host.trim().is_empty());
        self.0
            .with_untracked(|rows| rows.iter().all(|row| row.id == id || is_empty(row)))
    }

    fn position(self, id: u32) -> usize {
        self.0
            .with(|rows| rows.iter().position(|row| row.id == id).unwrap_or(0) + 1)
    }
}

/// Who has a whole URL pastes it: its parts go to their fields. Beside others, which share protocol and path, it stays whole
/// where it differs: the protocol is then its own, and the path is refused.
fn take_apart(draft: Draft, typed: RwSignal<String>, is_alone: bool) {
    let Some((protocol, host, path)) = typed.with_untracked(|typed| parts_of_url(typed)) else {
        return;
    };
    let known = draft.target_path.get_untracked();
    if is_alone {
        draft.protocol.set(protocol.as_str().to_owned());
        if !path.is_empty() && known.is_empty() {
            // It is where the upstream's API begins.
            draft.target_path.set(path);
            draft.strip_path_prefix.set(true);
        }
    } else if draft.protocol.get_untracked() != protocol.as_str() || !(path.is_empty() || path == known) {
        return;
    }
    typed.set(host);
}

/// The fields of the section.
#[component]
pub fn TargetFields(draft: Draft, errors: FormErrors) -> impl IntoView {
    let kind = move |several: bool, word: &'static str| {
        view! {
            <label class="choice-option">
                <input
                    type="radio"
                    name="target-kind"
                    prop:checked=move || draft.several.get() == several
                    on:change=move |_| draft.several.set(several)
                />
                {word}
            </label>
        }
    };
    let named = |protocol: Protocol| (protocol.as_str().to_owned(), protocol.as_str().to_owned());
    let protocols = Protocol::ALL.map(named).to_vec();
    view! {
        <div class="choice" role="radiogroup" aria-label=t::target_kind()>
            {kind(false, t::one_host())}
            {kind(true, t::several_hosts())}
        </div>
        <div class="target-line" on:input=move |_| take_apart(draft, draft.target_host, true)>
            <SelectField label=t::protocol() value=draft.protocol choices=protocols rule=Rule(errors, "target_protocol") />
            <Show when=move || !draft.several.get()>
                <TextField
                    label=t::host()
                    value=draft.target_host
                    rule=Rule(errors, "target_host")
                    hint=t::host_hint()
                    mono=true
                />
            </Show>
        </div>
        <Show when=move || draft.several.get()>
            <TargetsEditor draft errors />
            <SharingFields draft=draft.sharing errors />
        </Show>
    }
}

#[component]
fn TargetsEditor(draft: Draft, errors: FormErrors) -> impl IntoView {
    let rows = draft.targets;
    let told = unique_id();
    let described_by = told.clone();
    let in_rows = errors.of("targets");
    let in_host = errors.of("target_host");
    let message = reactive::derived(move || in_rows.get().or_else(|| in_host.get()));
    let row = move |row: TargetRow| {
        view! {
            <div class="pair pair-weight">
                <input
                    class="input input-mono"
                    aria-label=move || t::host_n(rows.position(row.id))
                    placeholder=t::host_hint()
                    spellcheck="false"
                    aria-describedby=described_by.clone()
                    aria-invalid=move || message.with(Option::is_some).then_some("true")
                    prop:value=move || row.host.get()
                    on:input=move |event| {
                        row.host.set(event_target_value(&event));
                        take_apart(draft, row.host, rows.is_alone(row.id));
                        errors.touch("targets");
                    }
                />
                <input
                    class="input"
                    inputmode="numeric"
                    aria-describedby=described_by.clone()
                    aria-label=move || t::weight_n(rows.position(row.id))
                    prop:value=move || row.weight.get()
                    on:input=move |event| {
                        row.weight.set(event_target_value(&event));
                        errors.touch("targets");
                    }
                />
                <IconButton
                    glyph=Glyph::Cross
                    label=t::remove_target_n(rows.position(row.id))
                    on_press=move |()| rows.0.update(|rows| rows.retain(|other| other.id != row.id))
                />
            </div>
        }
    };
    view! {
        <div class="stack-s">
            {keyed(move || rows.0.get(), |row| row.id.to_string(), move |target| row(target).into_any())}
            <div>
                <Button small=true glyph=Glyph::Plus on_press=move |()| rows.add()>
                    {t::add_target()}
                </Button>
            </div>
            <div id=told aria-live="polite">
                <p class="field-hint">{t::targets_hint()}</p>
                <FieldMessage message />
            </div>
        </div>
    }
}
