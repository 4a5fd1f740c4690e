//! Memos, derived signals and effects whose closures are boxed: what Leptos makes of each is then in the WASM file once for
//! each type of value, not once for each place (docs/performance.md). Everything in the dashboard is made here.

use leptos::prelude::*;

/// A value that follows others; whoever reads it hears of it only when it is another one.
pub fn memo<T>(value: impl Fn(Option<&T>) -> T + Send + Sync + 'static) -> Memo<T>
where
    T: PartialEq + Send + Sync + 'static,
{
    memo_with_compare(value, |before, now| before != now)
}

/// As [`memo`]; `changed` judges whether the new value is another one.
pub fn memo_with_compare<T>(
    value: impl Fn(Option<&T>) -> T + Send + Sync + 'static,
    changed: fn(Option<&T>, Option<&T>) -> bool,
) -> Memo<T>
where
    T: Send + Sync + 'static,
{
    boxed_memo(Box::new(value), changed)
}

type Value<T> = Box<dyn Fn(Option<&T>) -> T + Send + Sync>;

#[inline(never)]
fn boxed_memo<T: Send + Sync + 'static>(value: Value<T>, changed: fn(Option<&T>, Option<&T>) -> bool) -> Memo<T> {
    Memo::new_with_compare(value, changed)
}

/// A value that is worked out whenever it is read.
pub fn derived<T: Send + Sync + 'static>(value: impl Fn() -> T + Send + Sync + 'static) -> Signal<T> {
    boxed_signal(Box::new(value))
}

#[inline(never)]
fn boxed_signal<T: Send + Sync + 'static>(value: Box<dyn Fn() -> T + Send + Sync>) -> Signal<T> {
    Signal::derive(value)
}

/// Runs now and whenever what it read has changed.
pub fn effect(run: impl FnMut() + 'static) {
    boxed_effect(Box::new(run));
}

#[inline(never)]
fn boxed_effect(mut run: Box<dyn FnMut()>) {
    Effect::new(move |_: Option<()>| run());
}

/// Runs whenever `of` has changed since the last look; not the first time.
pub fn on_change<T: 'static>(of: impl Fn() -> T + 'static, mut run: impl FnMut(&T) + 'static) {
    let mut first = true;
    effect(move || {
        let value = of();
        if std::mem::take(&mut first) {
            return;
        }
        untrack(|| run(&value));
    });
}
