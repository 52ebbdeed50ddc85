//! What becomes of memory that is free.

use std::ffi::{c_int, c_long};

/// `mi_option_purge_delay` of mimalloc 2 and 3: after how many milliseconds free memory goes back to
/// the system, if ever.
const PURGE_DELAY: c_int = 15;

/// Asks mimalloc, where it is the program's allocator, to keep free memory instead of giving it back.
/// A training step frees what the next one asks for: returned in between, every page of it is cleared
/// by the system again. What the program holds stays at the most that it held.
pub fn keep_free_memory() {
    const NEVER: c_long = -1;
    // SAFETY: `mi_option_set` stores a number in a table of mimalloc's own and may be called at any
    // time; it ignores an option that it does not have, and 15 is `mi_option_purge_delay` in the
    // headers of both versions that `libmimalloc-sys` builds.
    #[expect(unsafe_code, reason = "a function of C")]
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, NEVER);
    }
}
