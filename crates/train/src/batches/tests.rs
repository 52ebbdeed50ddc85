use rand::SeedableRng;

use super::*;
use crate::dataset::made_up;

fn audio(batch: &PerModality<Input>) -> (Vec<f32>, Vec<f32>, [usize; 3]) {
    let Some(Input::Series(sequence)) = batch.get(Modality::Audio) else { panic!("no audio") };
    let numbers = |data: TensorData| data.iter::<f32>().collect();
    (
        numbers(sequence.x.clone().into_data()),
        numbers(sequence.mask.clone().into_data()),
        sequence.x.dims(),
    )
}

#[test]
fn every_batch_has_one_corpus_and_the_same_modalities() {
    let mut dataset = made_up(40);
    for index in 0..40 {
        let absent = [Modality::Audio, Modality::Vision, Modality::Text][index % 3];
        dataset.items[index].values.remove(absent);
    }
    let all: Vec<usize> = (0..40).collect();
    let batches = deal(&dataset, &all, &Dealing::once(6), &mut ChaCha8Rng::seed_from_u64(1));
    assert_eq!(batches.len(), count(&dataset, &all, &Dealing::once(6)));
    for batch in batches.iter().chain(&in_order(&dataset, &all, 6)) {
        assert!(batch.iter().all(|i| kind(&dataset, *i) == kind(&dataset, batch[0])));
        let inputs = collate(&dataset, batch, &[], None, &Device::flex()).inputs;
        let (_, present) = kind(&dataset, batch[0]);
        assert_eq!(inputs.iter().map(|(m, _)| m).collect::<Vec<_>>(), present);
    }
    let mut dealt: Vec<usize> = batches.concat();
    dealt.sort_unstable();
    assert_eq!(dealt, all);
}

#[test]
fn series_are_padded_whole_or_cut_to_the_window_from_their_beginning() {
    let mut dataset = made_up(3);
    // Clip i has i + 2 steps of two numbers, which count up.
    let batch = collate(&dataset, &[0, 2], &[], None, &Device::flex());
    let (x, mask, shape) = audio(&batch.inputs);
    assert_eq!((shape, mask), ([2, 4, 2], vec![1., 1., 0., 0., 1., 1., 1., 1.]));
    assert_eq!(x[..8], [0., 1., 2., 3., 0., 0., 0., 0.]);
    assert!(batch.second.is_none());
    dataset.window = Some(3);
    let (x, mask, shape) = audio(&collate(&dataset, &[0, 2], &[], None, &Device::flex()).inputs);
    assert_eq!((shape, mask), ([2, 3, 2], vec![1.; 6]));
    // The shorter clip starts over.
    assert_eq!(x, [0., 1., 2., 3., 0., 1., 200., 201., 202., 203., 204., 205.]);
}

#[test]
fn two_looks_are_stretches_of_the_same_clip_that_begin_together_in_every_modality() {
    let mut dataset = made_up(60);
    (dataset.window, dataset.second) = (Some(4), true);
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let batch = collate(&dataset, &[57, 58, 59], &[], Some(&mut random), &Device::flex());
    let second = batch.second.unwrap();
    let (one, ..) = audio(&batch.inputs);
    let (two, ..) = audio(&second);
    assert_ne!(one, two);
    for (row, clip) in [57.0, 58.0, 59.0].iter().enumerate() {
        for look in [&one, &two] {
            let stretch = &look[row * 8..][..8];
            assert!(stretch.windows(2).all(|w| w[1] == w[0] + 1.0), "{stretch:?}");
            assert!(stretch[0] >= clip * 100.0 && stretch[7] < clip * 100.0 + 2.0 * (clip + 2.0));
        }
    }
    // The text of a clip is the same series as its sound, so its stretch must be the same.
    let Some(Input::Series(text)) = batch.inputs.get(Modality::Text) else { panic!("no text") };
    assert_eq!(text.x.clone().into_data().iter::<f32>().collect::<Vec<_>>(), one);
    let scored = collate(&dataset, &[57], &[], None, &Device::flex());
    assert_eq!(audio(&scored.inputs), audio(&scored.second.unwrap()));
}

#[test]
fn a_stretch_may_begin_anywhere_and_stays_inside() {
    let steps: Vec<f32> = (0..10).map(|i| i as f32).collect();
    let first = |at: f32| stretch(&steps, 1, Some(Cut { steps: 4, at }))[0];
    assert_eq!([first(0.0), first(0.5), first(0.999)], [0.0, 3.0, 6.0]);
    assert_eq!(
        stretch(&steps[..3], 1, Some(Cut { steps: 7, at: 0.9 })),
        [0., 1., 2., 0., 1., 2., 0.]
    );
    assert_eq!(stretch(&steps, 1, None).len(), 10);
}

#[test]
fn mixup_blends_all_modalities_of_a_clip_alike_and_leaves_ragged_series_alone() {
    let mut dataset = made_up(8);
    let (batch, changes) = (
        [0, 1, 2, 3, 4, 5, 6, 7],
        [Augment::Mixup { alpha: 1.0, each: false, corpora: Vec::new() }],
    );
    let mixed = |dataset: &Dataset| {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        collate(dataset, &batch, &changes, Some(&mut random), &Device::flex())
    };
    let whole = |batch: &Batch| {
        let Target::Class(rows) = &batch.targets[0].1 else { panic!("no classes") };
        rows.clone().into_data().iter::<f32>().all(|weight| weight == 0.0 || weight == 1.0)
    };
    assert!(whole(&mixed(&dataset)), "series of different lengths have no mean");
    dataset.window = Some(4);
    let blended = mixed(&dataset);
    assert!(!whole(&blended));
    let Some(Input::Series(face)) = blended.inputs.get(Modality::Vision) else { panic!("no face") };
    let face: Vec<f32> = face.x.clone().into_data().iter::<f32>().collect();
    // The face of clip i is (i, class of i), so its second number is the weight of class 1.
    let Target::Class(rows) = &blended.targets[0].1 else { panic!("no classes") };
    let rows: Vec<f32> = rows.clone().into_data().iter::<f32>().collect();
    for clip in 0..8 {
        assert!((face[clip * 2 + 1] - rows[clip * 3 + 1] - 2.0 * rows[clip * 3 + 2]).abs() < 1e-5);
    }
}

#[test]
fn batches_of_a_speaker_hold_nobody_else() {
    let dataset = made_up(40);
    let all: Vec<usize> = (0..40).collect();
    let dealing = Dealing { by_speaker: true, ..Dealing::once(6) };
    let dealt = deal(&dataset, &all, &dealing, &mut ChaCha8Rng::seed_from_u64(1));
    let counted = count(&dataset, &all, &dealing);
    assert_eq!((dealt.len(), counted), (8, 8), "four speakers, ten clips each");
    for batch in &dealt {
        let speaker = |index: &usize| dataset.items[*index].speaker.clone();
        assert!(batch.iter().all(|index| speaker(index) == speaker(&batch[0])));
    }
}

#[test]
fn a_corpus_comes_as_often_as_it_is_asked_for() {
    let dataset = made_up(10);
    let all: Vec<usize> = (0..10).collect();
    for times in [0, 1, 3] {
        let repeat = std::iter::once(("made-up".to_owned(), times)).collect();
        let dealing = Dealing { repeat, ..Dealing::once(4) };
        let dealt = deal(&dataset, &all, &dealing, &mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!((dealt.len(), count(&dataset, &all, &dealing)), (3 * times, 3 * times));
        let mut clips: Vec<usize> = dealt.concat();
        clips.sort_unstable();
        let expected: Vec<usize> = all.iter().flat_map(|clip| vec![*clip; times]).collect();
        assert_eq!(clips, expected);
    }
}

#[test]
fn batches_are_of_clips_about_as_long_as_each_other() {
    // Clip i has i + 2 steps; a pool of 32 batches is sorted before it is cut.
    let dataset = made_up(120);
    let all: Vec<usize> = (0..120).collect();
    let mut dealt = deal(&dataset, &all, &Dealing::once(4), &mut ChaCha8Rng::seed_from_u64(1));
    for batch in &mut dealt {
        batch.sort_unstable();
        assert!(batch[3] - batch[0] == 3, "{batch:?}");
    }
    let order: Vec<usize> = dealt.iter().map(|batch| batch[0]).collect();
    assert!(!order.is_sorted(), "the batches themselves come in any order");
}
