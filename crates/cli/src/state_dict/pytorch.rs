//! Files of `torch.save`. Burn's reader carries out no instruction of a file but those that build
//! tensors; a file that asks for anything else is refused before it, because it was not made by
//! saving a state dict.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use limbic_model::Found;
use pytorch_reader::{DType, MAX_PICKLE_SIZE, PytorchReader};
use safetensors::Dtype;
use zip::ZipArchive;

use super::pickle::{self, Fault, Import};
use super::{floats, unreadable};

/// How to write what is read here.
const AGAIN: &str = "save it again with `torch.save(model.state_dict(), FILE)`";

/// The number that files of `PyTorch` before 1.6 begin with, as a pickle of it holds it.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Every tensor of a file by its name.
pub(super) fn read(path: &Path, name: &str, bytes: &[u8]) -> Result<BTreeMap<String, Found>> {
    for pickle in pickles(name, bytes)? {
        check(name, &pickle, bytes)?;
    }
    let reader = PytorchReader::new(path)
        .map_err(|error| anyhow!("{name}: cannot be read as a state dict ({error}); {AGAIN}"))?;
    let one = |(weight, tensor): (String, pytorch_reader::Tensor)| {
        let bytes = tensor
            .read()
            .map_err(|error| anyhow!("{name}: is damaged ({error}); copy or download it again"))?;
        let dtype = dtype(tensor.dtype());
        let values = floats(dtype, &bytes).with_context(|| unreadable(name, &weight, dtype))?;
        Ok((weight, (tensor.shape().to_vec(), values)))
    };
    reader.into_tensors().into_iter().map(one).collect()
}

/// The parts of a file that are pickles.
fn pickles<'a>(name: &str, bytes: &'a [u8]) -> Result<Vec<Cow<'a, [u8]>>> {
    if bytes.get(257..262) == Some(b"ustar") {
        bail!("{name}: is of a PyTorch before 0.1.10; {AGAIN}");
    }
    if !bytes.starts_with(b"PK") {
        return Ok(vec![Cow::Borrowed(bytes)]);
    }
    let broken = |error: &dyn std::fmt::Display| {
        anyhow!("{name}: is no whole zip ({error}); copy or download it again")
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.name_for_index(index).transpose().map_err(|error| broken(&error))?;
        if entry.is_some_and(|entry| entry == "data.pkl" || entry.ends_with("/data.pkl")) {
            let entry = archive.by_index(index).map_err(|error| broken(&error))?;
            let mut pickle = Vec::new();
            // The reader refuses what is longer.
            entry.take(MAX_PICKLE_SIZE).read_to_end(&mut pickle).map_err(|error| broken(&error))?;
            found.push(Cow::Owned(pickle));
        }
    }
    if found.is_empty() {
        bail!("{name}: is a zip without `data.pkl`, so PyTorch did not write it; {AGAIN}");
    }
    Ok(found)
}

/// Refuses pickles that import what no state dict needs, and files that are no pickles.
fn check(name: &str, pickle: &[u8], file: &[u8]) -> Result<()> {
    let legacy = file.len() > 32 && file[..32].windows(MAGIC.len()).any(|bytes| bytes == MAGIC);
    let mut rest = pickle;
    // Before 1.6 a file was five of them: magic number, version, machine, object, storages.
    for _ in 0..if legacy { 5 } else { 1 } {
        let imports = match pickle::imports(&mut rest) {
            Ok(imports) => imports,
            Err(Fault::Cut) if pickle.len() == file.len() && !legacy && pickle[0] != 0x80 => {
                bail!("{name}: is neither safetensors nor PyTorch; {AGAIN}")
            }
            Err(Fault::Cut) => bail!("{name}: is cut off; copy or download it again"),
            Err(Fault::Unknown(_)) => bail!("{name}: is neither safetensors nor PyTorch; {AGAIN}"),
            Err(Fault::Hidden) => {
                bail!(
                    "{name}: hides what it would have Python import; nothing of it was run; {AGAIN}"
                )
            }
        };
        if imports.contains(&("torch.storage".to_owned(), "_load_from_bytes".to_owned())) {
            bail!(
                "{name}: was written by `pickle.dump`, which keeps each tensor as a file within \
                 the file; load it in Python and save it again with `torch.save(state_dict, FILE)`"
            );
        }
        if let Some((module, function)) = imports.iter().find(|import| !harmless(import)) {
            bail!(
                "{name}: asks Python for `{module}.{function}`, which no state dict needs; nothing \
                 of it was run; {AGAIN}"
            );
        }
    }
    Ok(())
}

/// What state dicts, the counters and options beside them, and their tensors are made of.
fn harmless((module, name): &Import) -> bool {
    match module.as_str() {
        "collections" => name == "OrderedDict",
        "torch" => {
            let types =
                ["float", "bfloat", "double", "half", "int", "uint", "long", "short", "bool"];
            let number = name.trim_end_matches(|c: char| c.is_ascii_digit());
            name.ends_with("Storage")
                || types.contains(&number)
                || name == "Size"
                || name == "device"
        }
        "torch.storage" => name.ends_with("Storage"),
        "torch._utils" => name.starts_with("_rebuild_"),
        "torch._tensor" => name == "_rebuild_from_type_v2",
        "torch.nn.parameter" => name == "Parameter",
        "builtins" | "__builtin__" => name == "set" || name == "frozenset",
        "numpy.core.multiarray" | "numpy._core.multiarray" => name == "scalar",
        "numpy" => name == "dtype",
        "_codecs" => name == "encode",
        "argparse" => name == "Namespace",
        _ => false,
    }
}

const fn dtype(there: DType) -> Dtype {
    match there {
        DType::F64 => Dtype::F64,
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::I32 => Dtype::I32,
        DType::I16 => Dtype::I16,
        DType::I8 => Dtype::I8,
        DType::U64 => Dtype::U64,
        DType::U32 => Dtype::U32,
        DType::U16 => Dtype::U16,
        DType::U8 => Dtype::U8,
        DType::Bool => Dtype::BOOL,
    }
}
