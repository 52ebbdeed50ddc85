//! Results as files and as pages.

use std::collections::BTreeMap;
use std::path::Path;

use limbic_corpus::{Label, LabelKind, LabelMap, Objectivity};
use limbic_evaluate::{
    Answer, Checkpoint, Condition, Data, Error, Evaluation, Events, Leak, Playable, SCHEMA,
    Section, Split, Targets, Task, Told, compare, comparison, html, markdown, read_answers, score,
    worst, write_answers,
};

/// A label set of three classes.
fn map() -> LabelMap {
    LabelMap {
        name: "made-up".into(),
        kind: LabelKind::Class,
        target: Objectivity::Perceived,
        source: "a rule".into(),
        classes: [("calm", "calm"), ("anger", "anger"), ("odd", "")]
            .map(|(class, emotion)| (class.to_owned(), emotion.to_owned()))
            .to_vec(),
        words: BTreeMap::new(),
        merge: BTreeMap::new(),
    }
}

/// Answers of which more are right, the surer they are.
fn answers(sure: f64) -> Vec<Answer> {
    let one = |index: usize| {
        let truth = index % 3;
        let right = (index * 7 % 10) as f64 / 10.0 < sure;
        let said = if right { truth } else { (truth + 1) % 3 };
        let top = 0.4 + 0.5 * (index * 13 % 17) as f64 / 17.0;
        let share = |class| if class == said { top } else { (1.0 - top) / 2.0 };
        Answer {
            clip: format!("clip-{index:02}"),
            speaker: Some(format!("speaker {}", index % 4)),
            groups: BTreeMap::from([("voice".to_owned(), ["low", "high"][index % 2].to_owned())]),
            truth: Label::Class(truth),
            said: (0..3).map(share).collect(),
        }
    };
    (0..48).map(one).collect()
}

fn evaluation(leak: Leak) -> Evaluation {
    let map = map();
    let task = Task::new(&map);
    let shown = [
        ("audio", None, 0.5),
        ("vision", None, 0.7),
        ("audio+vision", None, 0.8),
        ("audio", Some("noise 10 dB"), 0.3),
        ("audio+vision", Some("noise 10 dB"), 0.7),
    ];
    let conditions = shown.map(|(inputs, change, sure)| {
        let scored = score(&task, &answers(sure), 200);
        Condition::new(inputs, change.map(str::to_owned), scored)
    });
    let mut section = Section::new("made-up", LabelKind::Class, conditions.to_vec());
    section.worst = worst(&task, &answers(0.8), 3);
    section.worst[0].source = Some("a/<b>.wav".into());
    Evaluation {
        schema: SCHEMA.into(),
        limbic: "0.1.0".into(),
        command: ["limbic", "eval", "net.safetensors", "clips"].map(str::to_owned).to_vec(),
        checkpoint: Checkpoint {
            name: "net.safetensors".into(),
            blake3: "0123456789abcdef".into(),
            recipe: serde_json::json!({ "width": 64, "rate": 0.001 }),
        },
        data: Data {
            path: "clips".into(),
            name: "made_up | clips".into(),
            licence: "CC-BY-4.0".into(),
            hash: "fedcba9876543210".into(),
            clips: 50,
            skipped: vec!["clip-49: is empty".into(), "clip-50: is <no> sound".into()],
        },
        seed: 7,
        threads: 1,
        targets: Targets {
            labels: Objectivity::Perceived,
            learned: vec![Objectivity::Intended],
            note: Some("The two differ.".into()),
        },
        leak,
        ledger: vec![map],
        split: Some(Split { name: "folds/5.csv".into(), hash: "abcabcabcabcabc".into() }),
        sections: vec![section],
    }
}

fn clean() -> Leak {
    Leak { checked: vec!["speakers".into(), "files".into()], ..Leak::default() }
}

fn leaking() -> Leak {
    Leak {
        found: vec!["4 of 4 speakers are in both".into()],
        allowed: Some("to repeat a published <number>".into()),
        left_out: 2,
        ..clean()
    }
}

#[test]
fn a_result_in_markdown() {
    insta::assert_snapshot!(markdown(&evaluation(clean())));
}

#[test]
fn the_reason_of_an_allowed_leak_stands_beside_every_number() {
    let text = markdown(&evaluation(leaking()));
    let reason = r"(leak allowed: to repeat a published \<number>)";
    let scores = text.lines().filter(|line| line.starts_with('|'));
    let mut rows = 0;
    for line in scores {
        let cells = line.split(" | ").filter(|cell| cell.contains("0.") || cell.contains("1.000"));
        for cell in cells.filter(|cell| !cell.contains("(0 to 2)") && !cell.contains("2.2e-16")) {
            assert!(cell.contains(reason), "{cell}");
            rows += 1;
        }
    }
    assert!(rows >= 50, "{rows}");
    let page = html(&evaluation(leaking()), &BTreeMap::new());
    let told = page.matches("leak allowed: to repeat a published &lt;number&gt;").count();
    assert!(told > 60, "{told}");
    assert!(!html(&evaluation(clean()), &BTreeMap::new()).contains("leak allowed"));
}

/// The tags of a page, in their order.
fn tags(page: &str) -> Vec<&str> {
    page.split('<').skip(1).map(|rest| rest.split_once('>').expect("a tag that ends").0).collect()
}

#[test]
fn the_page_is_well_formed_and_needs_nothing_but_itself() {
    let playable = Playable { mime: "audio/wav".into(), bytes: b"RIFF".to_vec() };
    let worst = evaluation(clean()).sections[0].worst[0].clip.clone();
    let page = html(&evaluation(clean()), &BTreeMap::from([(worst, playable)]));
    assert!(page.contains("src=\"data:audio/wav;base64,UklGRg==\""));
    assert!(!page.contains("http://") && !page.contains("https://"), "an address");
    assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("url("));
    for figure in
        ["Confusion matrix", "Reliability curve", "Risk-coverage curve", "Modality matrix"]
    {
        assert!(page.contains(&format!("<title>{figure}</title>")), "{figure}");
    }
    assert_eq!(page.matches("<svg role=\"img\" aria-label=").count(), page.matches("<svg").count());
    assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
    let mut open = Vec::new();
    for tag in tags(&page) {
        let name = tag.split([' ', '/']).next().unwrap_or_default();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "</{closed}>");
        } else if !tag.ends_with('/') && !["!doctype", "meta", "img"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn hostile_names_are_shown_and_never_run() {
    let mut result = evaluation(leaking());
    let attack = "\"><script>alert('1')</script>\0\u{1b}[31m\n| a | `b` ||";
    result.data.name = attack.into();
    result.data.path = attack.into();
    result.checkpoint.name = attack.into();
    result.command.push(attack.into());
    result.targets.note = Some(attack.into());
    result.leak.allowed = Some(attack.into());
    result.leak.found.push(attack.into());
    result.ledger[0].source = attack.into();
    let section = &mut result.sections[0];
    section.labels = attack.into();
    section.worst[0].clip = attack.into();
    section.worst[0].source = Some(attack.into());
    let condition = &mut section.conditions[2];
    condition.inputs = attack.into();
    condition.scored.per_class[0].class = attack.into();
    condition.scored.per_group[0].value = attack.into();
    condition.scored.per_speaker[0].speaker = attack.into();
    let mime = Playable { mime: "audio/wav\" onerror=\"x".into(), bytes: vec![1] };
    let page = html(&result, &BTreeMap::from([(attack.to_owned(), mime)]));
    assert!(page.contains("&lt;script&gt;"));
    assert!(!page.contains("<script") && !page.contains("onerror=") && !page.contains('\0'));
    for tag in tags(&page) {
        assert!(!tag.contains("alert"), "{tag}");
    }
    let text = markdown(&result);
    // The command is code, where nothing has a meaning but its fence.
    for line in text.lines().filter(|line| !line.starts_with("Made by limbic")) {
        assert!(!line.replace("\\<", "").contains('<'), "{line}");
    }
    let table = text.lines().filter(|line| line.starts_with('|'));
    for line in table {
        let columns = line.replace("\\|", "").matches('|').count();
        assert!((5..=8).contains(&columns), "{line}");
    }
}

#[test]
fn a_result_reads_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result.json");
    let written = evaluation(leaking());
    written.write(&path).unwrap();
    let read = Evaluation::read(&path).unwrap();
    assert_eq!(read, written);
    assert_eq!(markdown(&read), markdown(&written));
    let again = folder.path().join("again.json");
    read.write(&again).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&again).unwrap());
    // What a later version adds is no error, another layout is.
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen('{', "{\"added\": 1,", 1)).unwrap();
    assert_eq!(Evaluation::read(&path).unwrap(), written);
    std::fs::write(&path, text.replacen(SCHEMA, "limbic-result/9", 1)).unwrap();
    let error = Evaluation::read(&path).unwrap_err().to_string();
    assert!(error.contains("limbic-result/9") && error.contains("result.json"), "{error}");
    std::fs::write(&path, "{").unwrap();
    assert!(matches!(Evaluation::read(&path), Err(Error::Format { .. })));
    assert!(matches!(Evaluation::read(Path::new("/nowhere/result.json")), Err(Error::Io { .. })));
}

#[test]
fn answers_read_back_and_score_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.jsonl");
    let result = evaluation(clean());
    let tell = |answer: Answer| Told {
        labels: "made-up".into(),
        inputs: "audio+vision".into(),
        change: None,
        answer,
    };
    let told: Vec<Told> = answers(0.8).into_iter().map(tell).collect();
    write_answers(&path, &told).unwrap();
    let read = read_answers(&path).unwrap();
    let read: Vec<Answer> = read.into_iter().map(|told| told.answer).collect();
    let section = &result.sections[0];
    let task = result.task(section).unwrap();
    assert_eq!(score(&task, &read, 200), section.main().unwrap().scored);
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.insert_str(text.find('\n').unwrap() + 1, "{\"labels\": 3}\n");
    std::fs::write(&path, text).unwrap();
    let error = read_answers(&path).unwrap_err().to_string();
    assert!(error.contains("line 2") && error.contains("answers.jsonl"), "{error}");
}

#[test]
fn every_score_is_an_event_of_tensorboard() {
    let folder = tempfile::tempdir().unwrap();
    let mut events = Events::create(folder.path()).unwrap();
    events.evaluation(&evaluation(clean())).unwrap();
    let file = std::fs::read(events.finish().unwrap()).unwrap();
    let text = String::from_utf8_lossy(&file);
    for tag in ["made-up/audio+vision/uar", "made-up/audio (noise 10 dB)/aurc", "# net.safetensors"]
    {
        assert!(text.contains(tag), "{tag}");
    }
    std::fs::write(folder.path().join("taken"), "").unwrap();
    assert!(matches!(Events::create(&folder.path().join("taken")), Err(Error::Io { .. })));
}

#[test]
fn the_worst_errors_are_the_surest_wrong_answers() {
    let map = map();
    let found = worst(&Task::new(&map), &answers(0.8), 100);
    assert!(found.windows(2).all(|two| two[0].error >= two[1].error));
    assert!(found.iter().all(|own| own.truth != own.said && own.probability > Some(0.39)));
    assert_eq!(found.len(), answers(0.8).iter().filter(|a| wrong(a)).count());
}

fn wrong(answer: &Answer) -> bool {
    let Label::Class(truth) = answer.truth else { return false };
    answer.said.iter().any(|p| *p > answer.said[truth])
}

#[test]
fn a_fusion_stands_beside_its_best_modality_and_disparity_is_the_gap_of_the_single_ones() {
    let result = evaluation(clean());
    let section = &result.sections[0];
    let value = |index: usize| section.conditions[index].scored.headline().unwrap().value.unwrap();
    let best = section.conditions[2].baseline.as_ref().unwrap();
    assert_eq!((best.inputs.as_str(), best.score), ("vision", value(1)));
    let noisy = section.conditions[4].baseline.as_ref().unwrap();
    // Noise in the sound leaves the pictures what they were.
    assert_eq!((noisy.inputs.as_str(), noisy.score), ("vision", value(1)));
    assert!(section.conditions[0].baseline.is_none());
    let matrix = section.matrix.as_ref().unwrap();
    assert!((matrix.spread - (value(1) - value(0))).abs() < 1e-12);
    assert!((matrix.gain.unwrap() - (value(2) - value(1))).abs() < 1e-12);
    assert!((matrix.gain_share.unwrap() - (value(2) / value(1) - 1.0)).abs() < 1e-12);
    assert_eq!(section.main().unwrap().inputs, "audio+vision");
    let alone = Section::new("one", LabelKind::Class, section.conditions[..1].to_vec());
    assert!(alone.matrix.is_none());
}

#[test]
fn two_results_side_by_side() {
    let map = map();
    let found = compare(&Task::new(&map), &answers(0.5), &answers(0.8), 200);
    insta::assert_snapshot!(comparison(&found, "first", "second"));
}

#[test]
fn a_section_without_clips_says_so() {
    let mut result = evaluation(clean());
    result.sections[0].conditions.clear();
    result.sections[0].matrix = None;
    assert!(markdown(&result).contains("No clip could be scored."));
    assert!(html(&result, &BTreeMap::new()).contains("No clip could be scored."));
    let map = map();
    let none = Condition::new("audio", None, score(&Task::new(&map), &[], 10));
    result.sections = vec![Section::new("made-up", LabelKind::Class, vec![none])];
    assert!(markdown(&result).contains("0 clips"));
    assert!(html(&result, &BTreeMap::new()).contains("0 clips"));
}
