//! Records values of open enums that this version does not know, for an observer.

use std::cell::RefCell;

type Values = Vec<(&'static str, String)>;

thread_local! {
    /// Recorded while it is `Some`.
    static NOTED: RefCell<Option<Values>> = const { RefCell::new(None) };
}

/// Records an unknown value of an enum.
pub(crate) fn note(name: &'static str, value: &str) {
    NOTED.with_borrow_mut(|noted| {
        if let Some(values) = noted {
            values.push((name, value.to_owned()));
        }
    });
}

/// Runs a function. Returns its output, and the unknown values that it met.
#[cfg(feature = "client")]
pub(crate) fn record<T>(run: impl FnOnce() -> T) -> (T, Values) {
    NOTED.set(Some(Vec::new()));
    let output = run();
    (output, NOTED.take().unwrap_or_default())
}
