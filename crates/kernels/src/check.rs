//! What tests of operations share: one operation against another, forward and back.

use burn::tensor::{Device, Gradients, Tensor, TensorData, Tolerance};

/// Numbers between -1 and 1 that look random.
pub(crate) fn wave(count: usize, salt: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * i % 9973) as f32 * 0.37 + i as f32 * 1.3 + salt as f32 * 0.7).sin())
        .collect()
}

/// A leaf of such numbers.
pub(crate) fn leaf<const D: usize>(shape: [usize; D], salt: usize) -> Tensor<D> {
    let data = TensorData::new(wave(shape.iter().product(), salt), shape);
    Tensor::from_data(data, &Device::flex().autodiff()).require_grad()
}

/// The slope along a leaf.
pub(crate) type Slope<'a> = Box<dyn Fn(&Gradients) -> Option<TensorData> + 'a>;

/// Both say the same, and their gradients along the leaves are the same where their numbers are
/// weighed at random.
pub(crate) fn same<const D: usize>(
    got: Tensor<D>,
    expected: Tensor<D>,
    leaves: &[(&str, Slope<'_>)],
) {
    let near = Tolerance::<f32>::rel_abs(1e-3, 2e-4);
    got.to_data().assert_approx_eq(&expected.to_data(), near);
    let weigh = leaf(expected.dims(), 99).detach();
    let a = (expected * weigh.clone()).sum().backward();
    let b = (got * weigh).sum().backward();
    for (name, slope) in leaves {
        match (slope(&a), slope(&b)) {
            (Some(a), Some(b)) => {
                let apart = a.iter::<f32>().zip(b.iter::<f32>()).map(|(a, b)| (a - b).abs());
                let most = apart.fold(0f32, f32::max);
                let size = a.iter::<f32>().map(f32::abs).fold(0f32, f32::max);
                assert!(most <= 2e-4 + 1e-3 * size, "{name}: {most} of {size}");
                assert!(b.iter::<f32>().all(f32::is_finite), "{name}");
            }
            (a, b) => panic!("{name}: {} and {}", a.is_some(), b.is_some()),
        }
    }
}

/// Leaves by name, for [`same`].
macro_rules! along {
    ($($leaf:ident),* $(,)?) => {
        &[$((
            stringify!($leaf),
            Box::new(|slopes: &burn::tensor::Gradients| {
                $leaf.grad(slopes).map(burn::tensor::Tensor::into_data)
            }) as crate::check::Slope<'_>,
        )),*]
    };
}

pub(crate) use along;
