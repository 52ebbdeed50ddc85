//! What was typed after `limbic bench`.

use std::path::PathBuf;

use clap::ValueEnum;

const BENCH_EXAMPLES: &str = "\
Examples:
  limbic bench                              training steps at published sizes, in milliseconds
  limbic bench --peer python3               the same steps in PyTorch beside them, in turn
  limbic bench --workload d2 --threads 1,2 --rounds 31 --json

Run it while nothing else runs; the load is printed.";

/// Times training steps at published sizes, beside PyTorch where there is one.
///
/// Every workload runs in a process of its own, and so does PyTorch's: both begin at the same
/// weights, are first checked to come to the same losses on the same inputs, and are then timed in
/// turn, one step each.
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
}

impl Workload {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::D1 => "d1",
            Self::D2 => "d2",
            Self::D3 => "d3",
        }
    }

    /// What it is, for people.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::D1 => "MTEE training step",
            Self::D2 => "VAVL training steps",
            Self::D3 => "MPUC training step",
        }
    }
}
