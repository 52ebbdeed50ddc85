//! What is published: checkpoints, figures, and the commands behind them.

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The content of `xtask/results.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    #[serde(default)]
    pub(crate) make: Vec<Make>,
    #[serde(default)]
    pub(crate) table: Vec<Table>,
    #[serde(default)]
    pub(crate) figure: Vec<Figure>,
}

/// A part of a corpus's manifest, for figures that are not of the whole corpus.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// Its file is NAME.csv in the folder of results.
    pub(crate) name: String,
    /// The manifest; `{data}` is the folder of the corpora.
    pub(crate) of: String,
    /// The column that chooses.
    pub(crate) column: String,
    /// What it has to hold.
    pub(crate) is: String,
    /// The columns that are kept.
    pub(crate) keep: Vec<String>,
}

/// A checkpoint.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Make {
    /// Its file is NAME.safetensors in the folder of results, which commands call `{kept}`.
    pub(crate) name: String,
    /// What makes it, without the program's own name.
    pub(crate) command: String,
    /// Minutes of one core that it took, for who waits.
    pub(crate) minutes: f64,
}

/// A figure.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Figure {
    /// The point of the project's list of bars that it belongs to.
    pub(crate) point: usize,
    /// What it is of, for people.
    pub(crate) of: String,
    /// What prints it, without the program's own name; `limbic eval` gets `-o` from here.
    pub(crate) command: String,
    /// Where it is the mean of several commands: what takes the place of `{each}` in them.
    #[serde(default)]
    pub(crate) each: Vec<String>,
    /// Which of the numbers it is.
    pub(crate) pick: Pick,
    /// The least that it has to be, or the most where `most` is set.
    pub(crate) floor: Option<f64>,
    /// What it is meant to become.
    pub(crate) aim: Option<f64>,
    /// Whether less is better.
    #[serde(default)]
    pub(crate) most: bool,
}

/// Where a number stands.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Pick {
    /// In the result.json of an evaluation: the mean of these metrics, among them `error_fall`, the
    /// share by which errors become fewer where a fifth of the answers, the least sure, is withheld.
    Result {
        /// The corpus's folder, where one evaluation writes several.
        corpus: Option<String>,
        labels: String,
        inputs: String,
        /// How the clips were changed; not at all where it is missing.
        change: Option<String>,
        metrics: Vec<String>,
    },
    /// In the JSON lines that a command prints: the mean of what `value` points at, over the lines
    /// in which every pointer of `lines` finds the text beside it.
    Lines { lines: Vec<[String; 2]>, value: String },
}

impl Plan {
    pub(crate) fn read() -> Result<Self> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/results.toml");
        let text = std::fs::read_to_string(path).with_context(|| path.to_owned())?;
        toml::from_str(&text).with_context(|| path.to_owned())
    }

    /// The checkpoints that `names` names, all where it is empty.
    pub(crate) fn chosen(&self, names: &[String]) -> Result<Vec<&Make>> {
        if let Some(name) = names.iter().find(|name| self.make.iter().all(|m| m.name != **name)) {
            let known: Vec<&str> = self.make.iter().map(|make| make.name.as_str()).collect();
            bail!("there is no checkpoint `{name}`; there are {}", known.join(", "));
        }
        let wanted = |make: &&Make| names.is_empty() || names.contains(&make.name);
        Ok(self.make.iter().filter(wanted).collect())
    }
}

impl Figure {
    /// Whether a value is on the wrong side of the floor.
    pub(crate) fn misses(&self, value: f64) -> bool {
        self.floor.is_some_and(|floor| if self.most { value > floor } else { value < floor })
    }

    /// Whether it is where it is meant to be.
    pub(crate) fn reaches(&self, value: f64) -> bool {
        self.aim.is_some_and(|aim| if self.most { value <= aim } else { value >= aim })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_of_a_checkpoint_that_some_command_makes() {
        let plan = Plan::read().unwrap();
        for figure in &plan.figure {
            let words = figure.command.split_whitespace();
            for file in words.filter_map(|word| word.strip_prefix("{kept}/")) {
                let is = |name: &String| {
                    file.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
                };
                let made = plan.make.iter().any(|make| is(&make.name));
                let cut = plan.table.iter().any(|table| is(&table.name));
                assert!(made || cut, "{}: nothing makes {file}", figure.of);
            }
        }
    }
}
