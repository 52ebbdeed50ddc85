//! Fixed readings for the tests of the formats.

use limbic::{
    Emotion, Estimate, FaceBox, Flag, Fusion, LabelKind, Labels, Line, NOTE, Presence, Presences,
    Reading, Row, SCHEMA, Scores, Summary, Target, Track,
};
use limbic_media::{Modality, PerModality, Skipped, Span};

/// What an expert would say that is fairly sure of `emotion`.
fn scores(emotion: Emotion, height: f32, valence: f32) -> Scores {
    let mut log_probs: [f32; 8] = std::array::from_fn(|c| (c as f32 * 2.3).sin() * 0.4);
    log_probs[emotion as usize] += height;
    Scores::new(log_probs, Some(valence), Some(valence * valence - 0.2)).expect("finite")
}

fn estimate(said: &[(Modality, Emotion, f32, f32)]) -> Option<Estimate> {
    let experts: PerModality<Scores> =
        said.iter().map(|(m, emotion, height, v)| (*m, scores(*emotion, *height, *v))).collect();
    let fused = Fusion::new(PerModality::none()).fuse(&experts)?;
    Some(Estimate::new(fused, &Labels::emotions()))
}

fn row(start: f64, track: Option<&str>, estimate: Option<Estimate>, flags: &[Flag]) -> Row {
    let track = track.map(str::to_owned);
    Row { start, end: start + 1.0, track, estimate, flags: flags.to_vec() }
}

fn reading(source: &str, duration: Option<f64>) -> Reading {
    Reading {
        schema: SCHEMA.into(),
        model: "limbic-0".into(),
        target: Target::Perceived,
        note: NOTE.into(),
        source: source.into(),
        duration,
        every: 1.0,
        labels: Labels::emotions(),
        modalities: Presences {
            text: Presence::Read,
            audio: Presence::Read,
            vision: Presence::Read,
        },
        skipped: Vec::new(),
        summary: Summary { track: None, estimate: None, flags: Vec::new() },
        tracks: Vec::new(),
        timeline: Vec::new(),
        transcript: Vec::new(),
    }
}

/// A talk: one person, then two, then nobody, then the first again; no words were given.
pub(super) fn talk() -> Reading {
    use Emotion::{Happiness, Neutral, Surprise};
    use Modality::{Audio, Vision};
    let mut talk = reading("samples/talk.mp4", Some(4.2));
    talk.modalities.text = Presence::NotInFile;
    talk.skipped =
        vec![Skipped { span: Some(Span::new(2.25, 2.5)), reason: "a broken frame".into() }];
    let both = estimate(&[(Audio, Surprise, 1.0, 0.1), (Vision, Happiness, 2.5, 0.8)]);
    talk.timeline = vec![
        row(0.0, Some("a3f1"), both.clone(), &[]),
        row(1.0, Some("a3f1"), estimate(&[(Vision, Happiness, 2.0, 0.7)]), &[Flag::SeveralFaces]),
        row(
            1.0,
            Some("77c0"),
            estimate(&[(Vision, Neutral, 2.0, 0.0)]),
            &[Flag::SeveralFaces, Flag::FaceSmall],
        ),
        row(
            1.0,
            None,
            estimate(&[(Audio, Surprise, 2.0, 0.1)]),
            &[Flag::SeveralFaces, Flag::SpeakerUnknown],
        ),
        row(2.0, None, None, &[Flag::NoFace, Flag::NoSpeech, Flag::DamagedPartSkipped]),
        Row {
            end: 4.2,
            ..row(3.0, Some("a3f1"), estimate(&[(Vision, Neutral, 1.5, 0.05)]), &[Flag::NoSpeech])
        },
    ];
    let face = |id: &str, emotion, start, end, pictures| Track {
        id: id.into(),
        span: Span::new(start, end),
        pictures,
        estimate: estimate(&[(Vision, emotion, 2.0, 0.5)]),
        boxes: vec![FaceBox { at: start, x: 0.25, y: 0.125, w: 0.333_33, h: 0.5 }],
    };
    talk.tracks = vec![face("a3f1", Happiness, 0.0, 4.0, 12), face("77c0", Neutral, 1.0, 1.75, 2)];
    talk.summary = Summary {
        track: Some("a3f1".into()),
        estimate: both,
        flags: vec![Flag::ModalityAbsent, Flag::SeveralFaces, Flag::DamagedPartSkipped],
    };
    talk
}

/// A sentence without times.
pub(super) fn note() -> Reading {
    let mut note = reading("text", None);
    note.modalities.audio = Presence::NotInFile;
    note.modalities.vision = Presence::NotRequested;
    let words = estimate(&[(Modality::Text, Emotion::Happiness, 3.0, 0.9)]);
    note.transcript = vec![Line { start: None, end: None, text: "What a lovely surprise!".into() }];
    note.timeline = vec![Row { end: 0.0, ..row(0.0, None, words.clone(), &[]) }];
    note.summary = Summary { track: None, estimate: words, flags: vec![Flag::ModalityAbsent] };
    note
}

/// A silent, empty video: nothing to say, and it is said.
pub(super) fn nothing() -> Reading {
    let mut nothing = reading("empty room.mkv", Some(3725.0));
    nothing.modalities = Presences {
        text: Presence::NotInFile,
        audio: Presence::NoSpeech,
        vision: Presence::NoFace,
    };
    let flags = [Flag::NoFace, Flag::NoSpeech];
    nothing.timeline = vec![Row { end: 3725.0, ..row(0.0, None, None, &flags) }];
    nothing.summary.flags = vec![Flag::NoFace, Flag::NoSpeech, Flag::ModalityAbsent];
    nothing
}

/// What a voice says of labels that are nobody's eight.
fn other(name: &str, kind: LabelKind, names: &[&str], values: &[f32]) -> (Labels, Estimate) {
    let names = names.iter().map(ToString::to_string).collect();
    let labels = Labels { set: Some(name.into()), kind, names };
    let scores = Scores::of(kind, values.to_vec(), None, None).expect("finite");
    let experts = [(Modality::Audio, scores)].into_iter().collect();
    let fused = Fusion::new(PerModality::none()).fuse(&experts).expect("one expert");
    let estimate = Estimate::new(fused, &labels);
    (labels, estimate)
}

fn voice(source: &str, labels: Labels, estimates: [Estimate; 2]) -> Reading {
    let mut voice = reading(source, Some(2.0));
    voice.labels = labels;
    voice.modalities.text = Presence::NotRequested;
    voice.modalities.vision = Presence::NotRequested;
    voice.summary.estimate = Some(estimates[0].clone());
    let rows = estimates.into_iter().zip([0.0, 1.0]);
    voice.timeline = rows.map(|(estimate, start)| row(start, None, Some(estimate), &[])).collect();
    voice
}

/// Names of which the model is not sure at first.
pub(super) fn doubt() -> Reading {
    let names = ["awe", "contempt", "a-very-long-name-without-any-space-in-it"];
    let (labels, sure) = other("mine", LabelKind::Class, &names, &[2.0, -1.0, 0.0]);
    let (_, mut unsure) = other("mine", LabelKind::Class, &names, &[0.1, 0.0, 0.2]);
    unsure.uncertain = true;
    unsure.answer = None;
    voice("doubt.wav", labels, [unsure, sure])
}

/// Ratings.
pub(super) fn rated() -> Reading {
    let (labels, one) =
        other("emobank", LabelKind::Rating, &["valence", "dominance"], &[0.25, -0.5]);
    voice("rated.wav", labels, [one.clone(), one])
}

/// Labels that each hold or not.
pub(super) fn several() -> Reading {
    let names = ["admiration", "disappointment", "joy", "relief", "grief", "pride"];
    let values = [1.5, 0.5, 2.0, 1.0, -4.0, 0.7];
    let (labels, mut one) = other("goemotions", LabelKind::Multi, &names, &values);
    one.yes = Some(["admiration", "joy", "relief", "pride"].map(str::to_owned).to_vec());
    voice("several.wav", labels, [one.clone(), one])
}
