use burn::tensor::{Device, Distribution, Tensor, Tolerance};

use super::{R2plus1dConfig, origin};
use crate::golden::mpuc::{self, FORWARD};
use crate::golden::{learned, open};

const PREFIX: &str = "video_encoder.model.";

#[test]
fn golden_mpuc_video() {
    let Some(golden) = open("mpuc_video") else { return };
    let device = Device::flex().autodiff();
    let network = mpuc::video(&golden).init(&device);
    mpuc::compare(&golden, "video", PREFIX, network, origin, 1e-6, |network, view| {
        network.forward(golden.tensor::<5>(&format!("input.view{view}.video"), &device))
    });
}

#[test]
fn golden_mpuc_video_layers() {
    let Some(golden) = open("mpuc_video") else { return };
    let device = Device::flex();
    let network = golden.fill(mpuc::video(&golden).init(&device), PREFIX, origin);
    let x = golden.tensor::<5>("input.view1.video", &device).narrow(0, 0, 1);
    let close = |name: String, x: &Tensor<5>| {
        let name = format!("mid.video.{name}_sample0");
        golden.close(&name, x.clone().permute([0, 4, 1, 2, 3]), FORWARD);
    };
    let mut x = network.enter(x);
    close("stem".to_owned(), &x);
    for (stage, blocks) in network.stages.iter().enumerate() {
        x = blocks.iter().fold(x, |x, block| block.forward(x));
        close(format!("layer{}", stage + 1), &x);
    }
    assert_eq!(network.stages.len() + 2, golden.names("mid.").len());
}

#[test]
fn mpuc_t11_the_video_encoder_has_the_published_size() {
    let network = R2plus1dConfig::default().init(&Device::flex());
    assert_eq!(learned(&network).iter().map(|(_, size)| size).sum::<usize>(), 31_562_781);
    let between = |stage: usize, block: usize| {
        let block = &network.stages[stage][block];
        [&block.first, &block.second].map(|half| half.spatial.conv.weight.dims()[0])
    };
    // Once a block, from what enters and leaves it.
    let expected = [[144, 144], [230, 288], [460, 576], [921, 1152]];
    for (stage, [first, second]) in expected.into_iter().enumerate() {
        assert_eq!(between(stage, 0), [first; 2]);
        assert_eq!(between(stage, 1), [second; 2]);
    }
}

#[test]
fn mpuc_t9_a_video_feature_is_the_clips_own() {
    let device = Device::flex();
    let config = R2plus1dConfig { stem: [3, 4], widths: vec![4, 6], out: 5, ..Default::default() };
    let network = config.init(&device);
    let x = Tensor::<5>::random([3, 3, 4, 12, 12], Distribution::Default, &device);
    let expected = network.forward(x.clone()).narrow(0, 2, 1).into_data();
    let tolerance = Tolerance::<f32>::rel_abs(1e-5, 1e-6);
    network.forward(x.narrow(0, 2, 1)).into_data().assert_approx_eq(&expected, tolerance);
}
