//! Sentiment cut into classes, as MOSI, MOSEI and CH-SIMS are scored in MMSA (Mao et al. 2022).

/// A way to cut a sentiment into classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Of -3 to 3: negative, or zero and positive.
    Has0,
    /// Of -3 to 3: negative or positive, of the clips whose label is not zero. An answer of zero
    /// counts as negative.
    Non0,
    /// Of -3 to 3: clipped to -2 to 2 and rounded.
    Five,
    /// Of -3 to 3: clipped and rounded.
    Seven,
    /// Of -1 to 1: up to 0, and above.
    Sims2,
    /// Of -1 to 1: up to -0.1, up to 0.1, and above.
    Sims3,
    /// Of -1 to 1: up to -0.7, -0.1, 0.1, 0.7, and above.
    Sims5,
}

impl Cut {
    /// How many classes.
    pub fn classes(self) -> usize {
        match self {
            Self::Has0 | Self::Non0 | Self::Sims2 => 2,
            Self::Sims3 => 3,
            Self::Five | Self::Sims5 => 5,
            Self::Seven => 7,
        }
    }

    /// The classes of a label and an answer; `None` for a clip that does not count or has no
    /// number. Halves are rounded to the even number, as in `numpy.round`.
    pub fn pair(self, truth: f64, said: f64) -> Option<(usize, usize)> {
        if truth.is_nan() || said.is_nan() || (self == Self::Non0 && truth == 0.0) {
            return None;
        }
        let rounded = |x: f64, most: f64| (x.clamp(-most, most).round_ties_even() + most) as usize;
        let above = |x: f64, bounds: &[f64]| {
            bounds.iter().filter(|bound| x.clamp(-1.0, 1.0) > **bound).count()
        };
        let class = |x: f64| match self {
            Self::Has0 => usize::from(x >= 0.0),
            Self::Non0 => usize::from(x > 0.0),
            Self::Five => rounded(x, 2.0),
            Self::Seven => rounded(x, 3.0),
            Self::Sims2 => above(x, &[0.0]),
            Self::Sims3 => above(x, &[-0.1, 0.1]),
            Self::Sims5 => above(x, &[-0.7, -0.1, 0.1, 0.7]),
        };
        Some((class(truth), class(said)))
    }

    /// The pairs of several clips.
    pub fn pairs(self, truth: &[f64], said: &[f64]) -> Vec<(usize, usize)> {
        truth.iter().zip(said).filter_map(|(truth, said)| self.pair(*truth, *said)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_positive_nothing_or_negative() {
        assert_eq!(Cut::Has0.pair(0.0, -0.1), Some((1, 0)));
        assert_eq!(Cut::Non0.pair(0.0, -0.1), None);
        assert_eq!(Cut::Non0.pair(0.4, 0.0), Some((1, 0)));
        assert_eq!(Cut::Sims2.pair(0.0, 0.1), Some((0, 1)));
        assert_eq!(Cut::Has0.pair(f64::NAN, 0.0), None);
    }

    #[test]
    fn halves_go_to_the_even_class_and_far_answers_to_the_last() {
        assert_eq!(Cut::Seven.pair(2.5, 9.0), Some((5, 6)));
        assert_eq!(Cut::Seven.pair(-0.5, 1.5), Some((3, 5)));
        assert_eq!(Cut::Five.pair(-2.9, 1.4), Some((0, 3)));
        assert_eq!(Cut::Sims5.pair(-0.7, 0.1), Some((0, 2)));
        assert_eq!(Cut::Sims3.pair(0.2, -3.0), Some((2, 0)));
    }
}
