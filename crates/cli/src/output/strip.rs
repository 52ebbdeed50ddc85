//! A timeline as one line of coloured cells.

use limbic::{Emotion, Reading, Row};

use super::palette::Colours;

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

impl Lane<'_> {
    /// The lane as `cells` emotions; `None` where there is no answer.
    pub(super) fn cells(&self, duration: f64, cells: usize) -> Vec<Option<Emotion>> {
        let mut votes = vec![[0.0_f64; Emotion::COUNT + 1]; cells];
        let cell = duration / cells as f64;
        for row in &self.rows {
            if cell <= 0.0 {
                for vote in &mut votes {
                    count(vote, row, 1.0);
                }
                continue;
            }
            let last = ((row.end / cell).ceil() as usize).min(cells);
            for (place, vote) in
                votes.iter_mut().enumerate().take(last).skip((row.start / cell) as usize)
            {
                let start = place as f64 * cell;
                let shared = (start + cell).min(row.end) - start.max(row.start);
                count(vote, row, shared.max(0.0));
            }
        }
        votes.iter().map(winner).collect()
    }
}

/// Adds a row's answer to a cell; the last place counts the seconds without one.
fn count(vote: &mut [f64; Emotion::COUNT + 1], row: &Row, seconds: f64) {
    match &row.estimate {
        Some(estimate) => {
            for (emotion, p) in estimate.probabilities.iter() {
                vote[emotion as usize] += seconds * f64::from(p);
            }
        }
        None => vote[Emotion::COUNT] += seconds,
    }
}

fn winner(vote: &[f64; Emotion::COUNT + 1]) -> Option<Emotion> {
    let answered: f64 = vote[..Emotion::COUNT].iter().sum();
    if answered <= vote[Emotion::COUNT] || answered <= 0.0 {
        return None;
    }
    Emotion::ALL.into_iter().rev().max_by(|a, b| vote[*a as usize].total_cmp(&vote[*b as usize]))
}

/// The cells as text: coloured paper with names where they fit, or letters without colours.
pub(super) fn draw(cells: &[Option<Emotion>], colours: Colours) -> String {
    let mut line = String::new();
    for run in cells.chunk_by(|a, b| a == b) {
        let length = run.len();
        line += &match run[0] {
            None => colours.dim().apply_to("·".repeat(length)).to_string(),
            Some(emotion) if colours == Colours::None => letter(emotion).to_string().repeat(length),
            Some(emotion) => {
                let name = if length > emotion.name().len() + 1 { emotion.name() } else { "" };
                let cell = format!(" {name:<width$}", width = length - 1);
                colours.paper(emotion).apply_to(cell).to_string()
            }
        };
    }
    line
}

/// The emotion as one letter.
pub(super) const fn letter(emotion: Emotion) -> char {
    match emotion {
        Emotion::Neutral => 'n',
        Emotion::Happiness => 'H',
        Emotion::Sadness => 'S',
        Emotion::Anger => 'A',
        Emotion::Fear => 'F',
        Emotion::Disgust => 'D',
        Emotion::Surprise => 'U',
        Emotion::Calm => 'c',
    }
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
                let cells_drawn = lane.cells(talk.duration.unwrap(), cells);
                assert_eq!(cells_drawn.len(), cells);
                let line = draw(&cells_drawn, Colours::True);
                assert_eq!(console::measure_text_width(&line), cells, "{line:?}");
            }
        }
    }

    #[test]
    fn stretches_without_an_answer_are_dots() {
        let talk = sample::talk();
        let own = &lanes(&talk)[0];
        let line = draw(&own.cells(talk.duration.unwrap(), 12), Colours::None);
        assert_eq!(line, "HHHUUU···nnn");
    }

    #[test]
    fn a_clip_without_length_fills_the_strip() {
        let note = sample::note();
        let line = draw(&lanes(&note)[0].cells(0.0, 4), Colours::None);
        assert_eq!(line, "HHHH");
    }
}
