//! Weights from a safetensors file, one at a time, so that memory holds each number once.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use burn::module::Param;
use burn::nn::{LayerNorm, LayerNormConfig, Linear};
use burn::tensor::{Device, Tensor, TensorData};
use half::{bf16, f16};
use limbic_features::{Error, Result};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use crate::folder::damaged;

/// Largest header that is read; that of a thousand weights has 100 kB.
const LARGEST_HEADER: u64 = 16 << 20;

/// The weights of one file.
pub(crate) struct Weights {
    path: PathBuf,
    file: File,
    metadata: Metadata,
    /// Where the numbers begin.
    start: u64,
    prefix: &'static str,
    device: Device,
}

impl Weights {
    /// Reads what the file holds, but no weight yet.
    pub(crate) fn open(path: impl Into<PathBuf>, device: &Device) -> Result<Self> {
        let path = path.into();
        let io = |source| Error::Io { path: path.clone(), source };
        let mut file = File::open(&path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let cut = || damaged(&path, "it is cut off, or no safetensors file".to_owned());
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(|_| cut())?;
        let size = u64::from_le_bytes(size);
        if size > LARGEST_HEADER || size + 8 > length {
            return Err(cut());
        }
        let mut header = vec![0; size as usize];
        file.read_exact(&mut header).map_err(|_| cut())?;
        let metadata: Metadata = serde_json::from_slice(&header)
            .map_err(|error| damaged(&path, format!("its header cannot be read ({error})")))?;
        let start = size + 8;
        if start + metadata.data_len() as u64 != length {
            let reason = format!(
                "its header tells of {} bytes of weights and {} are there",
                metadata.data_len(),
                length - start
            );
            return Err(damaged(&path, reason));
        }
        Ok(Self { path, file, metadata, start, prefix: "", device: device.clone() })
    }

    /// The same file, where all names may begin with `prefix`, which is then left out: they do
    /// where a network was saved together with what it was trained for.
    #[must_use]
    pub(crate) fn below(mut self, prefix: &'static str) -> Self {
        if self.metadata.offset_keys().iter().any(|name| name.starts_with(prefix)) {
            self.prefix = prefix;
        }
        self
    }

    /// The shape of a weight, if there is such a weight.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.info(name).map(|info| info.shape.as_slice())
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.metadata.info(&format!("{}{name}", self.prefix))
    }

    /// The values of the weight `name`, which has to have this shape.
    pub(crate) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let bad = |reason: String| damaged(&self.path, format!("the weight `{name}` {reason}"));
        let info = self.info(name).ok_or_else(|| bad("is missing".to_owned()))?;
        if info.shape != shape {
            return Err(bad(format!("is {:?} where {shape:?} belongs", info.shape)));
        }
        let width = match info.dtype {
            Dtype::F64 => 8,
            Dtype::F32 => 4,
            Dtype::F16 | Dtype::BF16 => 2,
            other => return Err(bad(format!("has numbers of type {other:?}, which is not read"))),
        };
        let (from, to) = info.data_offsets;
        let size = shape.iter().try_fold(width, |size: usize, side| size.checked_mul(*side));
        if to.checked_sub(from) != size || to > self.metadata.data_len() {
            return Err(bad("does not fill its place".to_owned()));
        }
        let mut bytes = vec![0; to - from];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.start + from as u64))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|source| Error::Io { path: self.path.clone(), source })?;
        let values = decode(info.dtype, &bytes);
        if values.iter().any(|value| !value.is_finite()) {
            return Err(bad("holds what is no number".to_owned()));
        }
        Ok(values)
    }

    /// The weight `name`, which has to have this shape.
    pub(crate) fn tensor<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
    ) -> Result<Tensor<D>> {
        let values = self.values(name, &shape)?;
        Ok(Tensor::from_data(TensorData::new(values, shape), &self.device))
    }

    /// A layer from `size` to `out` numbers, kept as `[out, size]`, with a bias.
    pub(crate) fn linear(&self, name: &str, size: usize, out: usize) -> Result<Linear> {
        let weight = self.tensor(&format!("{name}.weight"), [out, size])?;
        // Laid out anew once, rather than in every product.
        let weight = Tensor::from_data(weight.transpose().into_data(), &self.device);
        let bias = self.tensor(&format!("{name}.bias"), [out])?;
        Ok(Linear { weight: Param::from_tensor(weight), bias: Some(Param::from_tensor(bias)) })
    }

    /// A normalisation of `size` numbers. Files of 2018 call its weights `gamma` and `beta`.
    pub(crate) fn norm(&self, name: &str, size: usize, epsilon: f64) -> Result<LayerNorm> {
        let old = self.info(&format!("{name}.gamma")).is_some();
        let [gamma, beta] = if old { ["gamma", "beta"] } else { ["weight", "bias"] };
        let gamma = self.tensor(&format!("{name}.{gamma}"), [size])?;
        let beta = self.tensor(&format!("{name}.{beta}"), [size])?;
        let mut norm = LayerNormConfig::new(size).with_epsilon(epsilon).init(&self.device);
        norm.gamma = Param::from_tensor(gamma);
        norm.beta = Some(Param::from_tensor(beta));
        Ok(norm)
    }
}

fn decode(dtype: Dtype, bytes: &[u8]) -> Vec<f32> {
    match dtype {
        Dtype::F64 => bytes.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b) as f32).collect(),
        Dtype::F16 => bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect(),
        Dtype::BF16 => {
            bytes.as_chunks().0.iter().map(|b| bf16::from_le_bytes(*b).to_f32()).collect()
        }
        _ => bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use safetensors::tensor::TensorView;

    use super::*;

    /// A file with the weight `w`, `[2]`.
    fn written(folder: &Path, dtype: Dtype, bytes: &[u8]) -> PathBuf {
        let path = folder.join("model.safetensors");
        let view = TensorView::new(dtype, vec![2], bytes).unwrap();
        std::fs::write(&path, safetensors::serialize([("w", view)], None).unwrap()).unwrap();
        path
    }

    fn reason(result: Result<impl Sized>) -> String {
        let message = result.err().expect("an error").to_string();
        assert!(message.contains("model.safetensors: "), "{message}");
        message
    }

    #[test]
    fn every_precision_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let numbers = [1.5f32, -2.0];
        let cases: [(Dtype, Vec<u8>); 4] = [
            (Dtype::F64, numbers.iter().flat_map(|x| f64::from(*x).to_le_bytes()).collect()),
            (Dtype::F32, numbers.iter().flat_map(|x| x.to_le_bytes()).collect()),
            (Dtype::F16, numbers.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect()),
            (Dtype::BF16, numbers.iter().flat_map(|x| bf16::from_f32(*x).to_le_bytes()).collect()),
        ];
        for (dtype, bytes) in cases {
            let path = written(folder.path(), dtype, &bytes);
            let weights = Weights::open(path, &Device::flex()).unwrap();
            assert_eq!(weights.values("w", &[2]).unwrap(), numbers, "{dtype:?}");
        }
    }

    #[test]
    fn a_weight_that_is_missing_or_of_another_kind_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let numbers = |a: f32, b: f32| [a.to_le_bytes(), b.to_le_bytes()].concat();
        let open = |path| Weights::open(path, &Device::flex()).unwrap();
        let weights = open(written(folder.path(), Dtype::F32, &numbers(1.0, 2.0)));
        assert!(reason(weights.values("v", &[2])).contains("`v` is missing"));
        assert!(reason(weights.values("w", &[3])).contains("`w` is [2] where [3] belongs"));
        let weights = open(written(folder.path(), Dtype::F32, &numbers(1.0, f32::NAN)));
        assert!(reason(weights.values("w", &[2])).contains("`w` holds what is no number"));
        let weights = open(written(folder.path(), Dtype::I16, &[0; 4]));
        assert!(reason(weights.values("w", &[2])).contains("I16"));
    }

    #[test]
    fn a_file_that_is_cut_off_or_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), Dtype::F32, &[0; 8]);
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            reason(Weights::open(&path, &Device::flex()));
        }
        for hostile in [
            [u64::MAX.to_le_bytes().as_slice(), b"{}"].concat(),
            [2u64.to_le_bytes().as_slice(), b"{}", &[0; 9]].concat(),
            header(r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[4,0]}}"#, 0),
            header(
                r#"{"w":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}"#,
                0,
            ),
            header(r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4),
            b"\x80\x02}q\x00(X\x01\x00\x00\x00wq\x01".repeat(20),
        ] {
            std::fs::write(&path, hostile).unwrap();
            let read =
                Weights::open(&path, &Device::flex()).and_then(|weights| weights.values("w", &[2]));
            reason(read);
        }
    }

    fn header(json: &str, numbers: usize) -> Vec<u8> {
        [&(json.len() as u64).to_le_bytes(), json.as_bytes(), &vec![0; numbers]].concat()
    }
}
