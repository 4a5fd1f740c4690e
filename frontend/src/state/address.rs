//! The address bar as state: filters, the open row and the open dialog live in the query, so that a link or a reload
//! shows the same page and Back closes what was opened.

use fastgate_shared::admin_token::Role;
use leptos::prelude::*;

use crate::state::reactive;
use crate::state::router::{Entry, Router};
use crate::state::session::Session;

/// The query part of the address.
#[derive(Clone, Copy)]
pub struct Address(Router);

impl Address {
    /// The address of the current page.
    pub fn get() -> Self {
        Self(Router::get())
    }

    /// The value of a parameter; it changes only with that parameter.
    pub fn param(self, name: &'static str) -> Memo<Option<String>> {
        reactive::memo(move |_| self.0.param(name))
    }

    /// Whether a parameter is there.
    pub fn has(self, name: &'static str) -> Memo<bool> {
        reactive::memo(move |_| self.0.param(name).is_some())
    }

    /// As [`Self::has`], of what opens only to whom this role is given.
    pub fn opens(self, name: &'static str, needs: Role) -> Memo<bool> {
        let may = Session::may_offer(Some(needs));
        reactive::memo(move |_| may && self.0.param(name).is_some())
    }

    /// Opens something: Back undoes it.
    pub fn open(self, name: &'static str, value: impl Into<String>) {
        self.0.change(&[(name, Some(value.into()))], Entry::New);
    }

    /// Opens something that several parameters describe.
    pub fn open_all(self, params: &[(&'static str, &str)]) {
        let params = params.iter().map(|(name, value)| (*name, Some((*value).to_owned())));
        self.0.change(&params.collect::<Vec<_>>(), Entry::New);
    }

    /// Removes parameters, as closing a drawer does.
    pub fn close(self, names: &[&'static str]) {
        let gone = names.iter().map(|name| (*name, None));
        self.0.change(&gone.collect::<Vec<_>>(), Entry::Same);
    }

    /// Changes several filters at once; empty values are removed.
    pub fn filter_all(self, params: Vec<(&'static str, String)>) {
        let params = params.into_iter().map(|(name, value)| (name, Some(value)));
        self.0.change(&params.collect::<Vec<_>>(), Entry::Same);
    }

    /// Changes a filter, without an entry in the history.
    pub fn filter(self, name: &'static str, value: Option<String>) {
        self.0.change(&[(name, value)], Entry::Same);
    }
}
