//! Media become vectors: frozen, cached, versioned.
//!
//! An [`Extract`]or turns a clip into [`Features`]: rows of numbers with their times. It has no
//! state that training changes, and its [`id`](Extract::id) names method, settings and version,
//! so a result can be kept in a [`Cache`] and found again. Extractors also work on plain slices,
//! without a file:
//!
//! ```
//! use limbic_features::{MelConfig, MelSpectrogram};
//!
//! let mel = MelSpectrogram::new(&MelConfig::whisper())?;
//! let tone: Vec<f32> = (0..16_000).map(|i| (i as f32 * 0.17).sin()).collect();
//! let features = mel.frames(&tone);
//! assert_eq!(features.shape(), [3000, 80]); // Whisper always sees 30 s
//! assert_eq!(mel.id(), "log-mel/whisper@1");
//! # Ok::<(), limbic_features::Error>(())
//! ```

mod cache;
mod descriptors;
mod error;
mod extract;
mod face;
mod faces;
mod features;
mod mel;
mod npy;
mod replace;
mod store;
mod text;
mod voice;

pub use cache::{Cache, ContentHash, hash_bytes, hash_clip, hash_file};
pub use descriptors::{
    Contours, DESCRIPTORS, DESCRIPTORS_ID, Descriptor, DescriptorStream, Frame, contours, describe,
    descriptor_names, functional_names, functionals,
};
pub use error::{Error, Result};
pub use extract::{Extract, extract_all};
pub use face::{FaceConfig, FaceNormaliser, Light, Pixels};
pub use faces::Faces;
pub use features::{Features, Times};
pub use mel::{Edges, Level, MelConfig, MelScale, MelSpectrogram, MelStream, Taper};
pub use npy::read_npy;
pub use store::{
    Stored, read_features, read_parquet, read_safetensors, write_features, write_parquet,
    write_safetensors,
};
pub use text::{Meanings, Name, Phrase, TextTokenizer, WordVectors, normalise_text};
pub use voice::{VoiceDescriptors, VoiceFunctionals};
