//! Runs the commands of the plan and reads their numbers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use limbic_evaluate::Evaluation;
use serde_json::Value;

use crate::cut::cut;
use crate::plan::{Figure, Make, Pick, Table};

/// The model that commands call `default`.
const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/default.safetensors");

/// Where things are.
pub(crate) struct Place {
    pub(crate) data: PathBuf,
    pub(crate) kept: PathBuf,
}

/// A number as it was found.
pub(crate) struct Found {
    pub(crate) value: f64,
    /// Where 95 % of its resamples lie, where one metric was picked.
    pub(crate) interval: Option<[f64; 2]>,
    /// How many clips.
    pub(crate) clips: Option<usize>,
    /// The command, for who wants to run it.
    pub(crate) command: String,
}

/// The program that was named, else one that is built now.
pub(crate) fn program(named: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(path) = named {
        return Ok(path);
    }
    let status = Command::new("cargo").args(["build", "--release", "-p", "limbic-cli"]).status();
    if !status.context("cargo cannot be run")?.success() {
        bail!("the program cannot be built");
    }
    // Both lie in the same folder.
    Ok(std::env::current_exe()?.with_file_name("limbic"))
}

impl Place {
    fn words(&self, command: &str) -> Vec<String> {
        let (kept, data) = (self.kept.display().to_string(), self.data.display().to_string());
        let placed = |word: &str| word.replace("{kept}", &kept).replace("{data}", &data);
        command.split_whitespace().map(placed).collect()
    }

    fn run(&self, words: &[String]) -> Result<String> {
        let data = self.data.display().to_string();
        let mut command = Command::new("cargo");
        command.args(["run", "--release", "--quiet", "-p", "limbic-cli", "--"]).args(words);
        command.env("LIMBIC_DATA", data).stdin(Stdio::null()).stderr(Stdio::inherit());
        eprintln!("limbic {}", words.join(" "));
        let output = command.output().context("cargo cannot be run")?;
        if !output.status.success() {
            bail!("limbic {} ended with {}", words.join(" "), output.status);
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Writes the parts of manifests.
    pub(crate) fn cut(&self, tables: &[Table]) -> Result<()> {
        std::fs::create_dir_all(&self.kept)?;
        for table in tables {
            let from = PathBuf::from(table.of.replace("{data}", &self.data.display().to_string()));
            if from.exists() {
                cut(table, &from, &self.kept.join(format!("{}.csv", table.name)))?;
            }
        }
        Ok(())
    }

    /// Trains a checkpoint unless it is there.
    pub(crate) fn make(&self, make: &Make) -> Result<()> {
        let file = self.kept.join(format!("{}.safetensors", make.name));
        if file.exists() {
            eprintln!("{}: there already; delete it to train it again", file.display());
            return Ok(());
        }
        std::fs::create_dir_all(&self.kept)?;
        eprintln!("{}: took {} minutes of a core when it was recorded", make.name, make.minutes);
        let mut words = self.words(&make.command);
        words.extend(["-o".to_owned(), file.display().to_string()]);
        let told = self.run(&words)?;
        std::fs::write(file.with_extension("jsonl"), told)?;
        Ok(())
    }

    /// The number of a figure, the mean where it is of several commands; those that were run before
    /// on the same checkpoints are not run again unless `again` is set.
    pub(crate) fn figure(&self, figure: &Figure, again: bool) -> Result<Found> {
        let one = [String::new()];
        let each = if figure.each.is_empty() { &one[..] } else { &figure.each };
        let all = each
            .iter()
            .map(|each| self.one(figure, &figure.command.replace("{each}", each), again))
            .collect::<Result<Vec<Picked>>>()?;
        let values: Option<Vec<f64>> = all.iter().map(|(value, ..)| *value).collect();
        let values = values.context("is not in what was printed")?;
        let (interval, clips) = match all.as_slice() {
            [(_, interval, clips)] => (*interval, *clips),
            _ => (None, None),
        };
        Ok(Found {
            value: values.iter().sum::<f64>() / values.len() as f64,
            interval,
            clips,
            command: format!("limbic {}", figure.command),
        })
    }

    fn one(&self, figure: &Figure, command: &str, again: bool) -> Result<Picked> {
        let words = self.words(command);
        let folder = self.kept.join("scores").join(print(&words)?);
        Ok(match &figure.pick {
            Pick::Result { corpus, labels, inputs, change, metrics } => {
                let own = corpus.as_ref().map_or(folder.clone(), |corpus| folder.join(corpus));
                let file = own.join("result.json");
                if again || !file.exists() {
                    let mut words = words.clone();
                    words.extend(["-o".to_owned(), folder.display().to_string()]);
                    self.run(&words)?;
                }
                picked(&Evaluation::read(&file)?, (labels, inputs, change.as_deref()), metrics)
            }
            Pick::Lines { lines, value } => {
                let file = folder.join("told.jsonl");
                if again || !file.exists() {
                    let told = self.run(&words)?;
                    std::fs::create_dir_all(&folder)?;
                    std::fs::write(&file, told)?;
                }
                (mean(&std::fs::read_to_string(&file)?, lines, value), None, None)
            }
        })
    }
}

/// What tells a command from others, and from itself with other checkpoints.
fn print(words: &[String]) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(words.join(" ").as_bytes());
    for word in words {
        // `adapt` begins at it unless told otherwise.
        let path = if ["default", "adapt"].contains(&&**word) { MODEL } else { word };
        if Path::new(path).is_file() {
            hasher.update(&std::fs::read(path).with_context(|| path.to_owned())?);
        }
    }
    Ok(hasher.finalize().to_hex()[..16].to_owned())
}

type Picked = (Option<f64>, Option<[f64; 2]>, Option<usize>);

fn picked(
    evaluation: &Evaluation,
    (labels, inputs, change): (&str, &str, Option<&str>),
    metrics: &[String],
) -> Picked {
    let section = evaluation.sections.iter().find(|section| section.labels == labels);
    let condition = section.and_then(|section| {
        let same = |own: &&limbic_evaluate::Condition| {
            own.inputs == inputs && own.change.as_deref() == change
        };
        section.conditions.iter().find(same)
    });
    let Some(condition) = condition else { return (None, None, None) };
    let scored = &condition.scored;
    let number = |name: &String| match name.as_str() {
        "error_fall" => fall(&scored.risk_coverage),
        name => scored.metrics.iter().find(|value| value.metric == name)?.value,
    };
    let numbers: Option<Vec<f64>> = metrics.iter().map(number).collect();
    let mean = numbers.map(|all| all.iter().sum::<f64>() / all.len().max(1) as f64);
    let interval = match metrics {
        [one] => scored.metrics.iter().find(|value| value.metric == *one).and_then(|v| v.interval),
        _ => None,
    };
    (mean, interval, Some(condition.scored.clips))
}

/// By which share errors become fewer where the least sure fifth of the answers is withheld.
fn fall(curve: &[[f64; 2]]) -> Option<f64> {
    let [_, whole] = curve.last()?;
    let [_, kept] = curve.iter().rfind(|[coverage, _]| *coverage <= 0.8 + 1e-9)?;
    (*whole > 0.0).then(|| 1.0 - kept / whole)
}

/// The mean over the lines that hold every text where it is expected.
fn mean(told: &str, lines: &[[String; 2]], value: &str) -> Option<f64> {
    let found: Vec<f64> = told
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| {
            lines.iter().all(|[pointer, text]| {
                line.pointer(pointer).is_some_and(|found| match found {
                    Value::String(found) => found == text,
                    found => serde_json::from_str::<Value>(text).is_ok_and(|text| text == *found),
                })
            })
        })
        .filter_map(|line| line.pointer(value)?.as_f64())
        .collect();
    (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_checkpoints_have_prints_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("one").display().to_string();
        let words = |corpus: &str| -> Vec<String> {
            ["eval", &file, "--corpora", corpus, "--with"].map(str::to_owned).into()
        };
        std::fs::write(&file, "before").unwrap();
        let (one, other) = (print(&words("ravdess")).unwrap(), print(&words("nemo")).unwrap());
        assert_ne!(one, other);
        assert_eq!(one, print(&words("ravdess")).unwrap());
        std::fs::write(&file, "after").unwrap();
        assert_ne!(one, print(&words("ravdess")).unwrap());
    }

    #[test]
    fn errors_fall_by_what_the_least_sure_fifth_holds() {
        let curve = [[0.2, 0.0], [0.4, 0.0], [0.6, 0.0], [0.8, 0.25], [1.0, 0.4]];
        assert!((fall(&curve).unwrap() - 0.375).abs() < 1e-12);
        assert_eq!(fall(&[[0.5, 0.0], [1.0, 0.0]]), None, "there is none to fall");
        assert_eq!(fall(&[]), None);
    }

    #[test]
    fn the_mean_is_over_the_lines_that_match() {
        let told = "{\"event\":\"a\",\"scores\":{\"auc\":0.5}}\nno json\n\
                    {\"event\":\"b\",\"scores\":{\"auc\":0.1}}\n{\"event\":\"a\",\"scores\":{\"auc\":0.7}}";
        let lines = [["/event".to_owned(), "a".to_owned()]];
        assert!((mean(told, &lines, "/scores/auc").unwrap() - 0.6).abs() < 1e-12);
        assert_eq!(mean(told, &lines, "/scores/uar"), None);
    }
}
