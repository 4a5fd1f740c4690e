//! The address bar as state: filters, the open row and the open dialog live in the query, so that a link or a reload
//! shows the same page and Back closes what was opened.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};
use leptos_router::params::ParamsMap;

use crate::state::reactive;

/// Parameters with their new values, none to remove one; and whether the history entry is replaced.
type Change = (Vec<(&'static str, Option<String>)>, bool);

/// The query part of the address.
#[derive(Clone, Copy)]
pub struct Address {
    query: Memo<ParamsMap>,
    go: Callback<Change>,
}

impl Address {
    /// The address of the current page.
    pub fn get() -> Self {
        let query = use_query_map();
        let path = use_location().pathname;
        let navigate = use_navigate();
        let go = Callback::new(move |(changes, replace): Change| {
            let mut query = query.get_untracked();
            for (name, value) in changes {
                query.remove(name);
                if let Some(value) = value.filter(|value| !value.is_empty()) {
                    query.insert(name, value);
                }
            }
            let target = format!("{}{}", path.get_untracked(), query.to_query_string());
            let options = NavigateOptions {
                replace,
                scroll: false,
                resolve: false,
                ..NavigateOptions::default()
            };
            navigate(&target, options);
        });
        Self { query, go }
    }

    /// The value of a parameter; it changes only with that parameter.
    pub fn param(self, name: &'static str) -> Memo<Option<String>> {
        reactive::memo(move |_| self.query.with(|query| query.get(name)))
    }

    /// Whether a parameter is there.
    pub fn has(self, name: &'static str) -> Memo<bool> {
        reactive::memo(move |_| self.query.with(|query| query.get(name).is_some()))
    }

    /// Opens something: Back undoes it.
    pub fn open(self, name: &'static str, value: impl Into<String>) {
        self.change((vec![(name, Some(value.into()))], false));
    }

    /// Opens something that several parameters describe.
    pub fn open_all(self, params: &[(&'static str, &str)]) {
        self.change((
            params
                .iter()
                .map(|(name, value)| (*name, Some((*value).to_owned())))
                .collect(),
            false,
        ));
    }

    /// Removes parameters, as closing a drawer does.
    pub fn close(self, names: &[&'static str]) {
        self.change((names.iter().map(|name| (*name, None)).collect(), true));
    }

    /// Changes several filters at once; empty values are removed.
    pub fn filter_all(self, params: Vec<(&'static str, String)>) {
        self.change((
            params.into_iter().map(|(name, value)| (name, Some(value))).collect(),
            true,
        ));
    }

    /// Changes a filter, without an entry in the history.
    pub fn filter(self, name: &'static str, value: Option<String>) {
        self.change((vec![(name, value)], true));
    }

    // The page may have been left while an answer was on its way: then there is nothing to change.
    fn change(self, changes: Change) {
        let _ = self.go.try_run(changes);
    }
}
