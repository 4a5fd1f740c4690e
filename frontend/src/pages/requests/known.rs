//! The route and the key that a record names: the name leads to the object, and what follows it to its requests. The object
//! may be gone.

use leptos::prelude::*;

use super::filters;
use crate::app::BASE;
use crate::locales::requests as t;
use crate::state::query::Query;
use crate::state::reactive;

/// What a record names.
pub struct Named {
    /// Ids and names of what there is.
    pub list: Query<Vec<(String, String)>>,
    /// Its page in the dashboard.
    pub page: &'static str,
    /// The filter of the log.
    pub filter: &'static str,
    pub id: String,
    /// What the record calls it.
    pub recorded: String,
    /// That it is gone.
    pub deleted: &'static str,
}

#[component]
pub fn NamedObject(named: Named) -> impl IntoView {
    let Named {
        list,
        page,
        filter,
        id,
        recorded,
        deleted,
    } = named;
    let requests = filters::link(filter, &id);
    let known = known(list, id.clone());
    let name = move || {
        let link = |name: String| view! { <a href=format!("{BASE}/{page}?edit={id}")>{name}</a> };
        match known.get() {
            Known::Named(name) => link(name).into_any(),
            Known::No => link(recorded.clone()).into_any(),
            Known::Deleted => view! {
                <span>{recorded.clone()}</span>
                <a class="record-beside" href=format!("{BASE}/changes?object_id={id}")>
                    {deleted}
                </a>
            }
            .into_any(),
        }
    };
    view! {
        {name}
        <a class="record-beside" href=requests>
            {t::its_requests()}
        </a>
    }
}

#[derive(Clone, PartialEq)]
enum Known {
    /// Nothing yet.
    No,
    Named(String),
    Deleted,
}

/// Follows the list, which is fetched anew for what it lacks: that may be younger than the list.
fn known(list: Query<Vec<(String, String)>>, id: String) -> Memo<Known> {
    let asked_again = RwSignal::new(false);
    let named = reactive::memo(move |_| {
        let name_of = |list: &Vec<(String, String)>| {
            let found = list.iter().find(|(listed, _)| *listed == id);
            found.map(|(_, name)| name.clone())
        };
        list.data.with(|list| list.as_ref().map(name_of))
    });
    reactive::effect(move || {
        if named.get() == Some(None) && !asked_again.get_untracked() {
            asked_again.set(true);
            list.reload();
        }
    });
    reactive::memo(move |_| match named.get() {
        Some(Some(name)) => Known::Named(name),
        Some(None) if asked_again.get() && !list.loading.get() && list.problem.with(Option::is_none) => Known::Deleted,
        _ => Known::No,
    })
}
