//! Where a route sends its requests: one host, or several that share the load.

use fastgate_shared::problem::FieldError;
use fastgate_shared::route::target::parts_of_url;
use fastgate_shared::route::{Protocol, Target};
use leptos::prelude::*;

use super::draft::Draft;
use super::sharing::SharingFields;
use crate::components::button::{Button, IconButton};
use crate::components::either::either;
use crate::components::field::{FieldMessage, Rule, SelectField, TextField};
use crate::components::icon::Glyph;
use crate::components::keyed::keyed;
use crate::components::show::Show;
use crate::components::unique_id;
use crate::locales::overview::upstream_wrong;
use crate::locales::upstreams::weight;
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

    /// The rows as targets, which share the path; rows without a host are left out.
    pub fn read(self, path: &str, errors: &mut Vec<FieldError>) -> Vec<Target> {
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
            if let Some(why) = more_than_host(&host, path) {
                refuse("host", &why);
            }
            let (protocol, host) = match parts_of_url(&host) {
                Some((own, host, _)) => (Some(own), host),
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

    /// Where a part of the row is in the definition; empty where the row is left out.
    fn place(self, id: u32, part: &str) -> String {
        let rows = self.0.get();
        let mut read = rows.iter().filter(|row| row.host.with(|host| !host.trim().is_empty()));
        let at = read.position(|row| row.id == id);
        at.map(|at| format!("targets[{at}].{part}")).unwrap_or_default()
    }

    /// What is wrong, after the name of the field that is there.
    fn name(self, place: &str, why: String) -> String {
        let name = self.0.get().into_iter().zip(1..).find_map(|(row, n)| {
            let is_host = place == self.place(row.id, "host");
            let is_weight = || place == self.place(row.id, "weight");
            let weight = || is_weight().then(|| t::weight_n(n));
            is_host.then(|| t::host_n(n)).or_else(weight)
        });
        match name {
            Some(name) => format!("{name}: {why}"),
            None => why,
        }
    }
}

/// Why what stands in the place of a host cannot be taken for one, or for a URL of one: it has more, which would be lost.
/// `known` is the path at the upstream.
pub fn more_than_host(typed: &str, known: &str) -> Option<String> {
    let Some((_, _, path)) = parts_of_url(typed) else {
        return typed.contains("://").then(|| upstream_wrong().to_owned());
    };
    if let Some(at) = typed.find(['?', '#']) {
        return Some(t::target_with_query(typed.split_at(at).1));
    }
    (!is_same_path(&path, known)).then(|| t::target_with_path(&path))
}

fn is_same_path(of_url: &str, known: &str) -> bool {
    of_url.is_empty() || of_url == known.trim().trim_end_matches('/')
}

/// Who has a whole URL pastes it: its parts go to their fields, unless another path was typed there. Beside others, which
/// share protocol and path, its protocol stays before it where it differs. What has no place stays, and is refused.
fn take_apart(draft: Draft, typed: RwSignal<String>, is_alone: bool, is_done: bool) {
    // The focus also leaves a field whose form was just closed.
    let (Some(known), Some(text)) = (draft.target_path.try_get_untracked(), typed.try_get_untracked()) else {
        return;
    };
    let Some((protocol, host, path)) = parts_of_url(&text).filter(|_| !text.contains(['?', '#'])) else {
        return;
    };
    let is_same = is_same_path(&path, &known);
    let is_free = known.is_empty() || draft.pasted_path.with_untracked(|pasted| known == *pasted);
    if is_alone && (is_same || is_free) {
        draft.protocol.set(protocol.as_str().to_owned());
        if !is_same {
            // It is where the upstream's API begins.
            draft.pasted_path.set(path.clone());
            draft.target_path.set(path);
            if known.is_empty() {
                draft.strip_path_prefix.set(true);
            }
        }
        typed.set(host);
    } else if is_same && draft.protocol.get_untracked() == protocol.as_str() {
        typed.set(host);
    } else if is_same && is_done {
        // Before that, more of the path may be typed.
        typed.set(format!("{}://{host}", protocol.as_str()));
    }
}

/// The fields of the section.
#[component]
pub fn TargetFields(draft: Draft, errors: FormErrors) -> impl IntoView {
    let kind = either(
        t::target_kind(),
        "target-kind",
        [t::one_host(), t::several_hosts()],
        draft.several.into(),
        move |several: bool| draft.several.set(several),
    );
    let named = |protocol: Protocol| (protocol.as_str().to_owned(), protocol.as_str().to_owned());
    let protocols = Protocol::ALL.map(named).to_vec();
    reactive::effect(move || {
        // Also when the path is changed that kept the URL whole.
        draft.target_path.track();
        draft.target_host.track();
        if !draft.several.get() {
            take_apart(draft, draft.target_host, true, false);
        }
    });
    view! {
        {kind}
        <div class="target-line">
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
    let place_in_rows = errors.place_of("targets");
    let place_in_host = errors.place_of("target_host");
    let place = reactive::derived(move || place_in_rows.get().or_else(|| place_in_host.get()));
    let message = reactive::derived(move || {
        let why = in_rows.get().or_else(|| in_host.get())?;
        Some(rows.name(&place.get().unwrap_or_default(), why))
    });
    let row = move |row: TargetRow| row_view(draft, errors, row, place, described_by.clone()).into_any();
    view! {
        <div class="stack-s">
            <div class="pair pair-weight" aria-hidden="true">
                <span class="field-label">{t::host()}</span>
                <span class="field-label">{weight()}</span>
            </div>
            {keyed(move || rows.0.get(), |row| row.id.to_string(), row)}
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

/// One row; `place` is where something is wrong, which the element `told` tells.
fn row_view(
    draft: Draft,
    errors: FormErrors,
    row: TargetRow,
    place: Signal<Option<String>>,
    told: String,
) -> impl IntoView {
    let rows = draft.targets;
    // What is wrong with all of them is marked at their hosts.
    let invalid = move |part: &'static str| {
        let is_here = |place: String| match place.contains('[') {
            true => place == rows.place(row.id, part),
            false => part == "host",
        };
        place.get().is_some_and(is_here).then_some("true")
    };
    view! {
        <div class="pair pair-weight">
            <input
                class="input input-mono"
                aria-label=move || t::host_n(rows.position(row.id))
                placeholder=t::host_hint()
                spellcheck="false"
                aria-describedby=told.clone()
                aria-invalid=move || invalid("host")
                prop:value=move || row.host.get()
                on:input=move |event| {
                    row.host.set(event_target_value(&event));
                    take_apart(draft, row.host, rows.is_alone(row.id), false);
                    errors.touch("targets");
                }
                on:blur=move |_| take_apart(draft, row.host, false, true)
            />
            <input
                class="input"
                inputmode="numeric"
                aria-describedby=told
                aria-label=move || t::weight_n(rows.position(row.id))
                aria-invalid=move || invalid("weight")
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
}
