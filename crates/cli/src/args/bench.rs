//! What was typed after `limbic bench`.

use std::path::PathBuf;

use clap::ValueEnum;

const BENCH_EXAMPLES: &str = "\
Examples:
  limbic bench                              training steps at published sizes, in milliseconds
  limbic bench --peer python3               the same steps in PyTorch beside them, in turn
  limbic bench --workload i1,i2,i3          the answers of the same models
  limbic bench --workload d2 --threads 1,2 --rounds 31 --json
  limbic bench --workload d1 --clips 16,32,64,128,256        what more clips cost
  limbic bench --workload d1 --longer 1,2,4,8,16             what longer clips cost

Run it while nothing else runs; the load is printed.";

/// Times training steps and answers at published sizes, beside PyTorch where there is one.
///
/// Every workload runs in a process of its own, and so does PyTorch's: both begin at the same
/// weights, are first checked to come to the same losses or answers on the same inputs, and are then
/// timed in turn, one step each.
#[derive(Debug, clap::Args)]
#[command(after_help = BENCH_EXAMPLES)]
#[allow(clippy::doc_markdown, reason = "it is read in terminals")]
pub(crate) struct Bench {
    /// Which steps
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "d1,d2,d3",
        value_enum
    )]
    pub(crate) workload: Vec<Workload>,

    /// A Python with PyTorch and NumPy
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) peer: Option<PathBuf>,

    /// Numbers of threads
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1")]
    pub(crate) threads: Vec<usize>,

    /// Numbers of clips at once [default: as published; for answers 1 and 32]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) clips: Vec<usize>,

    /// How many times as long as published the clips are
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1")]
    pub(crate) longer: Vec<usize>,

    /// How many steps of each are timed
    #[arg(long, value_name = "NUMBER", default_value_t = 15)]
    pub(crate) rounds: usize,

    /// Print one JSON object a workload and number of threads
    #[arg(long)]
    pub(crate) json: bool,

    /// Answers the questions of another `limbic bench` on standard input
    #[arg(long, hide = true)]
    pub(crate) side: bool,
}

/// Steps at published sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// MTEE (Dai et al. 2020): three bidirectional LSTMs of two layers, 64 clips of 20 steps
    D1,
    /// VAVL (Goncalves et al. 2024): the visual, acoustic and fusion steps of conformers, 8 clips
    D2,
    /// MPUC (Franceschini et al. 2022): the contrast between a TCN and a graph network, two views of 32
    /// clips of 90 steps
    D3,
    /// What the model of d1 answers
    I1,
    /// What the model of d2 answers to voice, to face and to both
    I2,
    /// The views of the encoders of d3
    I3,
    /// A log-mel spectrogram of a minute, beside librosa
    F1,
    /// The same beside the operations of torchaudio
    F1t,
    /// Descriptors of a minute of voice, beside openSMILE's eGeMAPS, which are others
    F2,
}

impl Workload {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::D1 => "d1",
            Self::D2 => "d2",
            Self::D3 => "d3",
            Self::I1 => "i1",
            Self::I2 => "i2",
            Self::I3 => "i3",
            Self::F1 => "f1",
            Self::F1t => "f1t",
            Self::F2 => "f2",
        }
    }

    /// What it is, for people.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::D1 => "MTEE training step",
            Self::D2 => "VAVL training steps",
            Self::D3 => "MPUC training step",
            Self::I1 => "MTEE answers",
            Self::I2 => "VAVL answers",
            Self::I3 => "MPUC views",
            Self::F1 => "log-mel spectrogram, librosa's",
            Self::F1t => "log-mel spectrogram, torchaudio's",
            Self::F2 => "descriptors of the voice, openSMILE's",
        }
    }

    /// Whether a step changes the model.
    pub(crate) const fn learns(self) -> bool {
        matches!(self, Self::D1 | Self::D2 | Self::D3)
    }

    /// How many clips a step sees, where nothing else is asked for.
    pub(crate) const fn clips(self) -> &'static [usize] {
        match self {
            Self::D1 => &[64],
            Self::D2 => &[8],
            Self::D3 => &[32],
            Self::I1 | Self::I2 | Self::I3 => &[1, 32],
            Self::F1 | Self::F1t | Self::F2 => &[1],
        }
    }

    /// Whether both sides compute the same numbers.
    pub(crate) const fn comparable(self) -> bool {
        !matches!(self, Self::F2)
    }

    /// Whether features are made of sound.
    pub(crate) const fn hears(self) -> bool {
        matches!(self, Self::F1 | Self::F1t | Self::F2)
    }
}

/// A workload at one size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) workload: Workload,
    /// How many clips a step sees.
    pub(crate) clips: usize,
    /// How many times as long as published they are.
    pub(crate) longer: usize,
}

impl Bench {
    /// What was asked for, in the order in which it is timed.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        for &workload in &self.workload {
            let clips = if self.clips.is_empty() { workload.clips() } else { &self.clips };
            for &clips in clips {
                cases.extend(self.longer.iter().map(|&longer| Case { workload, clips, longer }));
            }
        }
        cases
    }
}
