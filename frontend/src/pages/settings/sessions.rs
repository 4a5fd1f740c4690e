//! Who is signed in, and ending that.

use std::sync::Arc;

use fastgate_shared::admin_token::Role;
use fastgate_shared::settings::SessionEntry;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::components::badge::{Badge, Tone};
use crate::components::button::Button;
use crate::components::confirm::Confirm;
use crate::components::data_table::{Column, DataTable, RowRules};
use crate::components::loaded::{Loaded, TableSkeleton};
use crate::components::relative_time::RelativeTime;
use crate::components::show::Show;
use crate::locales::settings as t;
use crate::state::query::Query;
use crate::state::reactive;
use crate::state::toasts::Toasts;

/// A question: one session, or all others.
type Question = Option<SessionEntry>;

#[component]
pub fn Sessions() -> impl IntoView {
    let sessions = Query::of_page(|| (), |()| api::settings::sessions()).poll(30_000);
    let asked = RwSignal::new(None::<Question>);
    let others = reactive::memo(move |_| {
        let list = |list: &Vec<SessionEntry>| list.iter().any(|session| !session.is_current);
        sessions.data.with(|data| data.as_ref().is_some_and(list))
    });
    let rows = reactive::derived(move || {
        sessions
            .data
            .get()
            .unwrap_or_default()
            .into_iter()
            .map(Arc::new)
            .collect()
    });
    let rules = RowRules {
        id: |session: &SessionEntry| session.session_id.clone(),
        dim: |_| false,
        open: None,
        selected: Signal::stored(None),
        sorting: None,
    };
    view! {
        <section class="card">
            <div class="card-head">
                <h2>{t::sessions()}</h2>
                <Show when=move || others.get()>
                    <Button needs=Role::Admin small=true on_press=move |()| asked.set(Some(None))>
                        {t::end_others()}
                    </Button>
                </Show>
            </div>
            <p class="muted card-body">{t::sessions_lead()}</p>
            <Loaded query=sessions skeleton=|| view! { <TableSkeleton /> }>
                <DataTable caption=t::sessions() columns=columns(asked) rows rules />
            </Loaded>
        </section>
        {move || asked.get().map(|question| view! { <EndDialog sessions asked question /> })}
    }
}

fn columns(asked: RwSignal<Option<Question>>) -> Vec<Column<SessionEntry>> {
    vec![
        Column::new(t::device(), "title", |session: &SessionEntry| {
            let current = session
                .is_current
                .then(|| view! { <Badge tone=Tone::Good word=t::this_session() /> });
            view! {
                <span class="row" title=session.user_agent.clone()>
                    {device(session)}
                    {current}
                </span>
            }
        }),
        Column::new(t::who(), "", |session: &SessionEntry| {
            let name = session.name.clone().unwrap_or_else(|| t::root().to_owned());
            view! {
                {name}
                <span class="cell-sub">{t::role(session.role)}</span>
            }
        }),
        Column::new(t::address(), "", |session: &SessionEntry| {
            view! { <code>{session.address.clone()}</code> }
        }),
        Column::new(t::signed_in(), "", |session: &SessionEntry| {
            view! { <RelativeTime time=session.created_at /> }
        }),
        Column::new(t::last_used(), "", |session: &SessionEntry| {
            view! { <RelativeTime time=session.last_used_at /> }
        }),
        Column::new(t::ends(), "", |session: &SessionEntry| {
            view! { <RelativeTime time=session.expires_at /> }
        }),
        Column::actions(move |session: &SessionEntry| {
            let session = session.clone();
            (!session.is_current).then(|| {
                view! {
                    <Button needs=Role::Admin small=true on_press=move |()| asked.set(Some(Some(session.clone())))>
                        {t::end()}
                    </Button>
                }
            })
        })
        .needs(Role::Admin),
    ]
}

#[component]
fn EndDialog(
    sessions: Query<Vec<SessionEntry>>,
    asked: RwSignal<Option<Question>>,
    question: Question,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let toasts = Toasts::get();
    let (title, text, done) = match &question {
        Some(session) => (
            t::end_title(),
            t::end_text(&device(session), &session.address),
            t::ended(),
        ),
        None => (t::end_others(), t::end_others_text().to_owned(), t::others_ended()),
    };
    let end = move |()| {
        let id = question.as_ref().map(|session| session.session_id.clone());
        busy.set(true);
        spawn_local(async move {
            match api::settings::end_sessions(id.as_deref()).await {
                Ok(()) => toasts.say(done.to_owned()),
                Err(problem) => toasts.fail(&problem),
            }
            asked.set(None);
            sessions.reload();
        });
    };
    view! {
        <Confirm
            title
            consequence=text
            action=t::end()
            busy
            on_cancel=move |()| asked.set(None)
            on_confirm=end
        />
    }
}

/// `Firefox on Linux`, as far as the browser says it.
fn device(session: &SessionEntry) -> String {
    let agent = session.user_agent.as_deref().unwrap_or_default();
    let named = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(mark, _)| agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    // Most name others as well: the one that only they name comes first.
    let browser = named(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = named(&[
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iPadOS"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => t::on(browser, system),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => t::unknown_device().to_owned(),
    }
}
