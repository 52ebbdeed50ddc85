//! The list of what was left out, kept short.

use crate::span::{Skipped, Span};

/// Entries nearer than this many seconds are one.
const NEAR: f64 = 1.0;

/// More entries than this are of no use to a reader; the last one then grows.
const LIMIT: usize = 200;

/// Damaged stretches in order of time, neighbours merged.
#[derive(Debug, Default)]
pub(crate) struct Skips(Vec<Skipped>);

impl Skips {
    pub(crate) fn list(&self) -> &[Skipped] {
        &self.0
    }

    pub(crate) fn into_list(self) -> Vec<Skipped> {
        self.0
    }

    /// Adds a stretch, or lengthens the last one where they touch or nearly do.
    pub(crate) fn add(&mut self, span: Option<Span>, reason: String) {
        let full = self.0.len() >= LIMIT;
        if let (Some(Skipped { span: Some(last), .. }), Some(new)) = (self.0.last_mut(), span)
            && (full || new.start - last.end < NEAR)
        {
            last.end = last.end.max(new.end);
        } else if !full {
            self.0.push(Skipped { span, reason });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_become_one_entry() {
        let mut skips = Skips::default();
        for start in [1.0, 1.1, 1.2, 5.0] {
            skips.add(Some(Span::new(start, start + 0.1)), "damaged".into());
        }
        let spans: Vec<_> = skips.list().iter().filter_map(|skipped| skipped.span).collect();
        assert_eq!(spans.len(), 2);
        assert!((spans[0].end - 1.3).abs() < 1e-9);
        assert_eq!(spans[1].start, 5.0);
    }
}
