//! The first steps on a fresh gateway: a route, a key, a call. Gone for good once all three are done.

use leptos::prelude::*;

use crate::api::{self, Answer};
use crate::app::BASE;
use crate::components::icon::{Glyph, Icon};
use crate::components::snippets::{KEY_STAND_IN, Snippets};
use crate::locales::overview as t;
use crate::state::clock;
use crate::state::query::Query;
use crate::state::session::Session;

/// Which steps are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginnings {
    route: bool,
    key: bool,
    call: bool,
}

impl Beginnings {
    /// Nothing is left to do.
    pub fn all_done(self) -> bool {
        self.route && self.key && self.call
    }
}

/// Asks which steps are done.
pub async fn look() -> Answer<Beginnings> {
    let route = !api::routes::list().await?.is_empty();
    let key = !api::keys::list().await?.is_empty();
    // Calls before both exist were refused: they do not count.
    let call = route && key && api::logs::any_answered().await?;
    Ok(Beginnings { route, key, call })
}

/// The checklist.
#[component]
pub fn FirstRun(beginnings: Query<Beginnings>) -> impl IntoView {
    clock::every(5_000, move || beginnings.reload());
    let done = move |step: fn(&Beginnings) -> bool| {
        Signal::derive(move || beginnings.data.with(|data| data.as_ref().is_some_and(step)))
    };
    let origin = Session::get().proxy_origin();
    view! {
        <section class="card first-run">
            <div class="card-head">
                <h2>{t::first_run()}</h2>
            </div>
            <ol class="steps" role="list">
                <Step number=1 title=t::step_route() text=t::step_route_text() done=done(|b| b.route)>
                    <a class="button button-primary" href=format!("{BASE}/routes?new=1")>
                        {t::step_route()}
                    </a>
                </Step>
                <Step number=2 title=t::step_key() text=t::step_key_text() done=done(|b| b.key)>
                    <a class="button button-primary" href=format!("{BASE}/keys?new=1")>
                        {t::step_key()}
                    </a>
                </Step>
                <Step number=3 title=t::step_call() text=t::step_call_text() done=done(|b| b.call)>
                    <Snippets origin=origin.clone() key=KEY_STAND_IN />
                </Step>
            </ol>
        </section>
    }
}

#[component]
fn Step(
    number: u8,
    title: &'static str,
    text: &'static str,
    done: Signal<bool>,
    children: ChildrenFn,
) -> impl IntoView {
    let marker = move || {
        if done.get() {
            view! { <Icon glyph=Glyph::Check /> <span class="visually-hidden">{t::step_done()}</span> }.into_any()
        } else {
            number.into_any()
        }
    };
    view! {
        <li class="step" class:step-done=move || done.get()>
            <span class="step-marker">{marker}</span>
            <div class="step-body">
                <h3>{title}</h3>
                <p class="muted">{text}</p>
                {move || (!done.get()).then(|| view! { <div class="step-action">{children()}</div> })}
            </div>
        </li>
    }
}
