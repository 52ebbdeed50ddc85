//! Any network over pictures that was exported as ONNX, with what it expects told in a TOML file
//! beside it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use limbic_features::{Error, Extract, Features, Result, Times};
use limbic_media::{Clip, Modality, RgbImage, Span};
use rten::{Dimension, Model, NodeId, Value};
use serde::{Deserialize, Serialize};

use crate::folder::identity;
use crate::view::{View, check_rate};

/// Version of the way pictures become rows.
const VERSION: u32 = 1;

/// Pixels of the largest side.
const LARGEST_SIDE: u32 = 2048;

/// What a network expects: `face.toml` beside `face.onnx`.
///
/// ```toml
/// width = 224
/// height = 224
/// channels = "rgb"                    # or "bgr", "gray"
/// layout = "planes"                   # [1, channels, height, width]; or "pixels"
/// mean = [123.675, 116.28, 103.53]    # taken off bytes, 0 to 255, in the order of `channels`
/// scale = [0.01712, 0.01751, 0.01743] # times what is left
/// output = "feature"                  # the first one where it is not named
/// rate = 5.0                          # pictures a second of a film
/// view = { kind = "face", margin = 0.2 }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnnxConfig {
    /// Pixels in a row, up to 2048.
    pub width: u32,
    /// Rows, up to 2048.
    pub height: u32,
    /// Which colours, in which order.
    #[serde(default)]
    pub channels: Channels,
    /// How the numbers lie.
    #[serde(default)]
    pub layout: Planes,
    /// Taken off the bytes (0 to 255) of each channel.
    pub mean: Vec<f32>,
    /// Times what is left, for each channel.
    pub scale: Vec<f32>,
    /// The output that is the feature; the first one where it is `None`.
    #[serde(default)]
    pub output: Option<String>,
    /// Pictures a second of a film.
    #[serde(default = "five")]
    pub rate: f64,
    /// What the network is shown of a picture.
    #[serde(default = "face")]
    pub view: View,
}

fn five() -> f64 {
    5.0
}

fn face() -> View {
    View::Face { margin: 0.2 }
}

/// The colours of a picture, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// Brightness alone (ITU-R BT.601).
    Gray,
}

/// How the numbers of a picture lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Planes {
    /// `[1, channels, height, width]`.
    #[default]
    Planes,
    /// `[1, height, width, channels]`.
    Pixels,
}

/// What an ONNX network finds in pictures: a row for each, all of an output's numbers in order.
pub struct Onnx {
    path: PathBuf,
    model: Model,
    input: NodeId,
    output: NodeId,
    config: OnnxConfig,
    width: usize,
    id: String,
}

impl Onnx {
    /// Reads the network at `path` and the file beside it of the same name that ends in .toml.
    ///
    /// # Errors
    /// One sentence that names the file and the key: [`Error::Io`], and [`Error::Damaged`] for a
    /// file that is no such network or does not fit what the other says.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let beside = path.with_extension("toml");
        let text = std::fs::read_to_string(&beside)
            .map_err(|source| Error::Io { path: beside.clone(), source })?;
        let config: OnnxConfig = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            refused(&beside, format!("line {line}: {}", error.message().replace('\n', ", ")))
        })?;
        config.check(&beside)?;
        let bytes =
            std::fs::read(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        let model = guarded(path, || Model::load(bytes).map_err(|error| error.to_string()))?;
        let &[input] = model.input_ids() else {
            let reason = format!("it has {} inputs and not one", model.input_ids().len());
            return Err(refused(path, reason));
        };
        if let Some(shape) = model.input_shape(0) {
            config.fits(&shape).map_err(|reason| refused(&beside, reason))?;
        }
        let output = match &config.output {
            Some(name) => model.find_node(name).filter(|id| model.output_ids().contains(id)),
            None => model.output_ids().first().copied(),
        };
        let output = output.ok_or_else(|| {
            let names = model.output_ids().iter().filter_map(|id| model.node_info(*id)?.name());
            let names: Vec<&str> = names.collect();
            refused(&beside, format!("`output` is none of {}", names.join(", ")))
        })?;
        let folder = path.parent().unwrap_or(path);
        let [file, settings] = [path, &beside]
            .map(|path| path.file_name().and_then(|name| name.to_str()).unwrap_or_default());
        let id = identity("onnx", VERSION, folder, &[file, settings], &config)?;
        let path = path.to_owned();
        let mut network = Self { path, model, input, output, config, width: 0, id };
        let black = vec![0; 3 * network.config.width as usize * network.config.height as usize];
        let black = RgbImage::new(network.config.width, network.config.height, black);
        network.width = match black {
            Some(black) => network.run(&black)?.len(),
            None => 0,
        };
        if network.width == 0 {
            return Err(refused(&network.path, "its output is empty".to_owned()));
        }
        Ok(network)
    }

    /// The row of one picture of `width` x `height` pixels.
    ///
    /// # Errors
    /// [`Error::Shape`] where the picture or what the network makes of it has another size, and
    /// [`Error::Damaged`] where the network fails.
    pub fn picture(&self, picture: &RgbImage) -> Result<Vec<f32>> {
        let OnnxConfig { width, height, .. } = self.config;
        if (picture.width(), picture.height()) != (width, height) {
            let found = picture.width() as usize * picture.height() as usize;
            let expected = width as usize * height as usize;
            return Err(Error::Shape { part: "pixels", found, expected });
        }
        let row = self.run(picture)?;
        if row.len() != self.width {
            let (found, expected) = (row.len(), self.width);
            return Err(Error::Shape { part: "values", found, expected });
        }
        Ok(row)
    }

    fn run(&self, picture: &RgbImage) -> Result<Vec<f32>> {
        let input = Value::from_shape(self.config.shape(), self.config.numbers(picture))
            .map_err(|error| refused(&self.path, error.to_string()))?;
        guarded(&self.path, || {
            let run = self.model.run(vec![(self.input, input.into())], &[self.output], None);
            match run.map_err(|error| error.to_string())?.into_iter().next() {
                Some(Value::FloatTensor(output)) => Ok(output.into_data()),
                _ => Err("its output holds no fractions".to_owned()),
            }
        })
    }
}

impl OnnxConfig {
    fn check(&self, path: &Path) -> Result<()> {
        check_rate(self.rate)?;
        self.view.check()?;
        for (key, side) in [("width", self.width), ("height", self.height)] {
            if !(1..=LARGEST_SIDE).contains(&side) {
                return Err(refused(
                    path,
                    format!("`{key}` is {side} and not 1 to {LARGEST_SIDE}"),
                ));
            }
        }
        for (key, values) in [("mean", &self.mean), ("scale", &self.scale)] {
            if values.len() != self.count() || values.iter().any(|value| !value.is_finite()) {
                let expected = self.count();
                return Err(refused(
                    path,
                    format!("`{key}` is not {expected} numbers, as channels"),
                ));
            }
        }
        Ok(())
    }

    /// How many channels there are.
    const fn count(&self) -> usize {
        match self.channels {
            Channels::Rgb | Channels::Bgr => 3,
            Channels::Gray => 1,
        }
    }

    fn shape(&self) -> [usize; 4] {
        let [height, width] = [self.height as usize, self.width as usize];
        match self.layout {
            Planes::Planes => [1, self.count(), height, width],
            Planes::Pixels => [1, height, width, self.count()],
        }
    }

    /// Whether a network that declares this input can be given such pictures.
    fn fits(&self, declared: &[Dimension]) -> std::result::Result<(), String> {
        let given = self.shape();
        let fits = |(given, declared): (&usize, &Dimension)| match declared {
            Dimension::Fixed(side) => given == side,
            Dimension::Symbolic(_) => true,
        };
        if declared.len() == 4 && given.iter().zip(declared).all(fits) {
            return Ok(());
        }
        let side = |declared: &Dimension| match declared {
            Dimension::Fixed(side) => side.to_string(),
            Dimension::Symbolic(name) => name.clone(),
        };
        let declared: Vec<String> = declared.iter().map(side).collect();
        let declared = declared.join(", ");
        Err(format!(
            "`width`, `height`, `channels` and `layout` give {given:?} to a network that takes [{declared}]"
        ))
    }

    /// A picture as the network takes it.
    fn numbers(&self, picture: &RgbImage) -> Vec<f32> {
        let channel = |pixel: &[u8], channel: usize| {
            let [red, green, blue] = [0, 1, 2].map(|colour| f32::from(pixel[colour]));
            let light = match self.channels {
                Channels::Rgb => [red, green, blue][channel],
                Channels::Bgr => [blue, green, red][channel],
                Channels::Gray => 0.299 * red + 0.587 * green + 0.114 * blue,
            };
            (light - self.mean[channel]) * self.scale[channel]
        };
        let pixels = || picture.pixels().chunks_exact(3);
        let count = self.count();
        match self.layout {
            Planes::Planes => {
                (0..count).flat_map(|c| pixels().map(move |pixel| channel(pixel, c))).collect()
            }
            Planes::Pixels => {
                pixels().flat_map(|pixel| (0..count).map(move |c| channel(pixel, c))).collect()
            }
        }
    }
}

impl Extract for Onnx {
    fn extract(&self, clip: &Clip) -> Result<Features> {
        let mut film = clip.frames(self.config.rate)?.ok_or_else(|| Error::Absent {
            path: clip.path().unwrap_or_else(|| "the text given".as_ref()).to_owned(),
            modality: Modality::Vision,
            extractor: self.id.clone(),
        })?;
        let mut viewer = self.config.view.begin();
        let (mut data, mut spans) = (Vec::new(), Vec::new());
        while let Some(frame) = film.next_frame()? {
            if let Some(picture) = viewer.show(&frame, [self.config.width, self.config.height]) {
                data.extend(self.picture(&picture)?);
                spans.push(Span::new(frame.time(), frame.time() + 1.0 / self.config.rate));
            }
        }
        Features::new(Modality::Vision, [spans.len(), self.width], data, Times::Spans(spans))
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// Does `work` on the network at `path`, which may be anything; parts of it that are not what they
/// should be can make the library panic.
fn guarded<T>(path: &Path, work: impl FnOnce() -> std::result::Result<T, String>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("a part of it is of another kind".to_owned()))
        .map_err(|reason| refused(path, reason.replace('\n', " ")))
}

fn refused(path: &Path, reason: String) -> Error {
    let way_out =
        "give an ONNX file over pictures and beside it a TOML file that says what it takes";
    Error::Damaged { path: path.to_owned(), reason, way_out }
}
