//! Memory that a training step frees is what the next one asks for: it is kept instead of being given
//! back to the system, which would clear every page of it again.
//!
//! Small pieces are mimalloc's. Large ones, which are tensors, come out of one reserved range of
//! addresses: the hole that fits best is used again, and neighbouring holes become one, so that
//! little more is held than was ever in use at once. The system is asked for huge pages in that
//! range, which spare matrix products most of their look-ups of addresses.

mod holes;
mod range;

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::{c_int, c_long};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mimalloc::MiMalloc;

use self::holes::Holes;
use self::range::RANGE;

/// Pieces from this size on are large, in bytes.
const LARGE: usize = 512 << 10;

/// What large pieces are multiples of, in bytes.
const GRANULE: usize = 32 << 10;

/// `mi_option_purge_delay` of mimalloc 2 and 3: after how many milliseconds free memory goes back to
/// the system, if ever.
const PURGE_DELAY: c_int = 15;

/// Asks mimalloc to keep free memory too; to be called as the program begins.
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

/// The allocator of a program that trains: `#[global_allocator] static A: Allocator = Allocator;`.
#[derive(Debug)]
pub struct Allocator;

/// What is free of the range.
static HOLES: Mutex<Holes> = Mutex::new(Holes::new());

/// Never panics while it is held, so a poisoned one is as good as any.
fn holes() -> MutexGuard<'static, Holes> {
    HOLES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many granules hold so many bytes.
const fn granules(bytes: usize) -> usize {
    bytes.div_ceil(GRANULE)
}

/// Whether a piece is looked for in the range first.
const fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE && layout.align() <= GRANULE
}

/// A piece of the range: where it begins, and how many bytes at its end nobody ever wrote to.
fn piece(bytes: usize) -> Option<(*mut u8, usize)> {
    let capacity = RANGE.granules();
    if capacity == 0 {
        return None;
    }
    let taken = holes().take(granules(bytes), capacity)?;
    let fresh = (granules(bytes) - taken.used) * GRANULE;
    Some((RANGE.at(taken.start), fresh.min(bytes)))
}

// SAFETY: pieces below `LARGE`, or aligned to more than a granule, or that the range has no room for,
// are mimalloc's in every method. All others lie within the range, at multiples of a granule, which
// is a multiple of every alignment up to it (the range begins at a page of the system; `Range` aligns
// it to a granule). `Holes` hands out granules that no live piece holds (tested against a plain
// model) until `give` takes the same number back, which `dealloc` and `realloc` know from the layout
// that the caller promises to be the piece's own. Whose a piece is follows from its address alone.
// Nothing here panics or allocates: `Holes` is an array of fixed length.
#[expect(unsafe_code, reason = "an allocator")]
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout)
            && let Some((start, _)) = piece(layout.size())
        {
            return start;
        }
        // SAFETY: the caller's promises are those that mimalloc asks for.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout)
            && let Some((start, fresh)) = piece(layout.size())
        {
            // SAFETY: the piece has `layout.size()` bytes; the system's pages are zeros until they
            // are written to.
            unsafe { start.write_bytes(0, layout.size() - fresh) };
            return start;
        }
        // SAFETY: the caller's promises are those that mimalloc asks for.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        match RANGE.place(start) {
            Some(place) => holes().give(place, granules(layout.size())),
            // SAFETY: what is not in the range came from mimalloc.
            None => unsafe { MiMalloc.dealloc(start, layout) },
        }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(place) = RANGE.place(start) else {
            if size < LARGE {
                // SAFETY: what is not in the range came from mimalloc.
                return unsafe { MiMalloc.realloc(start, layout, size) };
            }
            // SAFETY: `start` holds `layout`, and `size` is the caller's.
            return unsafe { self.moved(start, layout, size) };
        };
        let (before, after) = (granules(layout.size()), granules(size));
        // A piece of the range stays one, so that its address tells whose it is.
        if after == before && size >= LARGE {
            return start;
        }
        let fits = size >= LARGE
            && if after < before {
                holes().give_end(place, before, after)
            } else {
                holes().grow(place, before, after, RANGE.granules())
            };
        if fits {
            return start;
        }
        // SAFETY: `start` holds `layout`, and `size` is the caller's.
        unsafe { self.moved(start, layout, size) }
    }
}

impl Allocator {
    /// A copy of a piece in another place; the old one is free then.
    ///
    /// # Safety
    /// `start` holds a piece of `layout` from this allocator, and `size` is above zero and no more
    /// than a layout of its alignment may be.
    #[expect(unsafe_code, reason = "an allocator")]
    unsafe fn moved(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the alignment is that of a valid layout, and the caller promises the size.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: `wanted` is not empty.
        let copy = unsafe { self.alloc(wanted) };
        if !copy.is_null() {
            // SAFETY: both hold that many bytes, and a new piece overlaps no live one.
            unsafe { copy.copy_from_nonoverlapping(start, layout.size().min(size)) };
            // SAFETY: `start` is a live piece of `layout`.
            unsafe { self.dealloc(start, layout) };
        }
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every test of this crate runs on it.
    #[global_allocator]
    static ALLOCATOR: Allocator = Allocator;

    #[test]
    fn what_is_asked_for_as_zeros_is_zeros_after_others_wrote_there() {
        for round in 1..20_usize {
            let dirty = vec![7_u8; LARGE * round];
            assert!(dirty.iter().all(|byte| *byte == 7));
            drop(dirty);
            let zeros = vec![0_u8; LARGE * (round + 1) + round];
            assert!(zeros.iter().all(|byte| *byte == 0), "{round}");
        }
    }

    #[test]
    fn what_grows_and_shrinks_keeps_what_it_holds() {
        let mut values: Vec<u32> = Vec::new();
        let mut beside = Vec::new();
        for number in 0..3_000_000 {
            values.push(number);
            if number % 500_000 == 0 {
                beside.push(vec![1_u8; LARGE]);
            }
        }
        assert!(values.iter().zip(0..).all(|(value, number)| *value == number));
        for length in [2_000_000, 150_000, 90_000, 10] {
            values.truncate(length);
            values.shrink_to_fit();
            assert!(values.iter().zip(0..).all(|(value, number)| *value == number), "{length}");
        }
        assert!(beside.iter().flatten().all(|byte| *byte == 1));
    }

    #[test]
    fn large_pieces_lie_in_the_range_and_others_do_not() {
        let (large, small) = (vec![1_u8; LARGE], vec![1_u8; LARGE - 1]);
        let inside = |piece: &[u8]| RANGE.place(piece.as_ptr().cast_mut()).is_some();
        assert_eq!(inside(&large), RANGE.granules() > 0);
        assert!(!inside(&small));
    }

    #[test]
    fn threads_do_not_share_pieces() {
        std::thread::scope(|scope| {
            for thread in 0..8_u8 {
                scope.spawn(move || {
                    for round in 0..200_usize {
                        let size =
                            LARGE + (round * 7919 + usize::from(thread) * 104_729) % (2 * LARGE);
                        let mut piece = vec![thread; size];
                        piece.extend_from_slice(&[thread; 4096]);
                        assert!(piece.iter().all(|byte| *byte == thread));
                    }
                });
            }
        });
    }
}
