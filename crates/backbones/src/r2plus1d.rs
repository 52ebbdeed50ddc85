//! Moving pictures as R(2+1)D sees them (Tran et al. 2018).

use std::path::Path;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use limbic_features::{Error, Extract, Features, Result, Times};
use limbic_media::{Clip, Modality, RgbImage, Span};
use limbic_model::{Layout, R2plus1d as Network, R2plus1dConfig as Sizes, r2plus1d_origin};
use serde::{Deserialize, Serialize};

use crate::folder::{damaged, identity};
use crate::view::{View, check_rate};
use crate::weights::Weights;

/// Version of the way films become rows.
const VERSION: u32 = 1;

/// Statistics of Kinetics-400, with which the published weights were trained.
const MEAN: [f32; 3] = [0.43216, 0.394_666, 0.37645];
const DEVIATION: [f32; 3] = [0.22803, 0.22145, 0.216_989];

/// How an R(2+1)D is used; the defaults are those of MPUC (Franceschini et al. 2022) on RAVDESS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct R2plus1dConfig {
    /// Pictures a second.
    pub rate: f64,
    /// Pictures of a window, which becomes a row, 1 to 1000.
    pub steps: usize,
    /// How many of them are seen, evenly spread, 1 to 64.
    pub frames: usize,
    /// Pixels of their sides, 16 to 512.
    pub size: u32,
    /// What is seen of a picture.
    pub view: View,
}

impl Default for R2plus1dConfig {
    fn default() -> Self {
        Self { rate: 30.0, steps: 90, frames: 8, size: 112, view: View::Picture {} }
    }
}

/// What an R(2+1)D gives before its last layer: a row for each window of a film, `[t, 512]` for
/// the published 18 layers.
#[derive(Debug)]
pub struct R2plus1d {
    network: Network,
    width: usize,
    config: R2plus1dConfig,
    device: Device,
    id: String,
}

impl R2plus1d {
    /// Reads the safetensors at `path`, with the weights of torchvision's `r2plus1d_18` under
    /// their names there. Widths and depth are those of the file.
    ///
    /// # Errors
    /// One sentence that names the file and the weight: [`Error::Io`], [`Error::Damaged`] for a
    /// file that is no such model, [`Error::Setting`] for settings that cannot work.
    pub fn open(path: impl AsRef<Path>, config: &R2plus1dConfig, device: &Device) -> Result<Self> {
        let path = path.as_ref();
        check_rate(config.rate)?;
        config.view.check()?;
        for (setting, found, range, expected) in [
            ("steps", config.steps, 1..=1000, "1 to 1000 pictures"),
            ("frames", config.frames, 1..=64, "1 to 64 pictures"),
            ("size", config.size as usize, 16..=512, "16 to 512 pixels"),
        ] {
            if !range.contains(&found) {
                return Err(Error::Setting { setting, found: found.to_string(), expected });
            }
        }
        let weights = Weights::open(path, device)?;
        let sizes = sizes(&weights).map_err(|reason| damaged(path, reason))?;
        let mut fill = Fill { weights: &weights, path: Vec::new(), problem: None };
        let network = sizes.init(device).map(&mut fill);
        if let Some(problem) = fill.problem {
            return Err(problem);
        }
        let (folder, name) = (path.parent().unwrap_or(path), path.file_name());
        let name = name.and_then(|name| name.to_str()).unwrap_or_default();
        Ok(Self {
            network,
            width: *sizes.widths.last().unwrap_or(&1),
            config: config.clone(),
            device: device.clone(),
            id: identity("r2plus1d", VERSION, folder, &[name], config)?,
        })
    }

    /// The row of a window of as many pictures as are seen, each of `size` x `size` pixels.
    ///
    /// # Errors
    /// [`Error::Shape`] where there are more or fewer pictures or pixels.
    pub fn window(&self, pictures: &[&RgbImage]) -> Result<Vec<f32>> {
        let shape = |part, found, expected| Err(Error::Shape { part, found, expected });
        let R2plus1dConfig { frames, size, .. } = self.config;
        if pictures.len() != frames {
            return shape("pictures", pictures.len(), frames);
        }
        let pixels = size as usize * size as usize;
        let mut data = Vec::with_capacity(3 * frames * pixels);
        for channel in 0..3 {
            for picture in pictures {
                if (picture.width(), picture.height()) != (size, size) {
                    let found = picture.width() as usize * picture.height() as usize;
                    return shape("pixels", found, pixels);
                }
                let light = picture.pixels().iter().skip(channel).step_by(3);
                data.extend(
                    light.map(|&light| {
                        (f32::from(light) / 255.0 - MEAN[channel]) / DEVIATION[channel]
                    }),
                );
            }
        }
        let data = TensorData::new(data, [1, 3, frames, size as usize, size as usize]);
        let row = self.network.pooled(Tensor::<5>::from_data(data, &self.device));
        Ok(row.into_data().iter::<f32>().collect())
    }

    /// The same of a window that is seen in part: the last picture stands for those after it.
    fn row(&self, held: &[RgbImage]) -> Result<Vec<f32>> {
        let R2plus1dConfig { steps, frames, .. } = self.config;
        let step = |i: usize| i * (steps - 1) / (frames - 1).max(1);
        let seen: Vec<&RgbImage> =
            (0..frames).filter_map(|i| held.get(step(i)).or(held.last())).collect();
        self.window(&seen)
    }
}

impl Extract for R2plus1d {
    /// A window that is less than half full at the end of a film is left out, but for the only
    /// one.
    fn extract(&self, clip: &Clip) -> Result<Features> {
        let mut film = clip.frames(self.config.rate)?.ok_or_else(|| Error::Absent {
            path: clip.path().unwrap_or_else(|| "the text given".as_ref()).to_owned(),
            modality: Modality::Vision,
            extractor: self.id.clone(),
        })?;
        let mut viewer = self.config.view.begin();
        let (mut data, mut spans) = (Vec::new(), Vec::new());
        let (mut held, mut span) = (Vec::with_capacity(self.config.steps), Span::default());
        while let Some(frame) = film.next_frame()? {
            let Some(picture) = viewer.show(&frame, [self.config.size; 2]) else { continue };
            if held.is_empty() {
                span.start = frame.time();
            }
            span.end = frame.time() + 1.0 / self.config.rate;
            held.push(picture);
            if held.len() == self.config.steps {
                data.extend(self.row(&held)?);
                spans.push(span);
                held.clear();
            }
        }
        if !held.is_empty() && (spans.is_empty() || 2 * held.len() >= self.config.steps) {
            data.extend(self.row(&held)?);
            spans.push(span);
        }
        Features::new(Modality::Vision, [spans.len(), self.width], data, Times::Spans(spans))
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// The sizes of the network in a file.
fn sizes(weights: &Weights) -> std::result::Result<Sizes, String> {
    let first = |name: &str| weights.shape(name).and_then(|shape| shape.first().copied());
    let needed = |name: &str| match first(name) {
        Some(channels) if (1..=4096).contains(&channels) => Ok(channels),
        Some(channels) => Err(format!("the weight `{name}` has {channels} channels")),
        None => Err(format!("the weight `{name}` is missing")),
    };
    let stem = [needed("stem.0.weight")?, needed("stem.3.weight")?];
    let last = |stage: usize, block: usize| format!("layer{stage}.{block}.conv1.0.3.weight");
    let stages = (1..=8).take_while(|&stage| first(&last(stage, 0)).is_some()).count();
    let widths = (1..=stages.max(1)).map(|stage| needed(&last(stage, 0)));
    let widths = widths.collect::<std::result::Result<Vec<_>, _>>()?;
    let depth = |stage| (0..64).take_while(|&block| first(&last(stage, block)).is_some()).count();
    let blocks = (1..=stages).map(depth).max().unwrap_or(1);
    Ok(Sizes { stem, widths, blocks, out: 1, ..Sizes::default() })
}

/// Puts weights in place by path.
struct Fill<'a> {
    weights: &'a Weights,
    path: Vec<String>,
    problem: Option<Error>,
}

impl ModuleMapper for Fill<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".").to_lowercase();
        // The last layer tells actions apart, and is not used.
        let Some(origin) = r2plus1d_origin(&path).filter(|_| !path.starts_with("output.")) else {
            return param;
        };
        let (shape, device) = (param.lazy_shape().to_vec(), param.lazy_device());
        let there = match origin.layout {
            Layout::Same => shape.clone(),
            Layout::Transposed => shape.iter().rev().copied().chain([1; 3]).collect(),
        };
        match self.weights.values(&origin.name, &there) {
            Ok(values) => {
                let values = TensorData::new(origin.layout.bring(values, &shape), shape);
                Param::initialized(param.id, Tensor::from_data(values, &device))
            }
            Err(problem) => {
                self.problem.get_or_insert(problem);
                param
            }
        }
    }
}
