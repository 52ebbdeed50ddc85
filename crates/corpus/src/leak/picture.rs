//! A fingerprint of pictures that survives another size, another codec, another brightness, and
//! a mirror: 16 x 16 means, the overall mean taken away.

use limbic_media::GrayImage;
use rayon::prelude::*;

use super::print::Content;
use super::search::{Gallery, unit, waves};

/// Side of the small picture.
const SIDE: usize = 16;

/// From this correlation on, two pictures are copies of each other. Of the 30,768 different
/// pictures of FER2013, 1,494 pairs are: one photograph each, cut, lit or stamped differently, and
/// those down to 0.956 that were looked at still are.
const SAME_PICTURE: f32 = 0.97;

/// The fingerprint of one picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PicturePrint {
    /// A unit vector.
    pub(crate) vector: Box<[f32]>,
}

impl PicturePrint {
    /// The fingerprint of a picture; `None` where it is all one grey.
    pub(crate) fn new(picture: &GrayImage) -> Option<Self> {
        let small = picture.resized(SIDE as u32, SIDE as u32);
        let grid: Vec<f32> = small.pixels().iter().map(|pixel| f32::from(*pixel)).collect();
        let waves = waves(&grid, SIDE, SIDE);
        let vector = waves[1..].iter().map(|(_, _, wave)| *wave).collect();
        // Half a grey step everywhere is rounding.
        Some(Self { vector: unit(vector, 0.5 * SIDE as f32)? })
    }

    /// The fingerprint of the picture in a mirror: waves with an odd number of halves across
    /// turn over.
    pub(crate) fn mirrored(&self) -> Box<[f32]> {
        let order = waves(&[0.0; SIDE * SIDE], SIDE, SIDE);
        let turned = order[1..].iter().zip(&self.vector);
        turned.map(|((_, across, _), wave)| if across % 2 == 1 { -wave } else { *wave }).collect()
    }
}

/// All pictures of some clips.
pub(crate) struct Pictures<'a> {
    /// With the index of their clip.
    prints: Vec<(usize, &'a PicturePrint)>,
    gallery: Gallery<'a>,
}

impl<'a> Pictures<'a> {
    pub(crate) fn new(contents: &'a [Content]) -> Self {
        let prints: Vec<_> = contents
            .iter()
            .enumerate()
            .flat_map(|(clip, content)| content.pictures.iter().map(move |p| (clip, p)))
            .collect();
        let entries = prints.iter().map(|(clip, print)| (print.vector[0], &*print.vector, *clip));
        // Two unit vectors this alike differ by no more than this in any coordinate.
        let reach = (2.0 - 2.0 * SAME_PICTURE).sqrt();
        Self { gallery: Gallery::new(entries, reach, SAME_PICTURE), prints }
    }

    /// The first clip that has a copy of this picture, mirrored or not.
    pub(crate) fn copy_of(&self, picture: &PicturePrint) -> Option<usize> {
        let mirrored = picture.mirrored();
        let found = [&picture.vector, &mirrored];
        found.into_iter().flat_map(|v| self.gallery.like(v[0], v, |_| true)).min()
    }

    /// Pairs of different clips with copies of one picture, mirrored or not.
    pub(crate) fn pairs(&self) -> Vec<(usize, usize)> {
        let mut pairs = self.gallery.pairs(|a, b| a != b);
        let mirrored = self.prints.par_iter().map(|(clip, print)| {
            let vector = print.mirrored();
            let found = self.gallery.like(vector[0], &vector, |other| other > *clip);
            found.into_iter().map(|other| (*clip, other)).collect::<Vec<_>>()
        });
        pairs.extend(mirrored.flatten_iter().collect::<Vec<_>>());
        pairs
    }
}
