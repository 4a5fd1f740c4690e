//! A request on its way, and what came of it so far.

use fastgate_shared::answer_text::AnswerText;
use fastgate_shared::playground::{PlaygroundEnd, PlaygroundHead};
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::AbortController;

use super::draft::Draft;
use crate::api;
use crate::api::playground::News;
use crate::state::form::FormErrors;

/// How far a request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was sent.
    #[default]
    Idle,
    /// The head is still to come.
    Waiting,
    /// The body comes.
    Streaming,
    /// All came.
    Done,
    /// The reader had enough of it.
    Stopped,
    /// It did not come to its end.
    Broken,
}

/// The request of the page.
#[derive(Clone, Copy)]
pub struct Sending {
    draft: Draft,
    pub phase: RwSignal<Phase>,
    pub head: RwSignal<Option<PlaygroundHead>>,
    /// The body as it came.
    pub raw: RwSignal<String>,
    /// The text that a model wrote in it.
    pub text: RwSignal<String>,
    pub size: RwSignal<u64>,
    /// Milliseconds since it was sent.
    pub elapsed: RwSignal<f64>,
    pub end: RwSignal<Option<PlaygroundEnd>>,
    /// Why it was not sent, or broke off.
    pub refusal: RwSignal<Option<String>>,
    /// Came, and is still to be shown.
    waiting: StoredValue<String>,
    reading: StoredValue<AnswerText>,
    sent_at: StoredValue<f64>,
    stop: StoredValue<Option<AbortController>, LocalStorage>,
}

impl Sending {
    pub fn new(draft: Draft) -> Self {
        let sending = Self {
            draft,
            phase: RwSignal::default(),
            head: RwSignal::default(),
            raw: RwSignal::default(),
            text: RwSignal::default(),
            size: RwSignal::default(),
            elapsed: RwSignal::default(),
            end: RwSignal::default(),
            refusal: RwSignal::default(),
            waiting: StoredValue::default(),
            reading: StoredValue::default(),
            sent_at: StoredValue::default(),
            stop: StoredValue::new_local(None),
        };
        on_cleanup(move || sending.abort());
        sending
    }

    /// Something comes, or is still to come.
    pub fn is_busy(self) -> Signal<bool> {
        Signal::derive(move || matches!(self.phase.get(), Phase::Waiting | Phase::Streaming))
    }

    /// `errors` tells what is wrong with the request.
    pub fn send(self, errors: FormErrors) {
        if untrack(|| self.is_busy().get()) || !errors.ready_to_send() {
            return;
        }
        let Ok(stop) = AbortController::new() else {
            return;
        };
        let request = untrack(|| self.draft.read());
        self.begin(stop.clone());
        spawn_local(async move {
            let answer = api::playground::send(&request, &stop, move |news| self.take(news)).await;
            // Nobody may be signed in any more.
            if self.phase.try_get_untracked().is_some() {
                self.finish(answer, errors);
            }
        });
    }

    /// Who leaves the page does not wait for the answer.
    pub fn leave(self) {
        if matches!(self.phase.try_get_untracked(), Some(Phase::Waiting | Phase::Streaming)) {
            self.stop();
        }
    }

    /// Lets go of it: the gateway cancels the request.
    pub fn stop(self) {
        self.abort();
        self.finish_showing();
        self.phase.set(Phase::Stopped);
    }

    fn abort(self) {
        if let Some(stop) = self.stop.try_update_value(Option::take).flatten() {
            stop.abort();
        }
    }

    fn begin(self, stop: AbortController) {
        self.stop.set_value(Some(stop));
        self.sent_at.set_value(js_sys::Date::now());
        self.waiting.set_value(String::new());
        self.head.set(None);
        self.end.set(None);
        self.refusal.set(None);
        self.raw.set(String::new());
        self.text.set(String::new());
        self.size.set(0);
        self.elapsed.set(0.0);
        self.phase.set(Phase::Waiting);
    }

    fn take(self, news: News) {
        if self.phase.try_get_untracked().is_none() {
            return;
        }
        match news {
            News::Head(head) => {
                let media_type = head
                    .response_headers
                    .iter()
                    .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
                    .map_or("", |(_, value)| value.as_str());
                self.reading
                    .set_value(AnswerText::new(AnswerText::is_stream(media_type)));
                self.head.set(Some(head));
                self.phase.set(Phase::Streaming);
            }
            News::Chunk(chunk) => {
                self.size.set(chunk.response_size);
                if let Some(text) = chunk.text {
                    self.waiting.update_value(|waiting| waiting.push_str(&text));
                }
            }
            News::End(end) => {
                self.finish_showing();
                self.elapsed.set(end.response_time_ms);
                self.size.set(end.response_size);
                let broken = end.error_message.is_some();
                self.end.set(Some(end));
                self.phase.set(if broken { Phase::Broken } else { Phase::Done });
            }
        }
    }

    /// Shows what came since the last time.
    pub fn show(self) {
        if !untrack(|| self.is_busy().get()) {
            return;
        }
        self.elapsed.set(js_sys::Date::now() - self.sent_at.get_value());
        self.show_waiting();
    }

    fn show_waiting(self) {
        let mut came = String::new();
        self.waiting.update_value(|waiting| came = std::mem::take(waiting));
        if came.is_empty() {
            return;
        }
        let mut text = String::new();
        self.reading.update_value(|reading| text = reading.feed(&came));
        self.raw.update(|raw| raw.push_str(&came));
        if !text.is_empty() {
            self.text.update(|shown| shown.push_str(&text));
        }
    }

    fn finish_showing(self) {
        self.show_waiting();
        let mut rest = String::new();
        self.reading.update_value(|reading| rest = reading.finish());
        if !rest.is_empty() {
            self.text.update(|shown| shown.push_str(&rest));
        }
    }

    fn finish(self, answer: api::Answer<()>, errors: FormErrors) {
        self.stop.set_value(None);
        match answer {
            // The server may end without an end when it stops.
            Ok(()) if untrack(|| self.is_busy().get()) => self.phase.set(Phase::Broken),
            Ok(()) => {}
            Err(problem) => {
                self.finish_showing();
                let sent = self.head.with_untracked(Option::is_some);
                self.phase.set(if sent { Phase::Broken } else { Phase::Idle });
                self.refusal.set(errors.refused(&problem));
            }
        }
    }
}
