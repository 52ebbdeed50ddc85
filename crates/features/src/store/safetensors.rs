//! Features as safetensors: a tensor `<clip>/<extractor>` of shape `[t, d]` for each matrix, and
//! the list of contents in the metadata.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, View};

use super::index::{Entry, KEY, list};
use super::{Stored, damaged};
use crate::replace::replace_file;
use crate::{Error, Result};

/// A matrix that becomes bytes only while it is written.
struct Matrix<'a> {
    shape: [usize; 2],
    data: &'a [f32],
}

impl View for Matrix<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.data.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn data_len(&self) -> usize {
        size_of_val(self.data)
    }
}

/// Tensors with their names and the metadata of the file.
type Contents<'a> = (Vec<(String, Matrix<'a>)>, Option<HashMap<String, String>>);

fn contents(items: &[Stored]) -> Result<Contents<'_>> {
    let metadata = HashMap::from([(KEY.to_owned(), list(items)?)]);
    let matrix = |item: &'_ Stored| Entry::of(item).name();
    let tensors = items
        .iter()
        .map(|item| {
            let features = &item.features;
            (matrix(item), Matrix { shape: features.shape(), data: features.data() })
        })
        .collect();
    Ok((tensors, Some(metadata)))
}

/// Writes `items` to `path` as safetensors.
pub fn write_safetensors(path: impl AsRef<Path>, items: &[Stored]) -> Result<()> {
    let path = path.as_ref();
    // Not through the crate's own file writer, whose files nobody else may read.
    let bytes = encode(items)?;
    replace_file(path, |new| std::fs::write(new, bytes).map_err(|e| Error::io(path, e)))
}

/// Reads what [`write_safetensors`] has written.
pub fn read_safetensors(path: impl AsRef<Path>) -> Result<Vec<Stored>> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
    decode(&bytes).map_err(|reason| damaged(path, reason))
}

/// The bytes of a safetensors file with `items`.
pub(crate) fn encode(items: &[Stored]) -> Result<Vec<u8>> {
    let (tensors, metadata) = contents(items)?;
    safetensors::serialize(tensors, metadata).map_err(|error| damaged(Path::new("memory"), error))
}

/// What [`encode`] has made; or what is wrong with the bytes.
pub(crate) fn decode(bytes: &[u8]) -> std::result::Result<Vec<Stored>, String> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
    let list = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY));
    let list = list.ok_or("it holds no list of features")?;
    let entries: Vec<Entry> = serde_json::from_str(list).map_err(|e| e.to_string())?;
    let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
    let item = |entry: Entry| {
        let tensor = file.tensor(&entry.name()).map_err(|e| e.to_string())?;
        if tensor.dtype() != Dtype::F32 || tensor.shape() != entry.shape {
            return Err(format!("the tensor `{}` is not what the list says", entry.name()));
        }
        let number = |b: &[u8]| f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let data = tensor.data().chunks_exact(4).map(number).collect();
        entry.fill(data)
    };
    entries.into_iter().map(item).collect()
}
