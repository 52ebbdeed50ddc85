//! Matrices in the `.npy` format of numpy. Only plain numbers are read: nothing in a file is run.

use std::path::Path;

use half::f16;

use crate::{Error, Result as Read};

/// The matrix of f16 or f32 in a `.npy` file, row after row, with its rows and columns.
pub fn read_npy(path: impl AsRef<Path>) -> Read<([usize; 2], Vec<f32>)> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|error| Error::io(path, error))?;
    matrix(&bytes).map_err(|reason| Error::Damaged {
        path: path.to_owned(),
        reason,
        way_out: "give an f16 or f32 matrix in .npy format",
    })
}

/// The matrix in `bytes`, row after row, with its rows and columns; or what is wrong.
pub(crate) fn matrix(bytes: &[u8]) -> Result<([usize; 2], Vec<f32>), String> {
    let (header, data) = split(bytes).ok_or("it is no .npy file, or it is cut short")?;
    let header = std::str::from_utf8(header).map_err(|_| "its header is no text")?;
    if field(header, "fortran_order")?.starts_with("True") {
        return Err("it is stored column after column".to_owned());
    }
    let shape = field(header, "shape")?;
    let inside = shape
        .strip_prefix('(')
        .and_then(|shape| shape.split_once(')'))
        .ok_or("its shape cannot be read")?
        .0;
    let sizes: Vec<usize> = inside
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| "its shape cannot be read")?;
    let &[rows, columns] = sizes.as_slice() else {
        return Err(format!("it has {} dimensions where a matrix has two", sizes.len()));
    };
    let kind = field(header, "descr")?.trim_start_matches(['\'', '"']);
    let (width, read): (usize, fn(&[u8]) -> f32) = match kind.get(..3) {
        Some("<f2") => (2, |b| f16::from_le_bytes([b[0], b[1]]).to_f32()),
        Some("<f4") => (4, |b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])),
        _ => return Err("its numbers are neither f16 nor f32 (little endian)".to_owned()),
    };
    let expected = rows.checked_mul(columns).and_then(|count| count.checked_mul(width));
    if expected != Some(data.len()) {
        let found = data.len();
        return Err(format!("its {rows} x {columns} numbers do not fit its {found} bytes"));
    }
    Ok(([rows, columns], data.chunks_exact(width).map(read).collect()))
}

/// Header and data.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(b"\x93NUMPY")?;
    let (version, rest) = rest.split_at_checked(2)?;
    let (length, rest) = if version[0] == 1 {
        let (length, rest) = rest.split_at_checked(2)?;
        (usize::from(u16::from_le_bytes(length.try_into().ok()?)), rest)
    } else {
        let (length, rest) = rest.split_at_checked(4)?;
        (usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?, rest)
    };
    rest.split_at_checked(length)
}

/// What follows `'name':` in the header.
fn field<'a>(header: &'a str, name: &str) -> Result<&'a str, String> {
    let quoted = format!("'{name}':");
    let (_, value) = header.split_once(&quoted).ok_or(format!("its header has no `{name}`"))?;
    Ok(value.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let length = (header.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\x00", length.as_slice(), header.as_bytes(), data].concat()
    }

    #[test]
    fn both_widths_are_read() {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }  \n";
        let data = [1.5f32.to_le_bytes(), (-2.0f32).to_le_bytes()].concat();
        assert_eq!(matrix(&file(header, &data)), Ok(([2, 1], vec![1.5, -2.0])));
        let header = "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 2), }\n";
        let data = [0x00, 0x3e, 0x00, 0xc0];
        assert_eq!(matrix(&file(header, &data)), Ok(([1, 2], vec![1.5, -2.0])));
    }

    #[test]
    fn what_is_no_matrix_of_floats_is_refused_with_the_reason() {
        let cases = [
            ("{'descr': '|O', 'fortran_order': False, 'shape': (1, 1), }", "neither"),
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", "column after column"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "dimensions"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2), }", "shape"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", "do not fit"),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615, 2), }",
                "do not fit",
            ),
            ("{'descr': '<f4', 'shape': (1, 1), }", "fortran_order"),
            ("{}", "fortran_order"),
        ];
        for (header, reason) in cases {
            let message = matrix(&file(header, &[0; 4])).unwrap_err();
            assert!(message.contains(reason), "{message}");
        }
        let whole = file("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }", &[0; 4]);
        for length in 0..whole.len() {
            assert!(matrix(&whole[..length]).is_err());
        }
    }
}
