//! Foreign decoders may panic on damaged bytes.

use std::panic::{self, AssertUnwindSafe};

/// Runs `read` to its end even if foreign code panics in it; `None` where it did. Who calls this
/// sets a panic hook, or the panic is printed.
pub fn whole<T>(read: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(read)).ok()
}
