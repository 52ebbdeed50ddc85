//! What is wrong with one clip by itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Fault, Findings, Opened};
use crate::inspect::{Heard, is_blank};
use crate::leak::file_of;
use crate::{Example, Media};

/// Seconds from which on a clip of sound is no utterance any more.
const LONGEST: f64 = 60.0;

/// Seconds below which nothing can be heard in a clip.
const SHORTEST: f64 = 0.1;

/// Words from which on networks cut a text off.
const MOST_WORDS: usize = 512;

/// Decibels against full scale below which a clip is silent.
const SILENT: f64 = -60.0;

/// Share of samples at full scale from which on a clip is clipped.
const CLIPPED: f64 = 1e-3;

/// What is wrong with one clip by itself, and its seconds of sound.
pub(super) fn faults(
    example: &Example,
    opened: &BTreeMap<PathBuf, Opened>,
    findings: &mut Findings,
) -> Option<f64> {
    let mut seconds = None;
    let mut add = |fault, note: String| findings.add(fault, &example.id, note);
    if example.media.is_empty() {
        add(Fault::Missing, "it consists of nothing".into());
    }
    for media in &example.media {
        if let Some((path, cut)) = file_of(media, example) {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            match opened.get(path) {
                Some((cuts, Ok(look))) => {
                    if let Some(damage) = &look.damage {
                        add(Fault::Corrupt, format!("{file}: {damage}"));
                    }
                    if look.picture.as_ref().is_some_and(|seen| seen.blank) {
                        add(Fault::Blank, file.to_string());
                    }
                    let lacks = match media {
                        Media::Image(_) => look.picture.is_none(),
                        Media::Audio(_) => look.sounds.is_empty(),
                        _ => look.picture.is_none() && look.sounds.is_empty(),
                    };
                    if lacks {
                        add(Fault::Corrupt, format!("{file}: {}", nothing_in(media)));
                    }
                    let index = cuts.iter().position(|own| *own == cut);
                    if let Some(heard) = index.and_then(|index| look.sounds.get(index)) {
                        seconds.get_or_insert(heard.seconds);
                        sound_faults(heard, &mut add);
                    }
                }
                Some((_, Err((fault, reason)))) => add(*fault, format!("{file}: {reason}")),
                None => {}
            }
        }
        match media {
            Media::Face(pixels, _) if is_blank(pixels) => add(Fault::Blank, String::new()),
            Media::Text(text) => match text.split_whitespace().count() {
                0 => add(Fault::Empty, "the text has no words".into()),
                words if words > MOST_WORDS => add(Fault::OverLong, format!("{words} words")),
                _ => {}
            },
            Media::Vector(name, numbers) | Media::Series(name, numbers, _)
                if numbers.iter().any(|number| !number.is_finite()) =>
            {
                add(Fault::Corrupt, format!("{name} holds what is no number"));
            }
            _ => {}
        }
    }
    seconds
}

/// What is wrong with a file that lacks what it is there for.
const fn nothing_in(media: &Media) -> &'static str {
    match media {
        Media::Image(_) => "holds no picture",
        Media::Audio(_) => "holds no sound",
        _ => "holds neither sound nor pictures",
    }
}

fn sound_faults(heard: &Heard, add: &mut impl FnMut(Fault, String)) {
    if heard.seconds < SHORTEST {
        add(Fault::OverShort, format!("{:.3} s", heard.seconds));
    } else if heard.level < SILENT {
        add(Fault::Silent, format!("{:.0} dB", heard.level));
    } else if heard.speech == Some(false) {
        add(Fault::Silent, "nobody speaks".into());
    }
    if heard.seconds > LONGEST {
        add(Fault::OverLong, format!("{:.0} s", heard.seconds));
    }
    if heard.clipped > CLIPPED {
        add(Fault::Clipped, format!("{:.2} % of the samples", heard.clipped * 100.0));
    }
}
