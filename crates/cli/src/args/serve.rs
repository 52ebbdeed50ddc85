//! What `limbic serve` was told.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::value_parser;
use limbic::typed::length;

const EXAMPLES: &str = "\
Examples:
  limbic serve                                    http://127.0.0.1:8077 and its page
  limbic serve --purpose 'a study of acted speech'
  curl -F file=@talk.mp4 http://127.0.0.1:8077/v1/predict
  curl -H 'Accept: text/event-stream' -F file=@talk.mp4 http://127.0.0.1:8077/v1/predict
  LIMBIC_TOKEN=$(openssl rand -hex 16) limbic serve --listen 0.0.0.0:8077 --purpose '...'

docs/serve.md describes every path, the stream and the limits.";

/// Reads clips for other programs and for people in a browser.
///
/// It listens to this machine alone unless another address is given, keeps no recording, and
/// finishes what it took before it ends.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    /// The address; one that other machines can reach needs `LIMBIC_TOKEN` and --purpose. Port 0
    /// takes any that is free
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8077",
        env = "LIMBIC_LISTEN",
        hide_env_values = true
    )]
    pub(crate) listen: SocketAddr,

    /// What the readings are for, in a sentence; monitoring at work, in education and in hiring
    /// is refused
    #[arg(long, value_name = "TEXT", env = "LIMBIC_PURPOSE", hide_env_values = true)]
    pub(crate) purpose: Option<String>,

    /// The log of what the server was used for, without any content [default:
    /// limbic/audit.jsonl in the user's state folder]; `none` keeps none
    #[arg(long, value_name = "FILE", env = "LIMBIC_AUDIT", hide_env_values = true)]
    pub(crate) audit: Option<PathBuf>,

    /// A model written by `limbic train`, instead of the one built in
    #[arg(long, value_name = "FILE", env = "LIMBIC_MODEL", hide_env_values = true)]
    pub(crate) model: Option<PathBuf>,

    /// Recordings read at once [default: as many as there are cores]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u16).range(1..=1024))]
    pub(crate) workers: Option<u16>,

    /// Recordings that may wait for a reader; who comes then is told to try again
    #[arg(long, value_name = "COUNT", default_value = "64", value_parser = value_parser!(u16).range(1..))]
    pub(crate) queue: u16,

    /// For how long a reading waits for others that read at the same moment, so that the model is
    /// asked once for all
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = length)]
    pub(crate) gather: f64,

    /// Megabytes of one request
    #[arg(long, value_name = "MB", default_value = "512", value_parser = value_parser!(u32).range(1..))]
    pub(crate) largest: u32,

    /// Files of one batch
    #[arg(long, value_name = "COUNT", default_value = "64", value_parser = value_parser!(u16).range(1..))]
    pub(crate) most_files: u16,

    /// Length of one recording
    #[arg(long, value_name = "TIME", default_value = "4h", value_parser = length)]
    pub(crate) longest: f64,

    /// Recordings that are longer become jobs, which are asked for later
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = length)]
    pub(crate) longest_wait: f64,

    /// Length of one stream
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = length)]
    pub(crate) longest_stream: f64,

    /// Streams at once, each read by a thread of its own
    #[arg(long, value_name = "COUNT", default_value = "8", value_parser = value_parser!(u16).range(0..=1024))]
    pub(crate) streams: u16,

    /// Open connections
    #[arg(long, value_name = "COUNT", default_value = "2048", value_parser = value_parser!(u16).range(1..))]
    pub(crate) connections: u16,

    /// How long a client may take to say what it wants
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = length)]
    pub(crate) head: f64,

    /// For how long a finished job is kept
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = length)]
    pub(crate) keep_jobs: f64,

    /// For how long work goes on after the server was told to end
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = length)]
    pub(crate) grace: f64,

    /// The folder in which uploads lie while they are read [default: that for temporary files]
    #[arg(long, value_name = "DIR", env = "LIMBIC_SCRATCH", hide_env_values = true)]
    pub(crate) scratch: Option<PathBuf>,
}
