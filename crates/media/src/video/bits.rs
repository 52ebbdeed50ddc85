//! Bit strings of H.264 headers: Exp-Golomb codes and emulation prevention (ITU-T H.264, 7.2, 9.1).

/// Reads bits from the most significant on; `None` past the end.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// How many bits have been read.
    pub(super) const fn position(&self) -> usize {
        self.position
    }

    pub(super) fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.position / 8)?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Some(bit.into())
    }

    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value: u32, _| Some(value << 1 | self.bit()?))
    }

    /// `ue(v)`.
    pub(super) fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1_u32 << zeros) - 1 + self.bits(zeros)?)
    }

    /// `se(v)`.
    pub(super) fn signed(&mut self) -> Option<i32> {
        let code = i64::from(self.unsigned()?);
        i32::try_from(if code % 2 == 0 { -(code / 2) } else { (code + 1) / 2 }).ok()
    }
}

/// The payload without its emulation prevention bytes.
pub(super) fn unescape(payload: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(payload.len());
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        plain.push(byte);
    }
    plain
}

/// The payload with emulation prevention bytes where they are needed.
pub(super) fn escape(plain: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(plain.len() + 4);
    let mut zeros = 0;
    for &byte in plain {
        if zeros >= 2 && byte <= 3 {
            payload.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        payload.push(byte);
    }
    payload
}

/// `plain` with the bits of `inserted` (a string of 0 and 1) put in before bit `position`; a unit must not
/// end in a zero byte, so those that the shift leaves are dropped.
pub(super) fn insert_bits(plain: &[u8], position: usize, inserted: &str) -> Vec<u8> {
    let old = plain.iter().flat_map(|byte| (0..8).rev().map(move |shift| byte >> shift & 1));
    let new = inserted.bytes().map(|digit| digit & 1);
    let all: Vec<u8> = old.clone().take(position).chain(new).chain(old.skip(position)).collect();
    let mut bytes: Vec<u8> = all
        .chunks(8)
        .map(|bits| bits.iter().enumerate().fold(0, |byte, (i, bit)| byte | bit << (7 - i)))
        .collect();
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exponential_golomb_codes_are_those_of_the_standard() {
        // 1, 010, 011, 00100, 00101, then 1 again: table 9-1 of ITU-T H.264.
        let bytes = [0b1010_0110, 0b0100_0010, 0b1100_0000];
        let mut bits = BitReader::new(&bytes);
        let found: Vec<u32> = (0..6).filter_map(|_| bits.unsigned()).collect();
        assert_eq!(found, [0, 1, 2, 3, 4, 0]);
        let mut bits = BitReader::new(&bytes);
        let signed: Vec<i32> = (0..5).filter_map(|_| bits.signed()).collect();
        assert_eq!(signed, [0, 1, -1, 2, -2]);
        assert_eq!(BitReader::new(&[0; 8]).unsigned(), None);
    }

    #[test]
    fn bits_are_inserted_and_trailing_zero_bytes_dropped() {
        assert_eq!(insert_bits(&[0b1111_0000, 0b1000_0000], 4, "0101"), [0b1111_0101, 0b0000_1000]);
        assert_eq!(insert_bits(&[0b1111_1111, 0b1000_0000], 8, "0101100"), [255, 0b0101_1001]);
    }

    proptest! {
        #[test]
        fn what_is_escaped_can_be_told_from_start_codes_and_read_back(
            plain in proptest::collection::vec(0_u8..5, 0..40),
        ) {
            let payload = escape(&plain);
            prop_assert!(!payload.windows(3).any(|three| three[..2] == [0, 0] && three[2] < 3));
            prop_assert_eq!(unescape(&payload), plain);
        }
    }
}
