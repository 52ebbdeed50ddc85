//! Whether a file is whole, before the reader sees it: it can go round and round in one that is not.

/// Whether `bytes` are fields of a protocol buffer up to their very end. An ONNX file is one such
/// message, nearly all of it in one field, so that a part of a file is not whole.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        match after_field(rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    !bytes.is_empty()
}

/// What follows the first field.
fn after_field(bytes: &[u8]) -> Option<&[u8]> {
    let (tag, rest) = varint(bytes)?;
    match tag & 7 {
        0 => varint(rest).map(|(_, rest)| rest),
        1 => rest.get(8..),
        2 => {
            let (length, rest) = varint(rest)?;
            rest.get(usize::try_from(length).ok()?..)
        }
        5 => rest.get(4..),
        _ => None,
    }
}

/// A number of seven bits a byte, the lowest first, and what follows it.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let (number, rest) = bytes.split_at(end + 1);
    let value = number
        .iter()
        .rev()
        .try_fold(0u64, |value, byte| value.checked_mul(128)?.checked_add(u64::from(byte & 0x7f)));
    Some((value?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_whole_only_with_its_last_byte() {
        // Number 300 in field 1, four bytes in field 7, a fraction in field 2.
        let message = [0x08, 0xac, 0x02, 0x3a, 4, 1, 2, 3, 4, 0x15, 0, 0, 128, 63];
        let whole: Vec<usize> = (0..=message.len()).filter(|&n| is_whole(&message[..n])).collect();
        assert_eq!(whole, [3, 9, 14]);
        assert!(!is_whole(&[0xff; 30]));
        assert!(!is_whole(&[0x0b, 0]));
        assert!(!is_whole(&[[0x3a].as_slice(), &[0xff; 9], &[1]].concat()));
    }
}
