//! The result of every extractor: a matrix whose rows have times.

use crate::{Error, Result};
use limbic_media::{Modality, Span};

/// When the rows of [`Features`] are, in seconds from the beginning of the clip.
#[derive(Debug, Clone, PartialEq)]
pub enum Times {
    /// Row `i` is centred on `start + i * hop`.
    Steps {
        /// Centre of the first row.
        start: f64,
        /// Distance between rows.
        hop: f64,
    },
    /// Row `i` describes the stretch `spans[i]`.
    Spans(Vec<Span>),
    /// Rows have an order and no time, such as the words of a text.
    Order,
}

/// `t` rows of `d` numbers that describe one modality of one clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    modality: Modality,
    shape: [usize; 2],
    data: Vec<f32>,
    times: Times,
    names: Vec<String>,
}

impl Features {
    /// Features of shape `[t, d]` from `data`, row after row. `d` is at least one, and `times`
    /// has a span for each row where it has spans.
    pub fn new(
        modality: Modality,
        shape: [usize; 2],
        data: Vec<f32>,
        times: Times,
    ) -> Result<Self> {
        let [t, d] = shape;
        if d == 0 {
            return Err(Error::Shape { part: "columns", found: 0, expected: 1 });
        }
        let expected = t.checked_mul(d);
        if expected != Some(data.len()) {
            let expected = expected.unwrap_or(usize::MAX);
            return Err(Error::Shape { part: "values", found: data.len(), expected });
        }
        if let Times::Spans(spans) = &times
            && spans.len() != t
        {
            return Err(Error::Shape { part: "spans", found: spans.len(), expected: t });
        }
        Ok(Self { modality, shape, data, times, names: Vec::new() })
    }

    /// The same with a name for each of the `d` columns.
    pub fn with_names(mut self, names: Vec<String>) -> Result<Self> {
        if names.len() != self.shape[1] {
            let (found, expected) = (names.len(), self.shape[1]);
            return Err(Error::Shape { part: "names", found, expected });
        }
        self.names = names;
        Ok(self)
    }

    /// What the numbers describe.
    pub const fn modality(&self) -> Modality {
        self.modality
    }

    /// Rows and columns, `[t, d]`.
    pub const fn shape(&self) -> [usize; 2] {
        self.shape
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.shape[0]
    }

    /// Whether there is no row at all.
    pub const fn is_empty(&self) -> bool {
        self.shape[0] == 0
    }

    /// Every number, row after row: `t * d` of them.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Every number, row after row, without a copy.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// The rows in order, `d` numbers each.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.data.chunks_exact(self.shape[1])
    }

    /// Row `index`, if there is one.
    pub fn row(&self, index: usize) -> Option<&[f32]> {
        self.rows().nth(index)
    }

    /// When the rows are.
    pub const fn times(&self) -> &Times {
        &self.times
    }

    /// The centre of row `index` in seconds, if there is such a row and rows have times.
    pub fn time(&self, index: usize) -> Option<f64> {
        match &self.times {
            Times::Order => None,
            _ if index >= self.len() => None,
            Times::Steps { start, hop } => Some(start + index as f64 * hop),
            Times::Spans(spans) => spans.get(index).map(|span| f64::midpoint(span.start, span.end)),
        }
    }

    /// A name for each column, or nothing where columns have no names.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: Times = Times::Steps { start: 0.5, hop: 0.25 };

    #[test]
    fn rows_columns_and_times_fit_together() {
        let data = (0..6).map(|i| i as f32).collect();
        let features = Features::new(Modality::Audio, [3, 2], data, STEPS).unwrap();
        assert_eq!(features.row(1), Some([2.0, 3.0].as_slice()));
        assert_eq!(features.row(3), None);
        assert_eq!((features.time(2), features.time(3)), (Some(1.0), None));
        let spans = Times::Spans(vec![Span::new(0.0, 1.0), Span::new(1.0, 4.0)]);
        let features = Features::new(Modality::Text, [2, 1], vec![0.0; 2], spans).unwrap();
        assert_eq!(features.time(1), Some(2.5));
    }

    #[test]
    fn a_wrong_number_of_values_spans_or_names_is_refused() {
        let make = |t, d, n, times| Features::new(Modality::Audio, [t, d], vec![0.0; n], times);
        assert!(make(2, 2, 3, STEPS).is_err());
        assert!(make(0, 0, 0, STEPS).is_err());
        assert!(make(usize::MAX, 2, 3, STEPS).is_err());
        assert!(make(2, 1, 2, Times::Spans(vec![Span::default()])).is_err());
        assert!(make(0, 2, 0, STEPS).unwrap().with_names(vec!["one".into()]).is_err());
    }
}
