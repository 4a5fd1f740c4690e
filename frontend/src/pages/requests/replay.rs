//! Sends a recorded request again, as it was or edited. What came of it is shown in `compare.rs`.

use fastgate_shared::audit_log::{LogRecord, ReplayDraft, ReplayGap, ReplayRequest, ReplayResult};
use fastgate_shared::problem::FieldError;
use fastgate_shared::route::MatchRequest;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::RequestsState;
use super::compare::Comparison;
use crate::api;
use crate::components::button::{Button, Weight};
use crate::components::dialog::{Dialog, Shape, leave_button};
use crate::components::field::{FormRefusal, Rule, SelectField, TextField};
use crate::components::icon::{Glyph, Icon};
use crate::components::key_value::{Pairs, PairsField};
use crate::components::loaded::{Loaded, TableSkeleton};
use crate::locales::{common, requests as t};
use crate::pages::forecast::Forecast;
use crate::pages::keys::choices;
use crate::state::form::FormErrors;
use crate::state::query::Query;
use crate::state::reactive;

/// What is sent again: the record, and whether it may be edited first.
#[derive(Clone)]
pub struct Resending {
    pub record: LogRecord,
    pub edit: bool,
}

/// The request while it is edited.
#[derive(Clone, Copy)]
struct Draft {
    method: RwSignal<String>,
    path: RwSignal<String>,
    headers: Pairs,
    body: RwSignal<String>,
    key_id: RwSignal<String>,
}

impl Draft {
    fn new(draft: &ReplayDraft) -> Self {
        Self {
            method: RwSignal::new(draft.method.clone()),
            path: RwSignal::new(draft.path.clone()),
            headers: Pairs::new(draft.headers.iter().map(|(name, value)| (name, value))),
            body: RwSignal::new(draft.body.clone().unwrap_or_default()),
            key_id: RwSignal::new(draft.key_id.clone().unwrap_or_default()),
        }
    }

    fn question(self) -> MatchRequest {
        MatchRequest {
            method: Some(self.method.get()),
            path: self.path.get().trim().to_owned(),
            headers: self.headers.read(),
            body: Some(self.body.get().into()),
            key_id: Some(self.key_id.get()),
        }
    }

    fn read(self, edit: bool) -> ReplayRequest {
        let key_id = Some(self.key_id.get());
        if !edit {
            return ReplayRequest {
                key_id,
                ..ReplayRequest::default()
            };
        }
        ReplayRequest {
            method: Some(self.method.get()),
            path: Some(self.path.get().trim().to_owned()),
            headers: Some(self.headers.read()),
            body: Some(self.body.get()),
            key_id,
        }
    }
}

#[component]
pub fn ReplayDialog(state: RequestsState, resending: Resending) -> impl IntoView {
    let Resending { record, edit } = resending;
    let log_id = record.item.id.clone();
    let draft = Query::new(
        || (),
        move |()| {
            let log_id = log_id.clone();
            async move { api::logs::replay_draft(&log_id).await }
        },
    );
    let close = Callback::new(move |()| state.resending.set(None));
    // A link to another record leads away from here.
    let open = state.address.param("open");
    reactive::on_change(move || open.get(), move |_| close.run(()));
    let typed = RwSignal::new(false);
    let title = if edit { t::edit_and_resend() } else { t::replay() };
    let content = move || {
        let draft = draft.data.get()?;
        Some(view! { <ReplayForm record=record.clone() draft edit lost=typed /> })
    };
    view! {
        <Dialog title lead=t::replay_lead() shape=Shape::WideFormDrawer typed on_close=close>
            <Loaded query=draft skeleton=|| view! { <TableSkeleton /> }>
                {content.clone()}
            </Loaded>
        </Dialog>
    }
}

#[component]
fn ReplayForm(record: LogRecord, draft: ReplayDraft, edit: bool, lost: RwSignal<bool>) -> impl IntoView {
    // What is missing can only be given where it can be edited.
    let edit = edit || draft.gaps.iter().any(|gap| *gap != ReplayGap::Key);
    let typed = Draft::new(&draft);
    let errors = FormErrors::new(move || {
        let is_path = typed.path.with(|path| path.trim_start().starts_with('/'));
        let wrong = (!is_path).then(|| FieldError::new("path", t::path_rule()));
        wrong.into_iter().collect()
    });
    let refusal = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    let result = RwSignal::new(None::<ReplayResult>);
    let log_id = record.item.id.clone();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || !errors.ready_to_send() {
            return;
        }
        let request = untrack(|| typed.read(edit));
        let log_id = log_id.clone();
        busy.set(true);
        refusal.set(None);
        spawn_local(async move {
            match api::logs::replay(&log_id, &request).await {
                Ok(came) => {
                    result.set(Some(came));
                    // What was sent is answered: nothing is lost any more.
                    lost.set(false);
                }
                Err(problem) => refusal.set(errors.refused(&problem)),
            }
            busy.set(false);
        });
    };
    let line = format!("{} {}", draft.method, draft.path);
    let compared = move || {
        result
            .get()
            .map(|result| view! { <Comparison record=record.clone() result /> })
    };
    view! {
        <form class="dialog-form" on:submit=submit novalidate=true>
            <div class="dialog-body stack">
                <FormRefusal refusal />
                <Gaps draft />
                {if edit {
                    view! { <EditFields typed errors /> }.into_any()
                } else {
                    view! { <code class="record-path">{line}</code> }.into_any()
                }}
                <KeyChoice errors typed />
                <div class="stack" aria-live="polite">
                    {compared}
                </div>
            </div>
            <div class="dialog-foot">
                {leave_button(common::close())}
                <Button submit=true weight=Weight::Primary glyph=Glyph::Send busy>
                    {t::send_again()}
                </Button>
            </div>
        </form>
    }
}

#[component]
fn Gaps(draft: ReplayDraft) -> impl IntoView {
    let missing = draft.missing_headers.join(", ");
    let gaps = draft.gaps.into_iter().map(move |gap| {
        let text = match gap {
            ReplayGap::Body => t::gap_body().to_owned(),
            ReplayGap::BodyRedacted => t::gap_body_redacted().to_owned(),
            ReplayGap::Path => t::gap_path().to_owned(),
            ReplayGap::Headers => t::gap_headers(&missing),
            ReplayGap::Key => t::gap_key().to_owned(),
        };
        view! {
            <div class="banner banner-warn" role="status">
                <Icon glyph=Glyph::Alert />
                <div>{text}</div>
            </div>
        }
    });
    gaps.collect_view()
}

#[component]
fn EditFields(typed: Draft, errors: FormErrors) -> impl IntoView {
    view! {
        <div class="target-line">
            <TextField label=common::method() value=typed.method rule=Rule(errors, "method") mono=true />
            <TextField label=common::path() value=typed.path rule=Rule(errors, "path") mono=true autofocus=true />
        </div>
        <PairsField label=common::headers() pairs=typed.headers rule=Rule(errors, "headers") />
        <TextField
            label=common::body()
            value=typed.body
            rule=Rule(errors, "body")
            optional=true
            multiline=true
            mono=true
        />
    }
}

/// The key that it is sent with, and what would become of it.
#[component]
fn KeyChoice(errors: FormErrors, typed: Draft) -> impl IntoView {
    let keys = Query::new(|| (), |()| api::keys::list()).data;
    let choices = reactive::derived(move || keys.with(|keys| choices(keys.as_ref(), t::without_key(), &|_| true)));
    view! {
        <SelectField label=t::acts_with() value=typed.key_id choices rule=Rule(errors, "key_id") hint=t::acts_with_hint() />
        <Forecast written=Signal::derive(move || (String::new(), typed.question())) />
    }
}
