//! A timeline as one line of coloured cells.

use std::collections::HashSet;

use console::measure_text_width;
use limbic::{Labels, Reading, Row};

use super::palette::Colours;
use super::visible;

/// Faces beyond this many are not drawn; they are in the other formats.
const MOST_FACES: usize = 4;

/// One line of the picture: who it shows, and the rows it is made of.
pub(super) struct Lane<'a> {
    /// `None` for the clip itself.
    pub(super) track: Option<&'a str>,
    rows: Vec<&'a Row>,
}

/// The clip's own lane, and one for each face where several were seen.
pub(super) fn lanes(reading: &Reading) -> Vec<Lane<'_>> {
    let mut own: Vec<&Row> = Vec::new();
    for row in &reading.timeline {
        match own.last_mut() {
            // Of several rows for one stretch the clip's own is the one without a face.
            Some(last) if last.start == row.start => {
                if row.track.is_none() {
                    *last = row;
                }
            }
            _ => own.push(row),
        }
    }
    let mut lanes = vec![Lane { track: None, rows: own }];
    if reading.tracks.len() > 1 {
        let mut faces: Vec<_> = reading.tracks.iter().collect();
        faces.sort_by_key(|track| std::cmp::Reverse(track.pictures));
        lanes.extend(faces.into_iter().take(MOST_FACES).map(|track| {
            let id = track.id.as_str();
            let rows = reading.timeline.iter().filter(|r| r.track.as_deref() == Some(id));
            Lane { track: Some(id), rows: rows.collect() }
        }));
    }
    lanes
}

/// What a cell shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// The label at this place.
    Label(usize),
    /// An answer that was withheld.
    Uncertain,
    /// No answer.
    Nothing,
}

impl Lane<'_> {
    /// The lane as `cells` cells of one of `labels` labels each.
    pub(super) fn cells(&self, duration: f64, cells: usize, labels: usize) -> Vec<Cell> {
        let mut votes =
            vec![Vote { labels: vec![0.0; labels], uncertain: 0.0, nothing: 0.0 }; cells];
        let cell = duration / cells as f64;
        for row in &self.rows {
            if cell <= 0.0 {
                for vote in &mut votes {
                    vote.count(row, 1.0);
                }
                continue;
            }
            let last = ((row.end / cell).ceil() as usize).min(cells);
            for (place, vote) in
                votes.iter_mut().enumerate().take(last).skip((row.start / cell) as usize)
            {
                let start = place as f64 * cell;
                let shared = (start + cell).min(row.end) - start.max(row.start);
                vote.count(row, shared.max(0.0));
            }
        }
        votes.iter().map(Vote::winner).collect()
    }
}

/// Seconds of a cell.
#[derive(Debug, Clone)]
struct Vote {
    /// Weighted by probability.
    labels: Vec<f64>,
    uncertain: f64,
    nothing: f64,
}

impl Vote {
    /// Adds a row's answer.
    fn count(&mut self, row: &Row, seconds: f64) {
        match row.estimate.as_ref().map(|estimate| (estimate.uncertain, &estimate.probabilities)) {
            Some((true, _)) => self.uncertain += seconds,
            Some((false, Some(probabilities))) => {
                for (vote, p) in self.labels.iter_mut().zip(probabilities.values()) {
                    *vote += seconds * f64::from(*p);
                }
            }
            Some((false, None)) | None => self.nothing += seconds,
        }
    }

    fn winner(&self) -> Cell {
        let answered: f64 = self.labels.iter().sum();
        if answered + self.uncertain <= self.nothing.max(0.0) || answered + self.uncertain <= 0.0 {
            return Cell::Nothing;
        }
        if self.uncertain >= answered {
            return Cell::Uncertain;
        }
        let places = self.labels.iter().enumerate().rev();
        let best = places.max_by(|(_, a), (_, b)| a.total_cmp(b));
        best.map_or(Cell::Nothing, |(place, _)| Cell::Label(place))
    }
}

/// The cells as text: coloured paper with names where they fit, or letters without colours.
pub(super) fn draw(cells: &[Cell], labels: &Labels, colours: Colours) -> String {
    let letters = letters(labels);
    let mut line = String::new();
    for run in cells.chunk_by(|a, b| a == b) {
        let length = run.len();
        line += &match run[0] {
            Cell::Nothing => colours.dim().apply_to("·".repeat(length)).to_string(),
            Cell::Uncertain => colours.dim().apply_to("?".repeat(length)).to_string(),
            Cell::Label(place) if colours == Colours::None => {
                letters[place].to_string().repeat(length)
            }
            Cell::Label(place) => {
                let own = visible(&labels.names[place]);
                let name = if length > measure_text_width(&own) + 1 { own.as_str() } else { "" };
                let pad = " ".repeat(length - 1 - measure_text_width(name));
                let paper = colours.paper(&labels.names[place], place);
                paper.apply_to(format!(" {name}{pad}")).to_string()
            }
        };
    }
    line
}

/// A letter for each label: its own where it is one of those that every model knows, else the
/// first of its name that is free; `*` where none is left.
pub(super) fn letters(labels: &Labels) -> Vec<char> {
    let mut letters: Vec<Option<char>> = labels.names.iter().map(|name| usual(name)).collect();
    let mut taken: HashSet<char> = letters.iter().flatten().copied().collect();
    for (letter, name) in letters.iter_mut().zip(labels.names.iter()) {
        let own = name.chars().filter(char::is_ascii_alphanumeric);
        let own = own.flat_map(|c| [c.to_ascii_uppercase(), c.to_ascii_lowercase()]);
        let free = own.chain('A'..='Z').chain('a'..='z').find(|c| !taken.contains(c));
        if let (None, Some(free)) = (*letter, free) {
            taken.insert(free);
            *letter = Some(free);
        }
    }
    letters.into_iter().map(|letter| letter.unwrap_or('*')).collect()
}

/// The letter of an emotion that every model knows.
fn usual(label: &str) -> Option<char> {
    Some(match label {
        "neutral" => 'n',
        "happiness" => 'H',
        "sadness" => 'S',
        "anger" => 'A',
        "fear" => 'F',
        "disgust" => 'D',
        "surprise" => 'U',
        "calm" => 'c',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn the_strip_has_as_many_cells_as_asked_for() {
        let talk = sample::talk();
        for cells in [1, 7, 60, 400] {
            for lane in lanes(&talk) {
                let cells_drawn = lane.cells(talk.duration.unwrap(), cells, 8);
                assert_eq!(cells_drawn.len(), cells);
                let line = draw(&cells_drawn, &talk.labels, Colours::True);
                assert_eq!(console::measure_text_width(&line), cells, "{line:?}");
            }
        }
    }

    #[test]
    fn stretches_without_an_answer_are_dots() {
        let talk = sample::talk();
        let own = &lanes(&talk)[0];
        let line = draw(&own.cells(talk.duration.unwrap(), 12, 8), &talk.labels, Colours::None);
        assert_eq!(line, "HHHUUU···nnn");
    }

    #[test]
    fn a_clip_without_length_fills_the_strip() {
        let note = sample::note();
        let line = draw(&lanes(&note)[0].cells(0.0, 4, 8), &note.labels, Colours::None);
        assert_eq!(line, "HHHH");
    }

    #[test]
    fn an_answer_that_was_withheld_is_a_question_mark() {
        let doubt = sample::doubt();
        let line = draw(&lanes(&doubt)[0].cells(2.0, 4, 3), &doubt.labels, Colours::None);
        assert_eq!(line, "??AA");
    }

    #[test]
    fn each_label_has_a_letter_while_there_are_any() {
        let of = |names: &[&str]| {
            let names = names.iter().map(ToString::to_string).collect();
            letters(&Labels { names, ..Labels::emotions() }).into_iter().collect::<String>()
        };
        assert_eq!(of(&["awe", "anger", "ade", "AW", "42", "名"]), "aADW4B");
        let many: Vec<String> = (0..60).map(|i| format!("z{i}")).collect();
        let drawn = of(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(drawn.chars().count(), 60);
    }
}
