//! Any network over pictures that was exported as ONNX, with what it expects told in a TOML file
//! beside it.

mod config;
mod wire;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use limbic_features::{Error, Extract, Features, Result, Times};
use limbic_media::{Clip, Face, Frame, Modality, RgbImage, Span};
use rten::{Model, NodeId, Value};

pub use self::config::{Channels, OnnxConfig, Planes};
use crate::folder::{identity, toml};

/// Version of the way pictures become rows.
const VERSION: u32 = 1;

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
        let config: OnnxConfig = toml(&beside)?.ok_or_else(|| {
            refused(&beside, "it is not there, and has to say what the network takes".to_owned())
        })?;
        config.check(&beside)?;
        let bytes =
            std::fs::read(path).map_err(|source| Error::Io { path: path.to_owned(), source })?;
        if !wire::is_whole(&bytes) {
            return Err(refused(path, "it is cut off, or no ONNX file".to_owned()));
        }
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

    /// What the network is shown of `face` in `frame`.
    pub fn view(&self, frame: &Frame, face: &Face) -> RgbImage {
        self.config.view.of(frame, face, [self.config.width, self.config.height])
    }

    /// A row for a picture of any size that shows what the network is to see, and no more.
    ///
    /// # Errors
    /// Those of [`Self::picture`].
    pub fn whole(&self, picture: &RgbImage) -> Result<Vec<f32>> {
        self.picture(&picture.resized(self.config.width, self.config.height))
    }

    fn run(&self, picture: &RgbImage) -> Result<Vec<f32>> {
        let input = Value::from_shape(self.config.shape(), self.config.numbers(picture))
            .map_err(|error| refused(&self.path, error.to_string()))?;
        guarded(&self.path, || {
            let run = self.model.run(vec![(self.input, input.into())], &[self.output], None);
            match run.map_err(|error| error.to_string())?.into_iter().next() {
                Some(Value::FloatTensor(output)) => {
                    let row: Vec<f32> = output.into_data();
                    let sound = row.iter().all(|value| value.is_finite());
                    sound.then_some(row).ok_or_else(|| "its output holds what is no number".into())
                }
                _ => Err("its output holds no fractions".to_owned()),
            }
        })
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
