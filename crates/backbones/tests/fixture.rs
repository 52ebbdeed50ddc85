//! Files under `tests/fixtures`, whole and damaged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use tempfile::TempDir;

/// A file or folder of reference numbers.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The numbers of a reference file, by name.
pub(crate) struct Numbers(BTreeMap<String, Vec<f32>>);

impl Numbers {
    pub(crate) fn open(name: &str) -> Self {
        let bytes = std::fs::read(path(name)).expect(name);
        let file = SafeTensors::deserialize(&bytes).expect(name);
        let values = |view: TensorView<'_>| match view.dtype() {
            safetensors::Dtype::F32 => {
                view.data().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
            }
            _ => view.data().iter().map(|b| f32::from(*b)).collect(),
        };
        Self(file.tensors().into_iter().map(|(name, view)| (name, values(view))).collect())
    }

    pub(crate) fn get(&self, name: &str) -> &[f32] {
        &self.0[name]
    }

    /// Asserts that `found` are the numbers `name`, within 1e-5 of the largest of them.
    #[track_caller]
    pub(crate) fn close(&self, name: &str, found: &[f32]) {
        close(name, found, self.get(name));
    }
}

/// Asserts that the numbers agree within 1e-5 of the largest of them.
#[track_caller]
pub(crate) fn close(name: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0.0f32, |most, x| most.max(x.abs()));
    let gaps = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let worst =
        gaps.fold(0.0f32, |worst, gap| if gap > worst || gap.is_nan() { gap } else { worst });
    assert!(worst <= 1e-5 * largest, "{name}: off by {worst} of {largest}");
}

/// A copy of a folder, to be damaged.
pub(crate) fn copy(name: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(path(name)).expect(name) {
        let entry = entry.expect(name);
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect(name);
    }
    folder
}

/// Writes the safetensors at `path` again without the weight `name`, or with another one of this
/// name.
pub(crate) fn rewrite(path: &Path, name: &str, with: Option<TensorView<'_>>) {
    let bytes = std::fs::read(path).expect("a file");
    let file = SafeTensors::deserialize(&bytes).expect("weights");
    let mut views: Vec<_> = file.tensors();
    let before = views.len();
    views.retain(|(other, _)| other != name);
    assert!(views.len() < before, "{name} is not there");
    views.extend(with.map(|view| (name.to_owned(), view)));
    std::fs::write(path, safetensors::serialize(views, None).expect("weights")).expect("a file");
}

/// The one sentence of an error, which names `file` and `what`.
#[track_caller]
pub(crate) fn refused<T>(result: limbic_features::Result<T>, file: &str, what: &str) {
    let message = result.err().expect("an error").to_string();
    assert!(message.contains(file) && message.contains(what), "{message}");
    assert!(!message.contains('\n'), "{message}");
}
