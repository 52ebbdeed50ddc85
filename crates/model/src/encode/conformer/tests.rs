//! What a conformer promises, at small sizes.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};

use super::*;

fn small(axes: Axes) -> ConformerConfig {
    let frame = Some(3);
    ConformerConfig { layers: 2, heads: 2, kernel: 5, expansion: 2, dropout: 0.0, frame, axes }
}

fn random(shape: [usize; 3], device: &Device) -> Tensor<3> {
    // Not from the device's generator, which tests that run at once share.
    let place = Tensor::<1, Int>::arange(0..shape.iter().product::<usize>() as i64, device).float();
    ((place.clone() * place * 0.013).sin() * 1.4).reshape(shape)
}

fn gap(a: Tensor<3>, b: Tensor<3>) -> f32 {
    (a - b).abs().max().into_scalar()
}

/// Clip 0 of a batch beside the same clip alone.
fn alone_or_not(axes: Axes) -> f32 {
    let device = Device::flex();
    let x = random([4, 9, 5], &device);
    let mask = Tensor::ones([4, 9], &device);
    let conformer = small(axes).init(5, 8, &device);
    let together = conformer.forward(x.clone(), &mask).narrow(0, 0, 1);
    gap(together, conformer.forward(x.narrow(0, 0, 1), &mask.narrow(0, 0, 1)))
}

#[test]
fn vavl_v5_a_clip_does_not_depend_on_its_batch_but_with_the_reference_axes() {
    assert!(alone_or_not(Axes::Time) < 1e-6);
    assert!(alone_or_not(Axes::Reference) > 1e-2);
}

/// Three clips of 4, 7 and 6 steps, padded to `t` with numbers that must not matter.
fn padded(t: usize, device: &Device) -> (Tensor<3>, Tensor<2>) {
    let x = random([3, 7, 5], &Device::flex());
    let mask = Tensor::<2>::from_data(
        [[1., 1., 1., 1., 0., 0., 0.], [1.; 7], [1., 1., 1., 1., 1., 1., 0.]],
        &Device::flex(),
    );
    let more = [3, t - 7];
    let x = Tensor::cat(vec![x, random([more[0], more[1], 5], &Device::flex()) * 9.0], 1);
    let mask = Tensor::cat(vec![mask, Tensor::zeros(more, &Device::flex())], 1);
    (Tensor::from_data(x.into_data(), device), Tensor::from_data(mask.into_data(), device))
}

#[test]
fn vavl_v5_padding_changes_nothing() {
    for device in [Device::flex(), Device::flex().autodiff()] {
        let conformer = small(Axes::Time).init(5, 8, &device);
        let read = |t| {
            let (x, mask) = padded(t, &device);
            (conformer.forward(x, &mask) * mask.unsqueeze_dim(2)).narrow(1, 0, 7)
        };
        assert!(gap(read(8), read(12)) < 1e-6);
        // A clip padded in a batch reads as it does alone; batch statistics aside.
        let (conformer, device) = (conformer.valid(), Device::flex());
        let (x, mask) = padded(12, &device);
        let together = conformer.forward(x.clone(), &mask).narrow(0, 0, 1).narrow(1, 0, 4);
        let clip = x.narrow(0, 0, 1).narrow(1, 0, 4);
        assert!(gap(together, conformer.forward(clip, &Tensor::ones([1, 4], &device))) < 1e-6);
    }
}

#[test]
fn running_statistics_see_no_padding() {
    let device = Device::flex().autodiff();
    let first = small(Axes::Time).init(5, 8, &device);
    // A clone would share the statistics, a record does not.
    let second = small(Axes::Time).init(5, 8, &device).load_record(first.clone().into_record());
    let means = |conformer: Conformer, t| {
        let (x, mask) = padded(t, &device);
        let _ = conformer.forward(x, &mask);
        conformer.valid().blocks[1].convolution.running_mean()
    };
    let (short, long) = (means(first, 8), means(second, 12));
    assert!(short.clone().abs().max().into_scalar::<f32>() > 1e-3);
    assert!((short - long).abs().max().into_scalar::<f32>() < 1e-6);
}

#[test]
fn published_sizes() {
    let device = Device::flex();
    // Running statistics are no parameters: two numbers a channel and block.
    let count = |features, frame, layers| {
        let config = ConformerConfig { layers, frame, ..ConformerConfig::default() };
        config.init(features, 512, &device).num_params() - layers * 2 * 512
    };
    assert_eq!(count(1024, Some(50), 3), 19_046_912);
    assert_eq!(count(1408, Some(50), 3), 19_066_112);
    assert_eq!(count(512, None, 1) - count(512, None, 0), 6_323_200);
}

#[test]
fn impossible_sizes_are_named() {
    let good = small(Axes::Time);
    assert!(good.check("body", 8).is_ok());
    for (config, says) in [
        (ConformerConfig { heads: 3, ..good.clone() }, "body.heads"),
        (ConformerConfig { heads: 0, ..good.clone() }, "body.heads"),
        (ConformerConfig { kernel: 4, ..good.clone() }, "body.kernel"),
        (ConformerConfig { expansion: 0, ..good.clone() }, "body.expansion"),
        (ConformerConfig { frame: Some(0), ..good.clone() }, "body.frame"),
        (ConformerConfig { dropout: 1.0, ..good.clone() }, "body.dropout"),
    ] {
        let error = config.check("body", 8).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
