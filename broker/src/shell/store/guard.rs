//! Turns panics of the database on damaged files into errors.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use super::StoreError;

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Calls the function. A panic becomes an error and prints nothing.
pub(super) fn guarded<T>(act: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            if !SILENT.get() {
                before(what);
            }
        }));
    });
    let outer = SILENT.replace(true);
    // The database is not used again after a panic, since the store ends with its first error.
    let done = panic::catch_unwind(AssertUnwindSafe(act));
    SILENT.set(outer);
    done.unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        Err(StoreError::Panicked(
            text.unwrap_or("it gave up").to_owned(),
        ))
    })
}
