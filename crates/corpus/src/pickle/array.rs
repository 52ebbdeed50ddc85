//! The numbers and texts of numpy arrays.

use half::f16;

use super::View;
use super::value::{Kind, Node};

/// An array of numbers.
#[derive(Clone, Copy)]
pub(crate) struct Numbers<'a> {
    /// Its sizes.
    pub(crate) shape: &'a [usize],
    kind: Kind,
    fortran: bool,
    data: &'a [u8],
}

impl Kind {
    /// The number that is written as `bytes`; `None` where this is no kind of number.
    pub(super) fn number(self, bytes: &[u8]) -> Option<f64> {
        let mut low = [0; 8];
        let filled = low.get_mut(..self.size)?;
        filled.copy_from_slice(bytes.get(..self.size)?);
        if self.big {
            filled.reverse();
        }
        let natural = u64::from_le_bytes(low);
        let unused = 64 - 8 * self.size as u32;
        Some(match (self.letter, self.size) {
            (b'f', 2) => f16::from_bits(natural as u16).to_f64(),
            (b'f', 4) => f32::from_bits(natural as u32).into(),
            (b'f', 8) => f64::from_bits(natural),
            (b'i', _) => ((natural << unused) as i64 >> unused) as f64,
            (b'u' | b'b', _) => natural as f64,
            _ => return None,
        })
    }
}

impl Numbers<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The number at a place of the file's own order; for one axis, the usual one.
    pub(crate) fn flat(&self, index: usize) -> Option<f64> {
        self.kind.number(self.data.get(index.checked_mul(self.kind.size)?..)?)
    }

    /// The first `steps` rows of matrix `item` of an array of three axes, one after the other.
    pub(crate) fn matrix(&self, item: usize, steps: usize) -> Option<Vec<f32>> {
        let &[items, length, width] = self.shape else { return None };
        if item >= items || steps > length {
            return None;
        }
        let [a, b, c] =
            if self.fortran { [1, items, items * length] } else { [length * width, width, 1] };
        let place = |step: usize, column: usize| item * a + step * b + column * c;
        (0..steps)
            .flat_map(|step| (0..width).map(move |column| (step, column)))
            .map(|(step, column)| self.flat(place(step, column)).map(|number| number as f32))
            .collect()
    }
}

impl<'a> View<'a> {
    /// An array of numbers.
    ///
    /// # Errors
    /// What it is instead.
    pub(crate) fn array(self) -> Result<Numbers<'a>, &'static str> {
        let Node::Array(array) = self.node() else { return Err("is no array") };
        match self.at(array.data).node() {
            Node::Bytes(data) if !matches!(array.kind.letter, b'S' | b'U') => {
                Ok(Numbers { shape: &array.shape, kind: array.kind, fortran: array.fortran, data })
            }
            _ => Err("is no array of numbers"),
        }
    }

    /// The texts of an array of fixed width.
    pub(super) fn array_texts(self) -> Option<Vec<String>> {
        let Node::Array(array) = self.node() else { return None };
        let Node::Bytes(data) = self.at(array.data).node() else { return None };
        let count: usize = array.shape.iter().product();
        let cell = |index: usize| &data[index * array.kind.size..(index + 1) * array.kind.size];
        let text = |cell: &[u8]| match array.kind.letter {
            b'S' => String::from_utf8(cell.to_vec()).ok(),
            b'U' => {
                let letter = |bytes: &[u8]| {
                    let bytes: [u8; 4] = bytes.try_into().ok()?;
                    let code = if array.kind.big {
                        u32::from_be_bytes(bytes)
                    } else {
                        u32::from_le_bytes(bytes)
                    };
                    char::from_u32(code)
                };
                cell.chunks_exact(4).map(letter).collect()
            }
            _ => None,
        };
        (0..count).map(|i| Some(text(cell(i))?.trim_end_matches('\0').to_owned())).collect()
    }
}
