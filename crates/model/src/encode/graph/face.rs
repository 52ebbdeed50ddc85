//! The face as a graph: 51 of the 68 landmarks of Sagonas et al. (2013), without the jaw line.

use burn::tensor::Tensor;

/// Landmarks of the full scheme.
pub(crate) const LANDMARKS: usize = 68;
/// Of those, the first that is not on the jaw line.
const JAW: usize = 17;
/// Landmarks that are nodes.
pub(crate) const NODES: usize = LANDMARKS - JAW;

/// Neighbours among the nodes, each pair once, as the authors' adjacency matrix has them: brows
/// 0-9, nose 10-18, eyes 19-30, mouth 31-50.
#[rustfmt::skip]
pub(crate) const EDGES: [[usize; 2]; 65] = [
    [0, 1], [0, 19], [1, 2], [2, 3], [3, 4], [4, 5], [5, 7], [6, 7], [6, 8], [8, 9], [9, 28],
    [10, 11], [10, 14], [10, 18], [10, 22], [10, 25], [11, 12], [12, 13], [13, 16], [14, 15],
    [15, 16], [16, 17], [16, 34], [17, 18], [19, 20], [19, 24], [19, 31], [20, 21], [21, 22],
    [22, 23], [23, 24], [25, 26], [25, 30], [26, 27], [27, 28], [28, 29], [28, 37], [29, 30],
    [31, 32], [31, 42], [31, 43], [32, 33], [33, 34], [33, 44], [34, 35], [34, 45], [35, 36],
    [35, 46], [36, 37], [37, 38], [37, 47], [38, 39], [39, 40], [40, 41], [41, 42], [43, 44],
    [43, 50], [44, 45], [44, 50], [45, 46], [46, 47], [46, 48], [47, 48], [48, 49], [49, 50],
];

/// Scales x and y, each to 0..1 over every step and landmark of a clip, and drops the jaw line.
/// An axis without extent is only shifted.
///
/// # Shapes
/// `[b, t, 68, 2]` raw coordinates and mask `[b, t]` -> `[b, t, 51, 2]`.
pub(crate) fn place(points: Tensor<4>, mask: &Tensor<2>) -> Tensor<4> {
    const FAR: f32 = 1e9;
    let hidden = ((-mask.clone() + 1.0) * FAR).unsqueeze_dims::<4>(&[2, 3]);
    let low = (points.clone() + hidden.clone()).min_dim(1).min_dim(2);
    let high = (points.clone() - hidden).max_dim(1).max_dim(2);
    let extent = high - low.clone();
    let flat = extent.clone().lower_equal_elem(0.0);
    ((points - low) / extent.mask_fill(flat, 1.0)).narrow(2, JAW, NODES)
}
