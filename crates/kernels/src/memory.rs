//! What becomes of memory that is free.

use std::ffi::{c_int, c_long};

/// `mi_option_purge_delay` of mimalloc 2 and 3: after how many milliseconds free memory goes back to
/// the system.
const PURGE_DELAY: c_int = 15;

/// Asks mimalloc, where it is the program's allocator, to keep free memory for so long before it gives
/// it back. A training step frees what the next one asks for: returned in between, every page of it is
/// cleared by the system again.
pub fn keep_free_memory(for_ms: u32) {
    // A `long` may have 32 bits.
    let delay = for_ms.min(i32::MAX as u32) as c_long;
    // SAFETY: `mi_option_set` stores a number in a table of mimalloc's own and may be called at any
    // time; it ignores an option that it does not have, and 15 is `mi_option_purge_delay` in the
    // headers of both versions that `libmimalloc-sys` builds.
    #[expect(unsafe_code, reason = "a function of C")]
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, delay);
    }
}
