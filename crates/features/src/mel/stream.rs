//! Log-mel of sound that is still coming in.

use super::{Edges, Level, MelSpectrogram, Scratch};
use crate::{Error, Result};

/// Log-mel rows block by block; together they are the very rows of
/// [`MelSpectrogram::frames`], and no more than a window of samples is held.
pub struct MelStream {
    mel: MelSpectrogram,
    scratch: Scratch,
    /// The last samples; `held[0]` is sample `first` of the sound.
    held: Vec<f32>,
    first: usize,
    rows: usize,
}

impl MelSpectrogram {
    /// A stream with these settings; refused where a row depends on the whole clip (a level
    /// relative to its loudest point, mirrored edges, a fixed length).
    pub fn stream(&self) -> Result<MelStream> {
        let config = self.config();
        let whole_clip = match config.level {
            Level::Decibel { relative_to_peak, range, .. } => relative_to_peak || range.is_some(),
            Level::Whisper {} => true,
            Level::Natural { .. } => false,
        };
        if whole_clip {
            let expected = "a level that does not depend on the loudest point of the clip";
            return Err(Error::setting("level", "one of the whole clip", expected));
        }
        if config.edges == Edges::Mirror {
            return Err(Error::setting(
                "edges",
                "mirror",
                "zeros or inside, which can be streamed",
            ));
        }
        if let Some(seconds) = config.fixed_seconds {
            return Err(Error::setting("fixed_seconds", seconds, "none, to stream"));
        }
        let scratch = self.scratch();
        Ok(MelStream { mel: self.clone(), scratch, held: Vec::new(), first: 0, rows: 0 })
    }
}

impl MelStream {
    /// Takes the next samples and returns the rows that are now certain, row after row,
    /// `n_mels` numbers each.
    pub fn push(&mut self, block: &[f32]) -> Vec<f32> {
        self.held.extend_from_slice(block);
        let window = self.mel.config().window_length as i64;
        let seen = (self.first + self.held.len()) as i64;
        let mut ready = self.rows;
        while self.mel.row_start(ready) + window <= seen {
            ready += 1;
        }
        let rows = self.emit(ready);
        let needed = self.mel.row_start(self.rows).max(0) as usize;
        let done = needed.saturating_sub(self.first).min(self.held.len());
        self.held.drain(..done);
        self.first += done;
        rows
    }

    /// Ends the sound and returns the last rows, which reach past its end.
    pub fn finish(mut self) -> Vec<f32> {
        let total = self.mel.row_count(self.first + self.held.len());
        self.emit(total)
    }

    fn emit(&mut self, until: usize) -> Vec<f32> {
        let mut power = Vec::with_capacity(until.saturating_sub(self.rows));
        for row in self.rows..until {
            self.mel.power(&self.held, self.first, row, &mut self.scratch, &mut power);
        }
        self.rows = self.rows.max(until);
        self.mel.level(power)
    }
}
