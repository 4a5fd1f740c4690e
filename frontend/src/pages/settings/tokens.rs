//! Tokens of administrators: list, create with the value shown once, revoke.

use std::sync::Arc;

use fastgate_shared::admin_token::{AdminToken, AdminTokenDefinition, CreatedAdminToken, Role};
use fastgate_shared::problem::FieldError;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::app::BASE;
use crate::components::badge::{Badge, Tone};
use crate::components::button::{Button, Weight};
use crate::components::copy_button::CopyButton;
use crate::components::data_table::{Column, DataTable, RowRules};
use crate::components::dialog::{Dialog, Shape, leave_button};
use crate::components::expiry::{Expiry, ExpiryFields};
use crate::components::field::{FormRefusal, Rule, SelectField, TextField};
use crate::components::icon::{Glyph, Icon};
use crate::components::loaded::{Loaded, TableSkeleton};
use crate::components::relative_time::RelativeTime;
use crate::locales::{changes, common, settings as t};
use crate::pages::deletion::{DeleteQuestion, Doomed};
use crate::state::address::Address;
use crate::state::form::FormErrors;
use crate::state::query::Query;
use crate::state::reactive;

/// What the parts share.
#[derive(Clone, Copy)]
struct TokensState {
    address: Address,
    tokens: Query<Vec<AdminToken>>,
    made: RwSignal<Option<Arc<CreatedAdminToken>>>,
    to_delete: RwSignal<Option<AdminToken>>,
}

/// The section.
#[component]
pub fn Tokens() -> impl IntoView {
    let state = TokensState {
        address: Address::get(),
        tokens: Query::of_page(|| (), |()| api::settings::tokens()).poll(30_000),
        made: RwSignal::new(None),
        to_delete: RwSignal::new(None),
    };
    let making = state.address.opens("new", Role::Admin);
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{t::tokens()}</h2>
                <Button
                    small=true
                    primary_action=true
                    needs=Role::Admin
                    glyph=Glyph::Plus
                    on_press=move |()| state.address.open("new", "1")
                >
                    {t::new_token()}
                </Button>
            </div>
            <p class="muted card-body">
                {t::tokens_lead()} " " <a href=format!("{BASE}/changes?trail=1")>{changes::trail()}</a>
            </p>
            <Loaded query=state.tokens skeleton=|| view! { <TableSkeleton /> }>
                <TokensList state />
            </Loaded>
        </section>
        {move || making.get().then(|| view! { <TokenForm state /> })}
        {move || state.made.get().map(|made| view! { <ShownOnce state made /> })}
        {move || state.to_delete.get().map(|token| view! { <DeleteToken state token /> })}
    }
}

#[component]
fn TokensList(state: TokensState) -> impl IntoView {
    let rows: Signal<Vec<Arc<AdminToken>>> = Signal::derive(move || {
        state
            .tokens
            .data
            .get()
            .unwrap_or_default()
            .into_iter()
            .map(Arc::new)
            .collect()
    });
    let rules = RowRules {
        id: |token: &AdminToken| token.token_id.clone(),
        dim: |token: &AdminToken| !token.definition.is_active,
        open: None,
        selected: Signal::stored(None),
        sorting: None,
    };
    let is_empty = reactive::memo(move |_| rows.with(Vec::is_empty));
    move || {
        if is_empty.get() {
            return view! { <p class="muted card-body">{t::tokens_empty()}</p> }.into_any();
        }
        view! { <DataTable caption=t::tokens() columns=columns(state) rows rules /> }.into_any()
    }
}

fn columns(state: TokensState) -> Vec<Column<AdminToken>> {
    vec![
        Column::new(t::name(), "title", |token: &AdminToken| {
            let inactive = !token.definition.is_active;
            view! {
                <span class="row">
                    {token.definition.name.clone()}
                    {inactive.then(|| view! { <Badge tone=Tone::Warn word=t::inactive() /> })}
                </span>
                <span class="cell-sub mono">{token.token_preview.clone()}</span>
            }
        }),
        Column::new(t::role_label(), "", |token: &AdminToken| t::role(token.definition.role)),
        Column::new(t::last_used(), "", |token: &AdminToken| match token.last_used_at {
            Some(time) => view! { <RelativeTime time /> }.into_any(),
            None => view! { <span class="muted">{t::never_used()}</span> }.into_any(),
        }),
        Column::new(t::ends(), "", |token: &AdminToken| match token.definition.expires_at {
            Some(time) => view! { <RelativeTime time /> }.into_any(),
            None => view! { <span class="muted">{common::never()}</span> }.into_any(),
        }),
        Column::actions(move |token: &AdminToken| {
            let (token, name) = (token.clone(), token.definition.name.clone());
            view! {
                <Button
                    small=true
                    needs=Role::Admin
                    label=t::delete_token_of(&name)
                    on_press=move |()| state.to_delete.set(Some(token.clone()))
                >
                    {t::delete_token()}
                </Button>
            }
        })
        .needs(Role::Admin),
    ]
}

#[component]
fn TokenForm(state: TokensState) -> impl IntoView {
    let (name, role) = (
        RwSignal::new(String::new()),
        RwSignal::new(Role::Viewer.as_str().to_owned()),
    );
    let busy = RwSignal::new(false);
    let refusal = RwSignal::new(None::<String>);
    let expiry = Expiry::new(None);
    let errors = FormErrors::new(move || {
        let mut errors = Vec::new();
        if name.with(|name| name.trim().is_empty()) {
            errors.push(FieldError::new("name", common::required()));
        }
        expiry.read(&mut errors);
        errors
    });
    let words = [
        (Role::Viewer, t::viewer()),
        (Role::Operator, t::operator()),
        (Role::Admin, t::admin()),
    ];
    let choices: Vec<(String, String)> = words
        .map(|(role, word)| (role.as_str().to_owned(), word.to_owned()))
        .to_vec();
    let close = Callback::new(move |()| state.address.close(&["new"]));
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let definition = AdminTokenDefinition {
            name: name.get_untracked().trim().to_owned(),
            role: Role::named(&role.get_untracked()).unwrap_or(Role::Viewer),
            expires_at: untrack(|| expiry.read(&mut Vec::new())),
            is_active: true,
        };
        if !errors.ready_to_send() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api::settings::create_token(&definition).await {
                Ok(made) => {
                    state.address.close(&["new"]);
                    state.made.set(Some(Arc::new(made)));
                    state.tokens.reload();
                }
                // A refused field says so itself; what is refused as a whole (a name that is taken) is told above them.
                Err(problem) => refusal.set(errors.refused(&problem)),
            }
            busy.set(false);
        });
    };
    view! {
        <Dialog title=t::new_token() shape=Shape::Form on_close=close>
            <form class="dialog-form" on:submit=send novalidate=true>
                <div class="dialog-body stack">
                    <FormRefusal refusal />
                    <TextField label=t::name() value=name rule=Rule(errors, "name") autofocus=true />
                    <SelectField label=t::role_label() value=role choices rule=Rule(errors, "role") />
                    <ExpiryFields expiry errors />
                </div>
                <div class="dialog-foot">
                    {leave_button(common::cancel())}
                    <Button weight=Weight::Primary submit=true busy>
                        {t::create_token()}
                    </Button>
                </div>
            </form>
        </Dialog>
    }
}

/// The only moment in which a token is on the screen.
#[component]
fn ShownOnce(state: TokensState, made: Arc<CreatedAdminToken>) -> impl IntoView {
    let value = made.token_value.clone();
    let done = Callback::new(move |()| state.made.set(None));
    view! {
        <Dialog title=t::token_made() shape=Shape::MustAnswer on_close=done>
            <div class="dialog-body stack">
                <div class="banner banner-warn">
                    <Icon glyph=Glyph::Alert />
                    <div>{t::show_once()}</div>
                </div>
                <div class="secret">
                    <code aria-label=t::the_token()>{value.clone()}</code>
                    <CopyButton text=value what=t::the_token() />
                </div>
            </div>
            <div class="dialog-foot">
                <Button weight=Weight::Primary glyph=Glyph::Check on_press=done>
                    {t::stored_it()}
                </Button>
            </div>
        </Dialog>
    }
}

#[component]
fn DeleteToken(state: TokensState, token: AdminToken) -> impl IntoView {
    let consequence = t::delete_token_text(&token.definition.name);
    let doomed = Doomed {
        url: api::settings::token_url(&token.token_id),
        seen: api::value_of(&token),
        gone: t::token_deleted(&token.definition.name),
    };
    let end = move |()| {
        state.to_delete.set(None);
        state.tokens.reload();
    };
    view! { <DeleteQuestion title=t::delete_token_title() consequence action=t::delete_token() doomed on_end=end /> }
}
