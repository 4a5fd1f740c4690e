//! The first steps on a fresh gateway, done right here: a route, a key, a call. The checklist stays until it is closed,
//! because the key that it made is shown only once; it does not come back once all three are done.

mod call;
mod key;
mod route;

use leptos::prelude::*;

use crate::api::{self, Answer};
use crate::components::button::Button;
use crate::components::icon::{Glyph, Icon};
use crate::components::show::Show;
use crate::locales::overview as t;
use crate::pages::overview::OverviewState;
use crate::pages::overview::first_run::call::CallStep;
use crate::pages::overview::first_run::key::KeyStep;
use crate::pages::overview::first_run::route::RouteStep;
use crate::state::query::Query;
use crate::state::shortcuts::{focus, focus_is_nowhere};
use crate::state::{clock, kept, reactive};

/// Which steps are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Beginnings {
    route: bool,
    key: bool,
    call: bool,
}

impl Beginnings {
    fn all_done(self) -> bool {
        self.route && self.key && self.call
    }
}

/// What the steps share.
#[derive(Clone, Copy)]
pub struct FirstSteps {
    beginnings: Query<Beginnings>,
    written: Written,
    /// A step was finished here just now: the focus went with its action.
    finished: RwSignal<bool>,
}

/// What was typed and made here. It outlives a change of language, in memory only.
#[derive(Clone, Copy, Default)]
struct Written {
    address: RwSignal<String>,
    credential: RwSignal<String>,
    /// The key that was made here, in clear.
    key: RwSignal<Option<String>>,
    /// The path prefix that the route made here takes, such as `/v1`.
    prefix: RwSignal<String>,
}

impl Written {
    /// The route is made, for this prefix: what it was made of is done with.
    fn made_route(self, prefix: String) {
        self.prefix.set(prefix);
        self.address.set(String::new());
        self.credential.set(String::new());
    }
}

impl FirstSteps {
    /// A step is finished: looks which is the next, and goes on there.
    fn finish(self) {
        self.finished.set(true);
        self.beginnings.reload();
    }
}

async fn look() -> Answer<Beginnings> {
    let route = !api::routes::rows(Some(1)).await?.is_empty();
    let key = !api::keys::rows(Some(1)).await?.is_empty();
    // Calls before both exist were refused: they do not count.
    let call = route && key && api::logs::any_answered().await?;
    Ok(Beginnings { route, key, call })
}

/// The checklist, where something is left to do.
#[component]
pub fn FirstRunIfNeeded(state: OverviewState) -> impl IntoView {
    let steps = FirstSteps {
        beginnings: Query::completing(move || state.summary.data.with(Option::is_some), || (), |()| look()),
        written: kept::for_session(Written::default),
        finished: RwSignal::new(false),
    };
    // What a step brought shows at once in the figures around.
    let begun = reactive::memo(move |_| steps.beginnings.data.get());
    reactive::on_change(
        move || begun.get(),
        move |_| {
            state.summary.reload();
            state.over_time.reload();
        },
    );
    let open = RwSignal::new(false);
    reactive::effect(move || {
        let has_key = steps.written.key.with_untracked(Option::is_some);
        let is_due = |begun: Beginnings| has_key || !begun.all_done();
        if steps.beginnings.data.with(|data| data.is_some_and(is_due)) {
            open.set(true);
        }
        if steps.finished.get_untracked() {
            steps.finished.set(false);
            request_animation_frame(go_on);
        }
    });
    view! {
        <Show when=move || open.get()>
            <FirstRun steps open />
        </Show>
    }
}

#[component]
fn FirstRun(steps: FirstSteps, open: RwSignal<bool>) -> impl IntoView {
    // Also what is done elsewhere, as with the example in a shell. A call is in the log a moment after its answer.
    clock::every(1_000, move || {
        if steps
            .beginnings
            .data
            .with_untracked(|data| !data.is_some_and(Beginnings::all_done))
        {
            steps.beginnings.reload();
        }
    });
    let done = move |step: fn(Beginnings) -> bool| {
        reactive::derived(move || steps.beginnings.data.with(|data| data.is_some_and(step)))
    };
    let all_done = done(Beginnings::all_done);
    let key = steps.written.key;
    let close = move |()| {
        key.set(None);
        open.set(false);
    };
    view! {
        <section class="card first-run">
            <div class="card-head">
                <h2>{move || if all_done.get() { t::first_run_done() } else { t::first_run() }}</h2>
                <Show when=move || all_done.get()>
                    <Button small=true on_press=close>
                        {t::first_run_close()}
                    </Button>
                </Show>
            </div>
            <ol class="steps" role="list">
                <Step number=1 title=t::step_route() text=t::step_route_text() done=done(|b| b.route)>
                    <RouteStep steps />
                </Step>
                <Step number=2 title=t::step_key() text=t::step_key_text() done=done(|b| b.key) stays=key>
                    <KeyStep steps />
                </Step>
                <Step number=3 title=t::step_call() text=t::step_call_text() done=done(|b| b.call) stays=key>
                    <CallStep steps />
                </Step>
            </ol>
        </section>
    }
}

/// Leads the focus to the next step, unless the reader has it elsewhere.
fn go_on() {
    const NEXT: &str =
        ".first-run .step:not(.step-done) :is(input, select, textarea, button, a), .first-run .card-head button";
    if focus_is_nowhere()
        && let Ok(Some(next)) = document().query_selector(NEXT)
    {
        focus(&next);
    }
}

/// A step: its action is there until it is done, or as long as there is a key to show.
#[component]
fn Step(
    number: u8,
    title: &'static str,
    text: &'static str,
    done: Signal<bool>,
    #[prop(optional, into)] stays: Option<Signal<Option<String>>>,
    children: ChildrenFn,
) -> impl IntoView {
    let marker = move || {
        if done.get() {
            view! { <Icon glyph=Glyph::Check /> <span class="visually-hidden">{t::step_done()}</span> }.into_any()
        } else {
            number.into_any()
        }
    };
    let shown = reactive::memo(move |_| !done.get() || stays.is_some_and(|stays| stays.with(Option::is_some)));
    view! {
        <li class="step" class:step-done=move || done.get()>
            <span class="step-marker">{marker}</span>
            <div class="step-body">
                <h3>{title}</h3>
                <p class="muted">{text}</p>
                {move || shown.get().then(|| view! { <div class="step-action">{children()}</div> })}
            </div>
        </li>
    }
}
