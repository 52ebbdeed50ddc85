//! State dicts as authors publish them: one file, or one file a part, as safetensors or as
//! `torch.save` wrote them. Nothing in a file is ever executed.

mod pickle;
mod pytorch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use half::{bf16, f16};
use limbic_model::Found;
use safetensors::{Dtype, SafeTensors};

/// Files that VAVL's authors save, by their names, and the part of the model that each holds.
const PARTS: [(&str, &str); 9] = [
    ("final_acoustic_head", "acoustic_model"),
    ("final_visual_head", "visual_model"),
    ("final_shared_head", "shared_model"),
    ("final_weights_head", "weights"),
    ("MLP_a_head", "MLP_a"),
    ("MLP_v_head", "MLP_v"),
    ("MLP_av_head", "MLP_av"),
    ("MLP_rec_a_head", "MLP_rec_a"),
    ("MLP_rec_v_head", "MLP_rec_v"),
];

/// Keys under which a checkpoint keeps its state dict beside other things.
const WRAPPERS: [&str; 3] = ["model_state_dict", "state_dict", "model"];

/// A file to read, and the part of the model that it holds where it does not hold all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    part: Option<String>,
}

impl Source {
    /// From `FILE` or `PART=FILE`.
    pub(crate) fn parse(typed: &str) -> Self {
        if let Some((part, path)) = typed.split_once('=')
            && !Path::new(typed).exists()
        {
            return Self { path: path.into(), part: Some(part.to_owned()) };
        }
        let path = PathBuf::from(typed);
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let known = PARTS.iter().find(|(file, _)| Some(*file) == stem);
        Self { part: known.map(|(_, part)| (*part).to_owned()), path }
    }
}

/// Weights by the authors' names.
#[derive(Debug, Default)]
pub(crate) struct StateDict {
    pub(crate) weights: BTreeMap<String, Found>,
    /// The BLAKE3 hash of each file.
    pub(crate) files: BTreeMap<String, String>,
}

impl StateDict {
    /// Reads files one after the other into one state dict.
    pub(crate) fn read(sources: &[Source]) -> Result<Self> {
        let mut all = Self::default();
        let mut homes: BTreeMap<String, &Path> = BTreeMap::new();
        for source in sources {
            let name = source.path.display().to_string();
            let bytes = std::fs::read(&source.path).with_context(|| {
                format!("{name}: cannot be read; give a state dict (.pt, .pth or .safetensors)")
            })?;
            all.files.insert(file_name(&source.path), blake3::hash(&bytes).to_hex().to_string());
            for (weight, found) in unwrapped(open(&source.path, &name, &bytes)?) {
                let weight = match &source.part {
                    Some(part) => format!("{part}.{weight}"),
                    None => weight,
                };
                if let Some(other) = homes.insert(weight.clone(), &source.path) {
                    bail!(
                        "{name}: holds `{weight}`, which {} holds too; give one of them, or the \
                         part that each holds as PART=FILE",
                        other.display()
                    );
                }
                all.weights.insert(weight, found);
            }
        }
        Ok(all)
    }
}

/// The file's own name: where it lay on somebody's disk is nobody's business.
fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn open(path: &Path, name: &str, bytes: &[u8]) -> Result<BTreeMap<String, Found>> {
    if bytes.is_empty() {
        bail!("{name}: is empty; copy or download it again");
    }
    // What a file is called says less than how it begins: 8 bytes of length, then JSON.
    let weights = if bytes.get(8) == Some(&b'{') {
        safetensors(name, bytes)?
    } else {
        pytorch::read(path, name, bytes)?
    };
    if weights.is_empty() {
        bail!("{name}: holds no weights; give what `torch.save(model.state_dict(), FILE)` writes");
    }
    Ok(weights)
}

fn safetensors(name: &str, bytes: &[u8]) -> Result<BTreeMap<String, Found>> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| {
        anyhow::anyhow!("{name}: is no whole safetensors file ({error}); copy or download it again")
    })?;
    let one = |(weight, view): (String, safetensors::tensor::TensorView<'_>)| {
        let values = floats(view.dtype(), view.data())
            .with_context(|| unreadable(name, &weight, view.dtype()))?;
        Ok((weight, (view.shape().to_vec(), values)))
    };
    file.tensors().into_iter().map(one).collect()
}

fn unreadable(name: &str, weight: &str, dtype: Dtype) -> String {
    format!("{name}: `{weight}` is of type {dtype:?}; save it as 32-bit floats")
}

/// Little-endian numbers as 32-bit floats; `None` for types that are no plain numbers.
fn floats(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes.as_chunks().0.iter().map(|bytes| number(*bytes)).collect()
    }
    Some(match dtype {
        Dtype::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::F32 => each(bytes, f32::from_le_bytes),
        Dtype::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => each(bytes, |b| bf16::from_le_bytes(b).to_f32()),
        Dtype::I64 => each(bytes, |b| i64::from_le_bytes(b) as f32),
        Dtype::I32 => each(bytes, |b| i32::from_le_bytes(b) as f32),
        Dtype::I16 => each(bytes, |b| i16::from_le_bytes(b).into()),
        Dtype::I8 => each(bytes, |b| i8::from_le_bytes(b).into()),
        Dtype::U64 => each(bytes, |b| u64::from_le_bytes(b) as f32),
        Dtype::U32 => each(bytes, |b| u32::from_le_bytes(b) as f32),
        Dtype::U16 => each(bytes, |b| u16::from_le_bytes(b).into()),
        Dtype::U8 | Dtype::BOOL => each(bytes, |[b]| b.into()),
        _ => return None,
    })
}

/// The same weights without what training loops put around a state dict: a key of the
/// checkpoint that holds it, and the `module.` of a model on several devices.
fn unwrapped(weights: BTreeMap<String, Found>) -> BTreeMap<String, Found> {
    let below =
        |prefix: &str| weights.keys().filter(|name| name.strip_prefix(prefix).is_some()).count();
    let wrapper = WRAPPERS.iter().map(|key| format!("{key}.")).find(|key| below(key) > 0);
    let everywhere = |prefix: &str| {
        let state = weights.keys().filter(|name| name.starts_with(prefix));
        state.clone().count() > 0
            && state.into_iter().all(|name| name[prefix.len()..].starts_with("module."))
    };
    let wrapper = wrapper.unwrap_or_default();
    let prefix = if everywhere(&wrapper) { format!("{wrapper}module.") } else { wrapper };
    let name = |name: String| name.strip_prefix(&prefix).map(str::to_owned).unwrap_or(name);
    weights.into_iter().map(|(key, found)| (name(key), found)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(given: &[&str]) -> Vec<String> {
        let weights = given.iter().map(|name| ((*name).to_owned(), (vec![1], vec![0.0])));
        unwrapped(weights.collect()).into_keys().collect()
    }

    #[test]
    fn what_training_loops_put_around_names_is_taken_off() {
        assert_eq!(names(&["a.weight", "b"]), ["a.weight", "b"]);
        assert_eq!(names(&["module.a", "module.b"]), ["a", "b"]);
        assert_eq!(names(&["module.a", "b"]), ["b", "module.a"]);
        assert_eq!(
            names(&["model_state_dict.module.a", "optimizer.state.0"]),
            ["a", "optimizer.state.0"]
        );
        // A part that is called like a wrapper in the middle of a name stays.
        assert_eq!(names(&["video_encoder.model.stem"]), ["video_encoder.model.stem"]);
    }

    #[test]
    fn parts_are_told_or_known_by_their_files() {
        for (typed, path, part) in [
            ("a/all.pt", "a/all.pt", None),
            ("MLP_a=a/all.pt", "a/all.pt", Some("MLP_a")),
            ("vavl/final_shared_head.pt", "vavl/final_shared_head.pt", Some("shared_model")),
        ] {
            let part = part.map(str::to_owned);
            assert_eq!(Source::parse(typed), Source { path: path.into(), part });
        }
    }

    #[test]
    fn numbers_of_every_type_become_floats() {
        let half = f16::from_f32(-1.5).to_le_bytes();
        let brain = bf16::from_f32(-1.5).to_le_bytes();
        for (dtype, bytes, expected) in [
            (Dtype::F64, &(-1.5f64).to_le_bytes()[..], -1.5),
            (Dtype::F32, &(-1.5f32).to_le_bytes(), -1.5),
            (Dtype::F16, &half, -1.5),
            (Dtype::BF16, &brain, -1.5),
            (Dtype::I64, &(-3i64).to_le_bytes(), -3.0),
            (Dtype::U8, &[200], 200.0),
        ] {
            assert_eq!(floats(dtype, bytes), Some(vec![expected]), "{dtype:?}");
        }
        assert_eq!(floats(Dtype::F8_E4M3, &[0]), None);
    }
}
