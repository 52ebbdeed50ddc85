//! Convolutions over time as products of matrices: the steps under a kernel lie side by side.

use burn::tensor::{Tensor, s};

/// A convolution over `[b, t, channels]`.
#[derive(Debug, Clone)]
pub(crate) struct Convolution {
    /// `[groups, kernel * size, out]`, a step after the other.
    weight: Tensor<3>,
    bias: Option<Tensor<1>>,
    kernel: usize,
    stride: usize,
    pad: usize,
}

impl Convolution {
    /// From a weight as it is published, `[out, channels / groups, kernel]`, with `pad` steps of
    /// silence at both ends.
    pub(crate) fn new(
        weight: Tensor<3>,
        bias: Option<Tensor<1>>,
        groups: usize,
        stride: usize,
        pad: usize,
    ) -> Self {
        let ([out, size, kernel], device) = (weight.dims(), weight.device());
        let weight = weight.reshape([groups, out / groups, size, kernel]).permute([0, 3, 2, 1]);
        let weight = weight.reshape([groups, kernel * size, out / groups]);
        let weight = Tensor::from_data(weight.into_data(), &device);
        Self { weight, bias, kernel, stride, pad }
    }

    /// # Shapes
    /// `[b, t, channels]` -> `[b, (t + 2 pad - kernel) / stride + 1, out]`; `t + 2 pad` is at
    /// least `kernel`.
    pub(crate) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let ([b, t, channels], device) = (x.dims(), x.device());
        let [groups, columns, out] = self.weight.dims();
        let x = if self.pad == 0 {
            x
        } else {
            let silence = Tensor::zeros([b, self.pad, channels], &device);
            Tensor::cat(vec![silence.clone(), x, silence], 1)
        };
        let length = (t + 2 * self.pad - self.kernel) / self.stride + 1;
        let (last, stride) = ((length - 1) * self.stride, self.stride as isize);
        let size = channels / groups;
        let parts = (0..groups).map(|group| {
            let x = x.clone().narrow(2, group * size, size);
            let steps = (0..self.kernel)
                .map(|tap| x.clone().slice_dim(1, s![tap..=tap + last;stride]))
                .collect();
            let rows = Tensor::cat(steps, 2).reshape([b * length, columns]);
            let weight = self.weight.clone().narrow(0, group, 1).squeeze_dim::<2>(0);
            rows.matmul(weight).reshape([b, length, out])
        });
        let y = Tensor::cat(parts.collect(), 2);
        match &self.bias {
            Some(bias) => y + bias.clone().unsqueeze(),
            None => y,
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::conv1d;
    use burn::tensor::ops::ConvOptions;
    use burn::tensor::{Device, Distribution, Tolerance};

    use super::*;

    #[test]
    fn a_product_over_steps_is_the_convolution() {
        let device = Device::flex();
        for (kernel, stride, pad, groups) in [(10, 5, 0, 1), (3, 2, 0, 1), (8, 1, 4, 2)] {
            let normal = Distribution::Normal(0.0, 1.0);
            let x = Tensor::<3>::random([2, 23, 6], normal, &device);
            let weight = Tensor::<3>::random([4, 6 / groups, kernel], normal, &device);
            let bias = Tensor::<1>::random([4], normal, &device);
            let options = ConvOptions::new([stride], [pad], [1], groups);
            let channels_first = x.clone().swap_dims(1, 2);
            let expected = conv1d(channels_first, weight.clone(), Some(bias.clone()), options);
            let got = Convolution::new(weight, Some(bias), groups, stride, pad).forward(x);
            let same = Tolerance::<f32>::rel_abs(1e-5, 1e-5);
            got.into_data().assert_approx_eq(&expected.swap_dims(1, 2).into_data(), same);
        }
    }
}
