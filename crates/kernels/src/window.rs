//! Square windows that slide over pictures whose channels come last.

/// A square window that slides over a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Side, in places.
    pub kernel: usize,
    /// Places from one window to the next.
    pub stride: usize,
    /// Places of silence around the picture.
    pub pad: usize,
}

impl Window {
    /// How many windows fit along a side of `length`.
    pub const fn count(&self, length: usize) -> usize {
        (length + 2 * self.pad).saturating_sub(self.kernel) / self.stride + 1
    }

    /// Of the window at `index`: the first place of the picture inside it, the first of its own
    /// places that holds one, and how many do.
    fn inside(&self, index: usize, length: usize) -> (usize, usize, usize) {
        let start = index * self.stride;
        let skip = self.pad.saturating_sub(start);
        let from = (start + skip) - self.pad;
        let held = self.kernel.saturating_sub(skip).min(length.saturating_sub(from));
        (from, skip, held)
    }
}

/// Lays out the window at every place: column `(ky * kernel + kx) * c + channel` of `out`, which
/// is zero where the window hangs over the edge, and stays so.
pub(crate) fn spread(x: &[f32], [_, h, w, c]: [usize; 4], window: Window, out: &mut [f32]) {
    let k = window.kernel;
    let (tall, wide) = (window.count(h), window.count(w));
    for (line, out) in out.chunks_mut(wide * k * k * c).enumerate() {
        let picture = &x[line / tall * h * w * c..][..h * w * c];
        let (y, skip_y, held_y) = window.inside(line % tall, h);
        for (column, out) in out.chunks_mut(k * k * c).enumerate() {
            let (x, skip_x, held_x) = window.inside(column, w);
            for row in 0..held_y {
                let from = ((y + row) * w + x) * c;
                let to = ((skip_y + row) * k + skip_x) * c;
                out[to..to + held_x * c].copy_from_slice(&picture[from..from + held_x * c]);
            }
        }
    }
}

/// The transpose of [`spread`]: every place collects what its windows hold, in one fixed order.
pub(crate) fn gather(columns: &[f32], [_, h, w, c]: [usize; 4], window: Window, out: &mut [f32]) {
    let k = window.kernel;
    let (tall, wide) = (window.count(h), window.count(w));
    let windows = columns.chunks(tall * wide * k * k * c);
    for (picture, columns) in out.chunks_mut(h * w * c).zip(windows) {
        for (place, column) in columns.chunks(k * k * c).enumerate() {
            let (y, skip_y, held_y) = window.inside(place / wide, h);
            let (x, skip_x, held_x) = window.inside(place % wide, w);
            for row in 0..held_y {
                let to = ((y + row) * w + x) * c;
                let from = ((skip_y + row) * k + skip_x) * c;
                let into = &mut picture[to..to + held_x * c];
                into.iter_mut().zip(&column[from..]).for_each(|(sum, value)| *sum += value);
            }
        }
    }
}
