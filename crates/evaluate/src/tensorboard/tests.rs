//! Event files, read back field by field.

use super::*;

/// A field of a message: its number and what is in it.
#[derive(Debug, PartialEq)]
enum Field<'a> {
    Number(u64),
    Fixed(&'a [u8]),
    Bytes(&'a [u8]),
}

fn varint(data: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = data[0];
        *data = &data[1..];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn fields(mut data: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut all = Vec::new();
    while !data.is_empty() {
        let key = varint(&mut data);
        let take = |data: &mut &'_ [u8], count: usize| {
            let (own, rest) = data.split_at(count);
            *data = rest;
            own.len()
        };
        let before = data;
        let field = match key & 7 {
            0 => Field::Number(varint(&mut data)),
            1 => Field::Fixed(&before[..take(&mut data, 8)]),
            5 => Field::Fixed(&before[..take(&mut data, 4)]),
            _ => {
                let count = varint(&mut data) as usize;
                let own = &data[..count];
                data = &data[count..];
                Field::Bytes(own)
            }
        };
        all.push((key >> 3, field));
    }
    all
}

fn bytes(data: &[u8], field: u64) -> &[u8] {
    let found = fields(data).into_iter().find(|(number, _)| *number == field);
    let Some((_, Field::Bytes(own))) = found else { panic!("no field {field}") };
    own
}

/// The events of a file, their checksums compared.
fn events(path: &Path) -> Vec<Vec<u8>> {
    let file = std::fs::read(path).unwrap();
    let (mut rest, mut all) = (file.as_slice(), Vec::new());
    let word = |data: &[u8]| u32::from_le_bytes(data[..4].try_into().unwrap());
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        assert_eq!(word(&rest[8..]), masked(&rest[..8]));
        let event = &rest[12..12 + length];
        assert_eq!(word(&rest[12 + length..]), masked(event));
        all.push(event.to_vec());
        rest = &rest[16 + length..];
    }
    all
}

#[test]
fn an_event_file_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut events_file = Events::create(&folder.path().join("new")).unwrap();
    events_file.scalar("uar", 300, 0.625).unwrap();
    events_file.text("report", 2, "# Title").unwrap();
    let path = events_file.finish().unwrap();
    assert!(path.file_name().unwrap().to_str().unwrap().starts_with("events.out.tfevents."));
    let all = events(&path);
    assert_eq!(all.len(), 3);
    assert_eq!(bytes(&all[0], 3), b"brain.Event:2");
    assert!(fields(&all[1]).contains(&(2, Field::Number(300))));
    let entry = bytes(bytes(&all[1], 5), 1);
    assert_eq!(bytes(entry, 1), b"uar");
    assert!(fields(entry).contains(&(2, Field::Fixed(&0.625f32.to_le_bytes()))));
    let entry = bytes(bytes(&all[2], 5), 1);
    assert_eq!(bytes(bytes(entry, 8), 8), b"# Title");
    assert_eq!(bytes(bytes(bytes(entry, 9), 1), 1), b"text");
}

#[test]
fn the_checksum_is_that_of_tensorflow() {
    // CRC-32C of "123456789" is 0xe3069283 (RFC 3720); masked by TensorFlow's rule.
    let expected = 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8);
    assert_eq!(masked(b"123456789"), expected);
}
