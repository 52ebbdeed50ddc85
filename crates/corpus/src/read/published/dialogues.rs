//! Conversations: MELD (Poria et al. 2019), EmoryNLP (Zahiri and Choi 2018) and
//! EmpatheticDialogues (Rashkin et al. 2019).

use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::{keep_dev, one, parts, stem};
use crate::manifest::rows::{Record, each_as, shown};
use crate::manifest::separated::Format;
use crate::{Card, Error, Example, Label, Media, Part, Result};

/// A JSON file of EmoryNLP is 5 MB.
const JSON: u64 = 256 << 20;

/// The tables of MELD, their parts, and the folders of their films.
const MELD: [(&str, Part); 3] = [
    ("train_sent_emo.csv", Part::Train),
    ("dev_sent_emo.csv", Part::Dev),
    ("test_sent_emo.csv", Part::Valid),
];

fn films(table: &str) -> &'static str {
    match table {
        "train_sent_emo" => "train_splits",
        "dev_sent_emo" => "dev_splits_complete",
        _ => "output_repeated_splits_test",
    }
}

/// A whole number of a table, so that it may become part of a file name.
fn whole(record: &Record<'_>, column: &str) -> Result<u32> {
    let cell = record.under(column)?;
    let reason = || format!("`{}` under `{column}` is no whole number", shown(cell));
    cell.parse().map_err(|_| record.bad(reason()))
}

/// `*_sent_emo.csv`, and the films `diaD_uttU.mp4` where they are there.
pub(super) fn meld(folder: &Path, card: &Card) -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    for (file, part) in parts(folder, MELD) {
        let table = stem(&file);
        let name = table.trim_end_matches("_sent_emo").to_owned();
        let films = folder.join(films(&table));
        let films = films.is_dir().then_some(films);
        each_as(&file, Format::CSV, &mut |record| {
            let dialogue = whole(record, "Dialogue_ID")?;
            let turn = format!("dia{dialogue}_utt{}", whole(record, "Utterance_ID")?);
            let film = films.as_ref().map(|films| films.join(format!("{turn}.mp4")));
            let film = film.filter(|film| film.is_file()).map(Media::Film);
            let words = Media::Text(record.under("Utterance")?.to_owned());
            let (season, episode) = (record.under("Season")?, record.under("Episode")?);
            examples.push(Example {
                speaker: Some(record.under("Speaker")?.to_owned()),
                dialogue: Some(format!("{name}:{dialogue}")),
                groups: [("season".to_owned(), season.to_owned())].into(),
                source: Some(format!("s{season}e{episode}")),
                media: [words].into_iter().chain(film).collect(),
                labels: one(card, record, record.under("Emotion")?)?,
                part,
                ..Example::new(format!("{name}:{turn}"))
            });
            Ok(())
        })?;
    }
    Ok(keep_dev(examples))
}

/// `emorynlp_*_final.csv`: the 9,489 utterances that conversation models use.
pub(super) fn emorynlp_table(folder: &Path, card: &Card) -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    let files = [
        ("emorynlp_train_final.csv", Part::Train),
        ("emorynlp_dev_final.csv", Part::Dev),
        ("emorynlp_test_final.csv", Part::Valid),
    ];
    for (file, part) in parts(folder, files) {
        each_as(&file, Format::CSV, &mut |record| {
            let episode =
                format!("s{:02}_e{:02}", whole(record, "Season")?, whole(record, "Episode")?);
            let scene = format!("{episode}_c{:02}", whole(record, "Scene_ID")?);
            let turn = format!("{scene}_u{:03}", whole(record, "Utterance_ID")?);
            let speaker = record.under("Speaker")?.trim_matches(['[', ']', '\'', '"']);
            examples.push(Example {
                speaker: Some(speaker.replace("', '", ", ")),
                dialogue: Some(scene),
                source: Some(episode),
                media: vec![Media::Text(record.under("Utterance")?.to_owned())],
                labels: one(card, record, record.under("Emotion")?)?,
                part,
                ..Example::new(turn)
            });
            Ok(())
        })?;
    }
    Ok(keep_dev(examples))
}

#[derive(Deserialize)]
struct Series {
    episodes: Vec<Episode>,
}

#[derive(Deserialize)]
struct Episode {
    episode_id: String,
    scenes: Vec<Scene>,
}

#[derive(Deserialize)]
struct Scene {
    scene_id: String,
    utterances: Vec<Utterance>,
}

#[derive(Deserialize)]
struct Utterance {
    #[serde(rename = "utterance_id")]
    id: String,
    speakers: Vec<String>,
    transcript: String,
    emotion: Option<String>,
}

/// `emotion-detection-*.json`: all 12,606 utterances, by episode and scene.
pub(super) fn emorynlp_json(folder: &Path, card: &Card) -> Result<Vec<Example>> {
    let map = &card.labels[0];
    let mut examples = Vec::new();
    let files = [
        ("emotion-detection-trn.json", Part::Train),
        ("emotion-detection-dev.json", Part::Dev),
        ("emotion-detection-tst.json", Part::Valid),
    ];
    for (path, part) in parts(folder, files) {
        let mut text = String::new();
        let file = std::fs::File::open(&path).map_err(Error::io(&path))?;
        file.take(JSON).read_to_string(&mut text).map_err(Error::io(&path))?;
        let series: Series = serde_json::from_str(&text).map_err(|error| {
            Error::corpus(&path, format!("is not as its authors write it ({error})"))
        })?;
        for episode in series.episodes {
            for scene in episode.scenes {
                for turn in scene.utterances {
                    let class = turn.emotion.as_deref().map(|emotion| {
                        map.index(emotion).map(Label::Class).ok_or_else(|| {
                            let (turn, emotion) = (shown(&turn.id), shown(emotion));
                            let reason =
                                format!("`{turn}`: `{emotion}` is not in labels/emorynlp.toml");
                            Error::corpus(&path, reason)
                        })
                    });
                    let speakers = turn.speakers.join(", ");
                    examples.push(Example {
                        speaker: Some(speakers).filter(|speakers| !speakers.is_empty()),
                        dialogue: Some(scene.scene_id.clone()),
                        source: Some(episode.episode_id.clone()),
                        media: vec![Media::Text(turn.transcript)],
                        labels: vec![class.transpose()?],
                        part,
                        ..Example::new(turn.id)
                    });
                }
            }
        }
    }
    Ok(keep_dev(examples))
}

/// The columns of EmpatheticDialogues. A cell may hold anything but a comma, which is written
/// `_comma_`, so quotes are signs like any other.
const EMPATHETIC: &str = "conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags";

pub(super) fn is_empathetic(folder: &Path) -> bool {
    let mut start = String::new();
    let file = std::fs::File::open(folder.join("valid.csv"));
    file.and_then(|file| file.take(EMPATHETIC.len() as u64).read_to_string(&mut start)).is_ok()
        && start == EMPATHETIC
}

/// `train.csv`, `valid.csv` and `test.csv`: the first turn of each conversation, which tells of
/// the situation.
pub(super) fn empathetic(folder: &Path, card: &Card) -> Result<Vec<Example>> {
    // Rows of the test part have a ninth cell, of replies to choose from.
    let format = Format { quotes: false, ragged: true, ..Format::CSV };
    let mut examples = Vec::new();
    let files = [("train.csv", Part::Train), ("valid.csv", Part::Dev), ("test.csv", Part::Valid)];
    for (file, part) in parts(folder, files) {
        each_as(&file, format, &mut |record| {
            if record.under("utterance_idx")? != "1" {
                return Ok(());
            }
            let dialogue = record.under("conv_id")?;
            let text = record.under("utterance")?.replace("_comma_", ",");
            examples.push(Example {
                dialogue: Some(dialogue.to_owned()),
                media: vec![Media::Text(text)],
                labels: one(card, record, record.under("context")?)?,
                part,
                ..Example::new(dialogue)
            });
            Ok(())
        })?;
    }
    Ok(keep_dev(examples))
}
