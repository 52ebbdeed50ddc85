//! Heads and tables of the boxes of mp4 and mov (ISO/IEC 14496-12, 4.2), read with caution.
//!
//! Every read is checked: a box that claims more than there is ends the walk, it does not end the
//! program. (`re_mp4` reads the same boxes, indexes unchecked tables with the numbers it finds in
//! them, and refuses a file that has been cut short.)

use crate::boxes::{be_u32, be_u64, find};

/// A four-character name.
pub(super) type Name = [u8; 4];

/// Follows `path` down, the first box of each name.
pub(super) fn descend<'a>(bytes: &'a [u8], path: &[&Name]) -> Option<&'a [u8]> {
    path.iter().try_fold(bytes, |inside, name| find(inside, **name))
}

/// The head of a box.
pub(super) struct Header {
    pub(super) name: Name,
    /// Bytes of the head itself.
    pub(super) length: usize,
    /// Bytes with the head; `None` where the box reaches to the end of the file.
    pub(super) size: Option<u64>,
}

impl Header {
    /// Reads a head from at least 8 bytes (16 for a large box).
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let name = bytes.get(4..8)?.try_into().ok()?;
        let (length, size) = match be_u32(bytes, 0)? {
            0 => (8, None),
            1 => (16, Some(be_u64(bytes, 8)?)),
            size => (8, Some(u64::from(size))),
        };
        (size.is_none_or(|size| size >= length as u64)).then_some(Self { name, length, size })
    }
}

/// Big-endian at `offset`.
pub(super) fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..offset + 2)?.try_into().ok().map(u16::from_be_bytes)
}

/// Two's complement at `offset`.
pub(super) fn i32_at(bytes: &[u8], offset: usize) -> Option<i32> {
    be_u32(bytes, offset).map(u32::cast_signed)
}

/// The rows of a table box: version and flags, a count, then `width` bytes a row. A count beyond
/// the end of the box yields the rows that are there.
pub(super) fn rows(table: Option<&[u8]>, width: usize) -> impl Iterator<Item = &[u8]> {
    let table = table.unwrap_or_default();
    let count = be_u32(table, 4).unwrap_or(0) as usize;
    table.get(8..).unwrap_or_default().chunks_exact(width).take(count)
}
