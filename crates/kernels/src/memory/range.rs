//! A range of addresses, reserved once and filled page by page as it is written to.

use std::sync::OnceLock;

use super::GRANULE;

/// The range of this process.
pub(super) static RANGE: Range = Range(OnceLock::new());

/// How many bytes are reserved at most, and at least where there is a range at all. Reserved
/// addresses cost nothing; a system that limits them gets a smaller range, or none.
const SIZES: [usize; 2] = [256 << 30, 1 << 30];

/// Set once, by the first large piece.
#[derive(Debug)]
pub(super) struct Range(OnceLock<Reserved>);

/// First address and length in granules; both 0 where the system gave none.
#[derive(Debug, Clone, Copy)]
struct Reserved {
    start: usize,
    granules: usize,
}

impl Range {
    /// How many granules it has; the first call reserves it.
    pub(super) fn granules(&self) -> usize {
        self.0.get_or_init(reserve).granules
    }

    /// The address of a granule of the range.
    pub(super) fn at(&self, granule: usize) -> *mut u8 {
        let start = self.0.get().map_or(0, |reserved| reserved.start);
        std::ptr::with_exposed_provenance_mut(start + granule * GRANULE)
    }

    /// The granule of an address; `None` where it lies outside.
    pub(super) fn place(&self, address: *mut u8) -> Option<usize> {
        let Reserved { start, granules } = *self.0.get()?;
        let place = address.addr().checked_sub(start)? / GRANULE;
        (place < granules).then_some(place)
    }
}

/// A range of the system's, as long as it gives one.
#[cfg(unix)]
fn reserve() -> Reserved {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

    let mut size = SIZES[0];
    while size >= SIZES[1] {
        let (prot, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        #[cfg(target_os = "linux")]
        let flags = flags | MapFlags::NORESERVE;
        // SAFETY: a mapping at no given address, of no file, overlaps none that is there.
        #[expect(unsafe_code, reason = "a function of the system")]
        let mapped = unsafe { mmap_anonymous(std::ptr::null_mut(), size, prot, flags) };
        if let Ok(mapped) = mapped {
            // SAFETY: the advice is on the whole of a mapping that was just made; it changes no byte,
            // and a system that does not follow it is as good.
            #[cfg(target_os = "linux")]
            #[expect(unsafe_code, reason = "a function of the system")]
            let _ = unsafe { rustix::mm::madvise(mapped, size, rustix::mm::Advice::LinuxHugepage) };
            let start = mapped.expose_provenance().next_multiple_of(GRANULE);
            return Reserved { start, granules: size / GRANULE - 1 };
        }
        size /= 2;
    }
    Reserved { start: 0, granules: 0 }
}

/// Other systems have no such range: everything is mimalloc's.
#[cfg(not(unix))]
fn reserve() -> Reserved {
    let _ = SIZES;
    Reserved { start: 0, granules: 0 }
}
