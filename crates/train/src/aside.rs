//! Training clips that are kept aside, where a corpus has no part for it.

use std::collections::BTreeSet;

use limbic_corpus::leak::{Side, duplicated_in};
use limbic_corpus::{Card, Example, Part};

/// Moves a `share` of the training clips to the development part, evenly through the corpus: whole
/// speakers where they are known. Clips of which a copy stays in training stay there too.
pub(crate) fn keep(card: &Card, examples: &mut [Example], share: f64) {
    let trains = |example: &Example| matches!(example.part, Part::Train | Part::Whole);
    let group = |example: &Example| example.speaker.clone().unwrap_or_else(|| example.id.clone());
    let groups: BTreeSet<String> = examples.iter().filter(|e| trains(e)).map(group).collect();
    let every = (1.0 / share).round() as usize;
    let chosen: BTreeSet<String> = groups.into_iter().skip(every / 2).step_by(every).collect();
    let aside: Vec<usize> = (0..examples.len())
        .filter(|i| trains(&examples[*i]) && chosen.contains(&group(&examples[*i])))
        .collect();
    let copied: BTreeSet<usize> = {
        let stays = examples.iter().filter(|e| trains(e) && !chosen.contains(&group(e)));
        let (train, dev) =
            (Side::new(card, stays), Side::new(card, aside.iter().map(|i| &examples[*i])));
        duplicated_in(&train, &dev, None).into_iter().map(|place| aside[place]).collect()
    };
    for index in aside.into_iter().filter(|index| !copied.contains(index)) {
        examples[index].part = Part::Dev;
    }
}

#[cfg(test)]
mod tests {
    use limbic_corpus::Media;

    use super::*;

    fn clips(speakers: usize) -> Vec<Example> {
        let clip = |i: usize| {
            let mut clip = Example::new(format!("clip-{i:02}"));
            clip.speaker = (speakers > 0).then(|| format!("speaker-{:02}", i % speakers));
            clip.media = vec![Media::Text(format!("these are the words of clip number {i}"))];
            clip
        };
        (0..40).map(clip).collect()
    }

    fn aside(examples: &[Example]) -> Vec<usize> {
        (0..examples.len()).filter(|i| examples[*i].part == Part::Dev).collect()
    }

    #[test]
    fn whole_speakers_go_and_clips_where_none_is_known() {
        let card = crate::dataset::made_up(1).cards[0].clone();
        let mut spoken = clips(10);
        keep(&card, &mut spoken, 0.2);
        assert_eq!(aside(&spoken), [2, 7, 12, 17, 22, 27, 32, 37], "speakers 2 and 7");
        let mut alone = clips(0);
        alone[0].part = Part::Valid;
        keep(&card, &mut alone, 0.1);
        assert_eq!(aside(&alone), [6, 16, 26, 36], "every tenth of the others");
    }

    #[test]
    fn a_clip_whose_copy_is_learned_from_stays() {
        let card = crate::dataset::made_up(1).cards[0].clone();
        let mut examples = clips(0);
        examples[15].media = examples[3].media.clone();
        keep(&card, &mut examples, 0.1);
        assert_eq!(aside(&examples), [5, 25, 35]);
    }
}
