//! Server-sent events of the gateway, connected anew when they break off (HTML Living Standard, section 9.2).

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

use crate::state::connection::Connection;
use crate::state::reactive;
use crate::state::session::Session;

/// Pause before a new connection after one that the server refused, in milliseconds.
const AGAIN_AFTER_MS: u64 = 3_000;

/// How the connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Under way, for the first time or again.
    Connecting,
    /// Events can come.
    Open,
    /// Refused; tried again soon.
    Closed,
}

/// What is heard: the name of an event and its data. Events that come when the view is gone go nowhere.
type Hear = Rc<dyn Fn(&str, &str)>;

/// One connection, with what it calls.
struct Source {
    source: EventSource,
    _calls: Vec<Closure<dyn Fn(MessageEvent)>>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.source.close();
        self.source.set_onopen(None);
        self.source.set_onerror(None);
    }
}

/// Hears the events with these names from `url`, a new connection for each of its values, until whoever asked is gone.
/// They are handed on as they come: a signal for each of thousands would lose some and cost more.
pub fn listen(
    url: Signal<String>,
    names: &'static [&'static str],
    hear: impl Fn(&str, &str) + 'static,
) -> Signal<Line> {
    let line = RwSignal::new(Line::Connecting);
    let hear: Hear = Rc::new(hear);
    let open = Rc::new(RefCell::new(None::<Source>));
    let again = RwSignal::new(0_u32);
    Session::when_back(Rc::new(move || again.update(|again| *again += 1)));
    let kept = Rc::clone(&open);
    reactive::effect(move || {
        again.track();
        line.set(Line::Connecting);
        // The one before ends first: the server counts connections.
        kept.borrow_mut().take();
        *kept.borrow_mut() = connect(&url.get(), names, &hear, line, again);
    });
    let open = send_wrapper::SendWrapper::new(open);
    on_cleanup(move || drop(open.borrow_mut().take()));
    line.into()
}

fn connect(url: &str, names: &[&str], hear: &Hear, line: RwSignal<Line>, again: RwSignal<u32>) -> Option<Source> {
    let source = EventSource::new(url).ok()?;
    let hear = Rc::clone(hear);
    let on_event = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(data) = event.data().as_string() {
            hear(&event.type_(), &data);
        }
    });
    for name in names {
        // Cannot fail: the name is a constant.
        let _ = source.add_event_listener_with_callback(name, on_event.as_ref().unchecked_ref());
    }
    let on_open = Closure::<dyn Fn(MessageEvent)>::new(move |_| {
        line.try_set(Line::Open);
    });
    source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
    let asked = source.clone();
    let on_error = Closure::<dyn Fn(MessageEvent)>::new(move |_| {
        // A line that broke is tried again by the browser; one that was refused is not.
        if asked.ready_state() != EventSource::CLOSED {
            line.try_set(Line::Connecting);
            // Why it broke is not said.
            Connection::ask();
            return;
        }
        line.try_set(Line::Closed);
        let retry = move || {
            if !Session::is_locked() {
                again.try_update(|again| *again += 1);
            }
        };
        set_timeout(retry, Duration::from_millis(AGAIN_AFTER_MS));
    });
    source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    Some(Source {
        source,
        _calls: vec![on_event, on_open, on_error],
    })
}
