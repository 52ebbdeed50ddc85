//! Texts as BERT reads them (Devlin et al. 2019).

mod network;
mod published;
mod vocabulary;

use std::path::Path;

use burn::tensor::{Device, Int, Tensor, TensorData};
use limbic_features::{Error, Extract, Features, Result, TextTokenizer, Times};
use limbic_media::{Clip, Modality, Span};
use serde::{Deserialize, Serialize};

use self::network::Network;
use self::published::Published;
use crate::folder::{damaged, identity, needed};
use crate::weights::Weights;

/// Version of the way texts become rows.
const VERSION: u32 = 1;

/// How a BERT is used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BertConfig {
    /// Keeps the first so many transformer layers; all of them where it is `None`.
    pub layers: Option<usize>,
    /// What a text becomes.
    pub pool: TextPool,
    /// No text is read further than so many tokens, the marks at both ends included; as many as
    /// the model has positions where it is `None`.
    pub tokens: Option<usize>,
}

/// What the states of a text's tokens become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextPool {
    /// A row a token, the marks at both ends included.
    #[default]
    Tokens,
    /// One row: the state of the mark at the beginning, `[CLS]`.
    Class,
    /// One row: the mean over tokens, the marks at both ends included.
    Mean,
}

/// The last hidden states of a BERT: `[t, hidden_size]`.
#[derive(Debug)]
pub struct Bert {
    network: Network,
    tokenizer: TextTokenizer,
    vocabulary: usize,
    size: usize,
    pool: TextPool,
    device: Device,
    id: String,
}

impl Bert {
    /// Reads `config.json`, `model.safetensors`, and `tokenizer.json` or else `vocab.txt` (with
    /// `tokenizer_config.json`, where it is there) of `folder`, as they are published, by
    /// themselves or below a `bert.` prefix.
    ///
    /// # Errors
    /// One sentence that names the file and the weight or key: [`Error::Io`], [`Error::Damaged`]
    /// for a file that is no such model, [`Error::Setting`] for settings that cannot work.
    pub fn open(folder: impl AsRef<Path>, config: &BertConfig, device: &Device) -> Result<Self> {
        let folder = folder.as_ref();
        let setting = |setting, found: usize, expected| {
            Err(Error::Setting { setting, found: found.to_string(), expected })
        };
        let published: Published = needed(folder, "config.json")?;
        published.check(&folder.join("config.json"))?;
        let layers = config.layers.unwrap_or(published.num_hidden_layers);
        if layers > published.num_hidden_layers {
            return setting("layers", layers, "at most as many as the model has");
        }
        let positions = published.max_position_embeddings;
        let tokens = config.tokens.unwrap_or(positions);
        if tokens > positions {
            return setting("tokens", tokens, "at most as many as the model has positions");
        }
        let tokenizer = vocabulary::tokenizer(folder, tokens)?;
        let weights = Weights::open(folder.join("model.safetensors"), device)?.below("bert.");
        let network = Network::read(&weights, &published, layers)?;
        let mut files = vec!["config.json", "model.safetensors"];
        files.extend_from_slice(vocabulary::files(folder));
        Ok(Self {
            network,
            tokenizer,
            vocabulary: published.vocab_size,
            size: published.hidden_size,
            pool: config.pool,
            device: device.clone(),
            id: identity("bert", VERSION, folder, &files, config)?,
        })
    }

    /// The rows of one text; none for a text without any token.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the tokenizer cannot read the text or does not belong to the
    /// model.
    pub fn text(&self, text: &str) -> Result<Features> {
        let data = self.read(text)?;
        Features::new(Modality::Text, [data.len() / self.size, self.size], data, Times::Order)
    }

    fn read(&self, text: &str) -> Result<Vec<f32>> {
        let ids = self.tokenizer.encode(text)?;
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.vocabulary) {
            let reason = format!("its token {id} is beyond the {} of the model", self.vocabulary);
            return Err(damaged(Path::new("tokenizer.json"), reason));
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let count = ids.len();
        let ids = TensorData::new(ids.into_iter().map(i64::from).collect(), [1, count]);
        let states = self.network.forward(Tensor::<2, Int>::from_data(ids, &self.device));
        let states = match self.pool {
            TextPool::Tokens => states,
            TextPool::Class => states.narrow(1, 0, 1),
            TextPool::Mean => states.mean_dim(1),
        };
        Ok(states.into_data().iter::<f32>().collect())
    }
}

impl Extract for Bert {
    /// Every cue of the clip is a text; where all of them have times, so have their rows.
    fn extract(&self, clip: &Clip) -> Result<Features> {
        if clip.cues().is_empty() {
            return Err(Error::Absent {
                path: clip.path().unwrap_or_else(|| "the text given".as_ref()).to_owned(),
                modality: Modality::Text,
                extractor: self.id.clone(),
            });
        }
        let (mut data, mut spans) = (Vec::new(), Vec::<Option<Span>>::new());
        for cue in clip.cues() {
            data.extend(self.read(&cue.text)?);
            spans.resize(data.len() / self.size, cue.span);
        }
        let times = spans.iter().copied().collect::<Option<Vec<Span>>>();
        let times = times.map_or(Times::Order, Times::Spans);
        Features::new(Modality::Text, [spans.len(), self.size], data, times)
    }

    fn id(&self) -> &str {
        &self.id
    }
}
