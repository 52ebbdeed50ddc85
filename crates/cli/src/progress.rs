//! How far the work is, on standard error, for people who wait.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work shorter than this shows no bar.
const PATIENCE: Duration = Duration::from_millis(700);

/// A bar over all inputs, which appears after a moment and never outside a terminal.
pub(crate) struct Waiting {
    bar: ProgressBar,
    started: Instant,
    inputs: usize,
}

/// Steps of the bar for one input.
const STEPS: f64 = 1000.0;

impl Waiting {
    /// Waits for `inputs` clips; `quiet` never shows anything.
    pub(crate) fn new(inputs: usize, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(inputs as u64 * STEPS as u64),
            ProgressDrawTarget::hidden(),
        );
        let style =
            ProgressStyle::with_template("{prefix}{wide_msg} {bar:24.cyan/dim} {percent:>3} %")
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars("━╸─");
        bar.set_style(style);
        if quiet {
            bar.finish();
        }
        Self { bar, started: Instant::now(), inputs }
    }

    /// The `index`-th input has got to `share` of its work.
    pub(crate) fn at(&self, index: usize, name: &str, share: f64) {
        if self.bar.is_finished() {
            return;
        }
        if self.bar.is_hidden() && self.started.elapsed() > PATIENCE {
            // Stays hidden where standard error is no terminal.
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        if self.inputs > 1 {
            self.bar.set_prefix(format!("{}/{} ", index + 1, self.inputs));
        }
        self.bar.set_message(name.to_owned());
        self.bar.set_position(((index as f64 + share.clamp(0.0, 1.0)) * STEPS) as u64);
    }

    /// Prints something while the bar is out of the way.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
