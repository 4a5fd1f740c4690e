//! What a list of names says of something that a record names, which may be gone.

use leptos::prelude::*;

use crate::state::query::Query;
use crate::state::reactive;

#[derive(Clone, PartialEq)]
pub enum Known {
    /// Nothing yet.
    No,
    Named(String),
    Deleted,
}

/// Follows the list, which is fetched anew for what it lacks: that may be younger than the list.
pub fn known(list: Query<Vec<(String, String)>>, id: String) -> Memo<Known> {
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
