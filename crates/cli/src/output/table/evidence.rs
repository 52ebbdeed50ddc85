//! What each modality said, in words, and each face.

use std::fmt::Write as _;
use std::io::{self, Write};

use limbic::{LabelKind, PerLabel, Presence, Reading};
use limbic_media::Modality;

use super::{Look, answer, clock, name, named, short};

/// Evidence smaller than this is not worth words.
const FAINT: f32 = 0.1;

/// What each modality said, in words; and where one said nothing, why.
pub(super) fn evidence(out: &mut impl Write, reading: &Reading, look: Look) -> io::Result<()> {
    for (modality, presence) in reading.modalities.each() {
        let own = reading.summary.estimate.as_ref().and_then(|e| e.evidence.get(modality));
        let said = match (own, presence) {
            (Some(share), _) if reading.labels.kind == LabelKind::Rating => rated(share),
            (Some(share), _) => spoken(share),
            (None, Presence::Read) if modality == Modality::Vision => "see the faces below".into(),
            (None, Presence::Read) => "see the timeline".into(),
            (None, Presence::NotRequested) => continue,
            (None, why) => format!("— {why}"),
        };
        named(out, name(modality), &said, look)?;
    }
    Ok(())
}

fn spoken(share: &PerLabel) -> String {
    let ranked = share.ranked();
    let (Some((best, most)), Some((worst, least))) = (ranked.first(), ranked.last()) else {
        return "undecided".into();
    };
    if *most < FAINT && *least > -FAINT {
        return "undecided".into();
    }
    let name = |place: usize| short(share.name(place));
    let mut said = format!("for {} {most:+.1}", name(*best));
    if let Some((second, next)) = ranked.get(1).filter(|_| ranked.len() > 2)
        && *next > most / 2.0
        && *next > FAINT
    {
        // Writing to a String cannot fail.
        let _ = write!(said, " and {} {next:+.1}", name(*second));
    }
    if worst != best {
        let _ = write!(said, ", against {} {least:+.1}", name(*worst));
    }
    said
}

/// What each rating of one modality adds.
fn rated(share: &PerLabel) -> String {
    share.iter().map(|(name, x)| format!("{} {x:+.2}", short(name))).collect::<Vec<_>>().join(" · ")
}

/// Each person, where there are several.
pub(super) fn faces(out: &mut impl Write, reading: &Reading, look: Look) -> io::Result<()> {
    if reading.tracks.len() < 2 {
        return Ok(());
    }
    for track in &reading.tracks {
        let said = match &track.estimate {
            Some(estimate) => answer(estimate),
            None => "no answer".into(),
        };
        let span = format!("{}–{}", clock(track.span.start), clock(track.span.end));
        named(out, &face(&track.id), &format!("{span} {said}"), look)?;
    }
    Ok(())
}

/// A track in the margin: the first letters of its name tell a few faces apart.
pub(super) fn face(track: &str) -> String {
    format!("face {}", track.get(..4).unwrap_or(track))
}
