//! A row of a manifest becomes a clip.

use limbic_media::Span;

use super::columns::{FileKind, Meaning};
use super::place::Root;
use super::plan::{Plan, is_test};
use super::rows::{Record, ending, shown};
use super::sets::{Answer, Set};
use super::survey::{classes, votes};
use crate::{Example, Label, Media, Part, Result};

impl Plan {
    fn get<'a>(&self, record: &'a Record<'_>, meaning: Meaning) -> Option<&'a str> {
        record.get(*self.at.get(&meaning)?)
    }

    /// The clip of one row.
    pub(super) fn example(&self, record: &Record<'_>, root: &mut Root) -> Result<Example> {
        let media = self.media(record, root)?;
        let span = self.span(record)?;
        let owned = |meaning| self.get(record, meaning).map(str::to_owned);
        let file = self.first_file(record);
        // Stretches of one file were cut from it.
        let cut = file.filter(|_| span.is_some()).map(str::to_owned);
        let id = match (owned(Meaning::Id), file, span) {
            (Some(id), _, _) => id,
            (None, Some(file), Some(span)) => format!("{file}@{}-{}", span.start, span.end),
            (None, Some(file), None) => file.to_owned(),
            (None, None, _) => format!("{}:{}", self.name, record.number),
        };
        let groups = self
            .groups
            .iter()
            .filter_map(|(column, name)| Some((name.clone(), record.get(*column)?.to_owned())));
        Ok(Example {
            id,
            speaker: owned(Meaning::Speaker),
            dialogue: owned(Meaning::Dialogue),
            source: owned(Meaning::Source).or(cut),
            span,
            groups: groups.collect(),
            media,
            labels: self.sets.iter().map(|s| self.label(record, s)).collect::<Result<_>>()?,
            part: self.part(record)?,
            fold: self.fold(record)?,
        })
    }

    fn first_file<'a>(&self, record: &'a Record<'_>) -> Option<&'a str> {
        [Meaning::Audio, Meaning::Film, Meaning::Picture, Meaning::File]
            .into_iter()
            .find_map(|meaning| self.get(record, meaning))
    }

    fn media(&self, record: &Record<'_>, root: &mut Root) -> Result<Vec<Media>> {
        let mut media: Vec<Media> = Vec::new();
        let columns = [
            (Meaning::Audio, Some(FileKind::Audio)),
            (Meaning::Film, Some(FileKind::Film)),
            (Meaning::Picture, None),
            (Meaning::File, None),
        ];
        for (meaning, kind) in columns {
            let Some(cell) = self.get(record, meaning) else { continue };
            let path = root.place(cell).map_err(|reason| record.bad(reason))?;
            let Some(kind) = kind.or_else(|| FileKind::of(&ending(&path))) else {
                let reason = format!(
                    "the ending of `{}` is of no recording, film or picture; \
                     name its column `audio`, `video` or `image`",
                    shown(cell)
                );
                return Err(record.bad(reason));
            };
            let medium = match kind {
                FileKind::Audio => Media::Audio(path),
                FileKind::Film => Media::Film(path),
                FileKind::Picture => Media::Image(path),
            };
            let same = |other| std::mem::discriminant(other) == std::mem::discriminant(&medium);
            if media.iter().any(same) {
                let reason = format!("`{}` is a second file of its kind; keep one", shown(cell));
                return Err(record.bad(reason));
            }
            media.push(medium);
        }
        media.extend(self.get(record, Meaning::Text).map(|text| Media::Text(text.to_owned())));
        if media.is_empty() {
            let reason = "neither a file nor a text; fill in one of `audio`, `video`, `image`, \
                          `path` and `text`";
            return Err(record.bad(reason));
        }
        media.shrink_to_fit();
        Ok(media)
    }

    fn span(&self, record: &Record<'_>) -> Result<Option<Span>> {
        let second = |meaning, name: &str| {
            let number = |cell: &str| match cell.parse::<f64>() {
                Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
                _ => {
                    let reason = format!("the {name} `{}` is no number of seconds", shown(cell));
                    Err(record.bad(reason))
                }
            };
            self.get(record, meaning).map(number).transpose()
        };
        match (second(Meaning::Start, "start")?, second(Meaning::End, "end")?) {
            (None, None) => Ok(None),
            (Some(start), Some(end)) if start < end => Ok(Some(Span::new(start, end))),
            (Some(start), Some(end)) => {
                let reason = format!("it starts at {start} s, which is not before its end {end} s");
                Err(record.bad(reason))
            }
            _ => Err(record.bad("only one of start and end; give both or none")),
        }
    }

    fn part(&self, record: &Record<'_>) -> Result<Part> {
        if !self.at.contains_key(&Meaning::Part) {
            return Ok(Part::Whole);
        }
        let cell = self.get(record, Meaning::Part).unwrap_or_default();
        match cell.to_lowercase().as_str() {
            "train" | "training" => Ok(Part::Train),
            "dev" | "development" | "valid" | "val" | "validation" if self.has_test => {
                Ok(Part::Dev)
            }
            "dev" | "development" | "valid" | "val" | "validation" => Ok(Part::Valid),
            part if is_test(part) => Ok(Part::Valid),
            _ => {
                let reason = format!("`{}` is no part; use train, valid or test", shown(cell));
                Err(record.bad(reason))
            }
        }
    }

    fn fold(&self, record: &Record<'_>) -> Result<Option<usize>> {
        let Some(cell) = self.get(record, Meaning::Fold) else { return Ok(None) };
        let lower = cell.to_lowercase();
        let digits = match lower.strip_prefix("fold") {
            Some(rest) => rest.trim_start_matches(['_', '-', ' ']),
            None => &lower,
        };
        let reason = || record.bad(format!("`{}` is no number of a fold", shown(cell)));
        digits.parse().map(Some).map_err(|_| reason())
    }

    fn label(&self, record: &Record<'_>, set: &Set) -> Result<Option<Label>> {
        let index = |class: &str| {
            set.classes.get(class).copied().ok_or_else(|| {
                let map = &set.map.name;
                record.bad(format!("`{}` is no class of the labels `{map}`", shown(class)))
            })
        };
        let many = |column| {
            let Some(cell) = record.get(column) else { return Ok(None) };
            let words = classes(cell).map_err(|reason| record.bad(reason))?;
            words.iter().map(|word| index(word)).collect::<Result<Vec<_>>>().map(Some)
        };
        match &set.answer {
            Answer::Multi(column) => Ok(many(*column)?.map(Label::Multi)),
            // A class may hold a comma where its column is not one of lists.
            Answer::Class(column) if self.is_of_lists(*column) => match many(*column)?.as_deref() {
                None | Some([]) => Ok(None),
                Some([class]) => Ok(Some(Label::Class(*class))),
                Some(several) => {
                    let (count, map) = (several.len(), &set.map.name);
                    Err(record.bad(format!("{count} labels, but `{map}` has one a clip")))
                }
            },
            Answer::Class(column) => {
                let class = record.get(*column).map(|cell| index(&cell.to_lowercase()));
                Ok(class.transpose()?.map(Label::Class))
            }
            Answer::Votes(column) => {
                let Some(cell) = record.get(*column) else { return Ok(None) };
                let mut weights = vec![0.0; set.map.classes.len()];
                for (class, weight) in votes(cell).map_err(|reason| record.bad(reason))? {
                    weights[index(&class)?] += weight;
                }
                let voted = weights.iter().any(|weight| *weight > 0.0);
                Ok(voted.then_some(Label::Votes(weights)))
            }
            Answer::Rating(columns) => self.rating(record, columns),
        }
    }

    fn is_of_lists(&self, column: usize) -> bool {
        Meaning::of(&self.columns[column]) == Some(Meaning::Labels)
    }

    fn rating(&self, record: &Record<'_>, columns: &[usize]) -> Result<Option<Label>> {
        let cells: Vec<_> = columns.iter().filter_map(|column| record.get(*column)).collect();
        if cells.is_empty() {
            return Ok(None);
        }
        if cells.len() < columns.len() {
            let names: Vec<_> = columns.iter().map(|c| self.columns[*c].as_str()).collect();
            let reason = format!("give {} all or none of them", names.join(", "));
            return Err(record.bad(reason));
        }
        let rating = cells.iter().zip(columns).map(|(cell, column)| {
            let (name, scale) = (&self.columns[*column], self.scale);
            let number = cell.parse::<f64>().ok().filter(|number| number.is_finite());
            let number = number.ok_or_else(|| {
                record.bad(format!("`{}` under `{name}` is no number", shown(cell)))
            })?;
            scale.to_signed(number).map(|number| number as f32).ok_or_else(|| {
                record.bad(format!(
                    "{number} under `{name}` is not within {scale}; give its range as `scale`, \
                     one of {}",
                    super::Scale::ALL.map(|scale| scale.to_string()).join(", ")
                ))
            })
        });
        rating.collect::<Result<_>>().map(Label::Rating).map(Some)
    }
}
