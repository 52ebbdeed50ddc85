//! A minute that sounds a little like speech, and what is heard in it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use limbic_features::{MelConfig, MelSpectrogram, describe};
use limbic_media::SAMPLE_RATE;

use super::workload::{deposit, wave};
use crate::args::{Case, Workload};

/// Samples between -1 and 1, [`SAMPLE_RATE`] a second.
pub(super) struct Sound {
    samples: Vec<f32>,
    workload: Workload,
}

impl Sound {
    /// Half a second of voice, a fifth of none, again and again: a pulse of harmonics whose pitch
    /// rises and falls, over a little noise. The same everywhere.
    pub(super) fn new(case: Case) -> Self {
        let seconds = 60 * case.longer * case.clips;
        let noise = wave(seconds * SAMPLE_RATE as usize, 0.4);
        let mut turn = 0.0_f64;
        let heard = noise.iter().enumerate().map(|(index, noise)| {
            let time = index as f64 / f64::from(SAMPLE_RATE);
            let pitch = 160.0 + 40.0 * (time * 2.1).sin();
            turn = (turn + pitch / f64::from(SAMPLE_RATE)).fract();
            let voiced = (1..=12).map(|k| (std::f64::consts::TAU * turn * f64::from(k)).sin());
            let voice: f64 = voiced.zip(1..).map(|(x, k)| x / f64::from(k)).sum();
            let loud = if time % 0.7 < 0.5 { (time % 0.7 * 6.3).sin().abs() } else { 0.0 };
            (0.3 * voice * loud) as f32 + 0.01 * noise
        });
        Self { samples: heard.collect(), workload: case.workload }
    }

    /// Writes the samples for the peer.
    pub(super) fn write(self, file: &Path) -> Result<()> {
        let shape = vec![self.samples.len()];
        deposit(&[("given:sound".to_owned(), (shape, self.samples))].into(), file)
    }

    /// What is heard, number by number.
    pub(super) fn hear(&self) -> Result<Vec<f32>> {
        match self.workload {
            Workload::F1 | Workload::F1t => {
                let mel = MelSpectrogram::new(&MelConfig::librosa())?;
                Ok(mel.frames(&self.samples).into_data())
            }
            Workload::F2 => describe(&self.samples).context("nothing was heard"),
            other => bail!("{} hears nothing", other.name()),
        }
    }
}
