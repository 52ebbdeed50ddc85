//! What the program answers to whoever asks it: the emotions that are shown, valence and arousal,
//! from each clip as `limbic predict` reads it.

use limbic::{Limbic, Options, Scores};
use limbic_corpus::{EMOTIONS, Example, Label, LabelKind, LabelMap, Media, SHARED};
use limbic_media::{Clip, Degradation, GrayImage, Modality, PerModality};
use limbic_train::weights;

use super::asked::{Asked, Said, WORSE, WRONG_PAIRS, answer, concerned, subsets};
use crate::progress::Waiting;

/// A picture whose shorter side has fewer pixels than this is a face already: nobody could be
/// found in it.
const CUT_OUT: u32 = 100;

/// What the experts said of each clip; nothing where it holds nothing for them.
pub(super) struct Heard(Vec<PerModality<Scores>>);

/// A model and what it may be asked for.
pub(super) struct Reader<'a> {
    pub(super) limbic: &'a Limbic,
    pub(super) modalities: Vec<Modality>,
    pub(super) quiet: bool,
}

impl Reader<'_> {
    /// Asks the experts about every example. What cannot be read is told in `skipped`.
    fn hear(
        &self,
        examples: &[Example],
        only: &[Modality],
        worse: Option<Degradation>,
        skipped: &mut Vec<String>,
    ) -> Heard {
        let waiting = Waiting::new(1, self.quiet);
        let all = examples.iter().enumerate().map(|(done, example)| {
            waiting.at(0, "reading the clips", done as f64 / examples.len() as f64);
            let mut found = PerModality::none();
            for medium in &example.media {
                let open = [Modality::Text, Modality::Audio, Modality::Vision]
                    .into_iter()
                    .filter(|m| only.contains(m) && found.get(*m).is_none())
                    .filter(|m| holds(medium, *m))
                    .collect::<Vec<_>>();
                if open.is_empty() {
                    continue;
                }
                match self.evidence(example, medium, &open, worse) {
                    Ok(scores) => {
                        for (modality, scores) in scores.iter() {
                            found.insert(modality, scores.clone());
                        }
                    }
                    Err(reason) => skipped.push(reason),
                }
            }
            found
        });
        Heard(all.collect())
    }

    fn evidence(
        &self,
        example: &Example,
        medium: &Media,
        modalities: &[Modality],
        worse: Option<Degradation>,
    ) -> Result<PerModality<Scores>, String> {
        let said = |error: &dyn std::fmt::Display| format!("{}: {error}", example.id);
        let clip = match medium {
            Media::Text(words) => Clip::from_text(words),
            Media::Face(pixels, side) => {
                let side = *side as u32;
                match GrayImage::new(side, side, pixels.to_vec()) {
                    Some(face) => Clip::from_face(face),
                    None => return Err(said(&"its picture does not have the size it claims")),
                }
            }
            Media::Audio(path) | Media::Film(path) => {
                let clip = Clip::open(path).map_err(|error| said(&error))?;
                match example.span {
                    Some(span) => clip.within(span),
                    None => clip,
                }
            }
            Media::Image(path) => {
                let clip = Clip::open(path).map_err(|error| said(&error))?;
                let picture = match clip.frames(1.0).map_err(|error| said(&error))? {
                    Some(mut pictures) => pictures.next_frame().map_err(|error| said(&error))?,
                    None => None,
                };
                match picture {
                    Some(picture) if picture.width().min(picture.height()) < CUT_OUT => {
                        Clip::from_face(picture.gray().clone())
                    }
                    _ => clip,
                }
            }
            Media::Vector(..) | Media::Series(..) => return Ok(PerModality::none()),
        };
        let clip = match worse {
            Some(worse) => clip.degraded(worse),
            None => clip,
        };
        let options = Options::default().modalities(modalities).map_err(|error| said(&error))?;
        super::super::predict::whole(&example.id, || {
            self.limbic.evidence(&clip, &options).map_err(|error| error.to_string())
        })
    }

    /// The answers of every condition to each label set that the emotions, valence or arousal
    /// speak of.
    pub(super) fn ask(
        &self,
        maps: &[LabelMap],
        examples: &[Example],
        quick: bool,
        skipped: &mut Vec<String>,
    ) -> Vec<Asked> {
        let questions: Vec<Question> =
            maps.iter().enumerate().filter_map(|(set, map)| Question::of(set, map)).collect();
        self.put(questions, examples, quick, skipped)
    }

    /// The same for a label set that the model never learned: its classes by their words, which is
    /// what readings of this model speak of.
    pub(super) fn ask_by_words(
        &self,
        (set, map): (usize, &LabelMap),
        examples: &[Example],
        quick: bool,
        skipped: &mut Vec<String>,
    ) -> Vec<Asked> {
        self.put(vec![Question::by_words(set, map)], examples, quick, skipped)
    }

    fn put(
        &self,
        questions: Vec<Question>,
        examples: &[Example],
        quick: bool,
        skipped: &mut Vec<String>,
    ) -> Vec<Asked> {
        if questions.is_empty() || self.modalities.is_empty() {
            return Vec::new();
        }
        let heard = self.hear(examples, &self.modalities, None, skipped);
        let present: Vec<Modality> = self
            .modalities
            .iter()
            .copied()
            .filter(|m| heard.0.iter().any(|found| found.get(*m).is_some()))
            .collect();
        let mut conditions: Vec<(Vec<Modality>, Option<&str>, Heard)> = subsets(&present)
            .into_iter()
            .map(|subset| {
                let shown = heard.0.iter().map(|found| only(found, &subset)).collect();
                (subset, None, Heard(shown))
            })
            .collect();
        if !quick {
            for (name, worse) in WORSE {
                let touched = concerned(worse);
                if !present.contains(&touched) || still(examples, worse) {
                    continue;
                }
                // What was skipped was told the first time.
                let bad = self.hear(examples, &[touched], Some(worse), &mut Vec::new());
                let alone = vec![touched];
                conditions.push((alone, Some(name), Heard(bad.0.clone())));
                if present.len() > 1 {
                    let mixed = heard.0.iter().zip(&bad.0).map(|(good, bad)| {
                        let mut mixed = good.clone();
                        mixed.remove(touched);
                        for (modality, scores) in bad.iter() {
                            mixed.insert(modality, scores.clone());
                        }
                        mixed
                    });
                    conditions.push((present.clone(), Some(name), Heard(mixed.collect())));
                }
            }
            if present.len() > 1 {
                conditions.push((present.clone(), Some(WRONG_PAIRS), crossed(&heard, &present)));
            }
        }
        let asked = questions.into_iter().map(|question| Asked {
            thresholds: None,
            said: conditions
                .iter()
                .map(|(modalities, change, heard)| Said {
                    modalities: modalities.clone(),
                    change: change.map(str::to_owned),
                    answers: question.answers(self.limbic, examples, heard, modalities),
                })
                .filter(|said| !said.answers.is_empty())
                .collect(),
            map: question.asked,
        });
        asked.filter(|asked| !asked.said.is_empty()).collect()
    }
}

/// Whether a medium can hold something of a modality.
const fn holds(medium: &Media, modality: Modality) -> bool {
    match medium {
        Media::Audio(_) => matches!(modality, Modality::Audio),
        Media::Film(_) => true,
        Media::Image(_) | Media::Face(..) => matches!(modality, Modality::Vision),
        Media::Text(_) => matches!(modality, Modality::Text),
        Media::Vector(..) | Media::Series(..) => false,
    }
}

/// Whether pictures can go missing: of a single one, none can.
fn still(examples: &[Example], worse: Degradation) -> bool {
    matches!(worse, Degradation::Dropped { .. })
        && !examples.iter().flat_map(|e| &e.media).any(|m| matches!(m, Media::Film(_)))
}

/// What was said of these modalities, where something was said of each.
fn only(found: &PerModality<Scores>, subset: &[Modality]) -> PerModality<Scores> {
    if subset.iter().any(|m| found.get(*m).is_none()) {
        return PerModality::none();
    }
    found
        .iter()
        .filter(|(m, _)| subset.contains(m))
        .map(|(m, scores)| (m, scores.clone()))
        .collect()
}

/// Every modality but the first taken from the next clip that has them all.
fn crossed(heard: &Heard, present: &[Modality]) -> Heard {
    let whole = |found: &PerModality<Scores>| present.iter().all(|m| found.get(*m).is_some());
    let places: Vec<usize> = (0..heard.0.len()).filter(|i| whole(&heard.0[*i])).collect();
    let mut all = vec![PerModality::none(); heard.0.len()];
    for (turn, place) in places.iter().enumerate() {
        // Half the corpus further on there is rarely the same speaker with the same emotion.
        let other = places[(turn + places.len() / 2 + 1) % places.len()];
        all[*place] = present
            .iter()
            .enumerate()
            .filter_map(|(i, m)| {
                let from = if i == 0 { *place } else { other };
                Some((*m, heard.0[from].get(*m)?.clone()))
            })
            .collect();
    }
    Heard(all)
}

/// A label set as a question about what a reading says.
struct Question {
    /// Its place on the card.
    set: usize,
    /// The label set of the corpus.
    corpus: LabelMap,
    /// The label set that is answered to.
    asked: LabelMap,
    /// Whether readings speak of the classes themselves.
    worded: bool,
}

impl Question {
    /// `None` where a reading says nothing that the label set speaks of.
    fn of(set: usize, map: &LabelMap) -> Option<Self> {
        let classes: Vec<(String, String)> = if map.kind == LabelKind::Rating {
            let known = ["valence", "arousal"];
            map.classes.iter().filter(|(name, _)| known.contains(&name.as_str())).cloned().collect()
        } else {
            let covered = |emotion: &str| map.classes.iter().any(|(_, to)| to == emotion);
            let covered = EMOTIONS.into_iter().filter(|emotion| covered(emotion));
            covered.map(|emotion| (emotion.to_owned(), emotion.to_owned())).collect()
        };
        if classes.is_empty() {
            return None;
        }
        let kind = match map.kind {
            LabelKind::Rating => LabelKind::Rating,
            LabelKind::Class | LabelKind::Multi => LabelKind::Class,
        };
        let source = format!("{} ({})", map.source, map.name);
        Some(Self {
            set,
            corpus: map.clone(),
            worded: false,
            asked: LabelMap {
                name: format!("{} as {SHARED} reads it", map.name),
                kind,
                classes,
                source,
                words: std::collections::BTreeMap::new(),
                merge: std::collections::BTreeMap::new(),
                ..map.clone()
            },
        })
    }

    fn by_words(set: usize, map: &LabelMap) -> Self {
        let asked = LabelMap { name: format!("{} by its words", map.name), ..map.clone() };
        Self { set, corpus: map.clone(), asked, worded: true }
    }

    fn answers(
        &self,
        limbic: &Limbic,
        examples: &[Example],
        heard: &Heard,
        modalities: &[Modality],
    ) -> Vec<limbic_evaluate::Answer> {
        let rows = examples.iter().zip(&heard.0);
        rows.filter_map(|(example, found)| {
            let label = example.labels.get(self.set)?.as_ref()?;
            if modalities.iter().any(|m| found.get(*m).is_none()) {
                return None;
            }
            let fused = limbic.fuse(found)?;
            let (truth, said) = if self.worded {
                (label.clone(), fused.probabilities.iter().map(|p| f64::from(*p)).collect())
            } else if self.asked.kind == LabelKind::Rating {
                let Label::Rating(values) = label else { return None };
                let mut said = Vec::new();
                let mut truth = Vec::new();
                for (name, _) in &self.asked.classes {
                    truth.push(values[self.corpus.index(name)?]);
                    let value = if name == "valence" { fused.valence } else { fused.arousal };
                    said.push(f64::from(value?));
                }
                (Label::Rating(truth), said)
            } else {
                let shared = self.corpus.share(&weights(label, self.corpus.classes.len()))?;
                let place = |name: &str| EMOTIONS.iter().position(|e| *e == name);
                let own = self.asked.classes.iter().filter_map(|(name, _)| place(name));
                let own: Vec<usize> = own.collect();
                let total: f64 = own.iter().map(|i| f64::from(fused.probabilities[*i])).sum();
                let said = own.iter().map(|i| f64::from(fused.probabilities[*i]) / total).collect();
                let votes: Vec<f32> = own.iter().map(|i| shared[*i]).collect();
                let sure = votes.iter().position(|vote| *vote == 1.0);
                (sure.map_or(Label::Votes(votes), Label::Class), said)
            };
            Some(answer(example, truth, said))
        })
        .collect()
    }
}
