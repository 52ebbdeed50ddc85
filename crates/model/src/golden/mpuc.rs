//! What the parts of MPUC share when they are compared, and the whole of `mpuc_full`.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{Golden, learned, open, still};
use crate::Target;
use crate::encode::graph::GraphConfig;
use crate::encode::r2plus1d::R2plus1dConfig;
use crate::encode::tcn::TcnConfig;
use crate::encode::transformer::{Positions, TransformerConfig};
use crate::objective::contrast::{Contrast, Projections};
use crate::project::{self, Projector, ProjectorConfig};
use crate::reference::Origin;

mod whole;

/// Names of the modalities, in the authors' order, with the names of their projectors.
pub(crate) const MODALITIES: [(&str, &str); 4] = [
    ("audio", "proj_audio."),
    ("graph", "proj_ld."),
    ("video", "proj_video."),
    ("text", "proj_text."),
];

/// The largest error of an activation.
pub(crate) const FORWARD: f64 = 2e-5;
/// The largest error of a loss.
pub(crate) const LOSS: f64 = 1e-5;

impl Golden {
    /// How many weights begin with `prefix` and end in `suffix`.
    fn count(&self, prefix: &str, suffix: &str) -> usize {
        self.names(prefix).iter().filter(|name| name.ends_with(suffix)).count()
    }
}

/// Sizes of the audio encoder of a file.
pub(crate) fn audio(golden: &Golden) -> TcnConfig {
    let at = "param.audio_encoder.";
    let depthwise = golden.shape(&format!("{at}TCN.0.shared_block.3.weight"));
    let bottleneck = golden.shape(&format!("{at}bottleneck.1.weight"));
    let published = TcnConfig::default();
    TcnConfig {
        size: bottleneck[1],
        channels: bottleneck[0],
        hidden: depthwise[0],
        dilations: golden.count(&format!("{at}TCN."), "res_conv.bias") / published.repeats,
        kernel: depthwise[2],
        dropout: 0.0,
        out: golden.shape(&format!("{at}out.1.bias"))[0],
        ..published
    }
}

/// Sizes and neighbours of the landmark encoder of a file.
pub(crate) fn landmarks(golden: &Golden) -> GraphConfig {
    let input = golden.shape("input.view1.landmarks");
    let nodes = golden.shape("const.adj")[0];
    let near = golden.values("const.adj");
    let edges = (0..nodes).flat_map(|i| (i..nodes).map(move |j| [i, j]));
    let theta = golden.shape("param.stgcn.block1.Theta1");
    GraphConfig {
        nodes,
        edges: edges.filter(|&[i, j]| near[i * nodes + j] != 0.0).collect(),
        size: input[3],
        steps: input[1],
        blocks: golden.count("param.stgcn.", "Theta1"),
        channels: theta[0],
        spatial: theta[1],
        dropout: 0.0,
        double: true,
        out: golden.shape("param.stgcn.fc_out.bias")[0],
    }
}

/// Sizes of the video encoder of a file.
pub(crate) fn video(golden: &Golden) -> R2plus1dConfig {
    let at = "param.video_encoder.model.";
    let size = |name: String| golden.shape(&format!("{at}{name}"));
    let stages = golden.count(at, ".0.conv1.1.weight");
    R2plus1dConfig {
        size: size("stem.0.weight".to_owned())[1],
        stem: [size("stem.0.weight".to_owned())[0], size("stem.3.weight".to_owned())[0]],
        widths: (1..=stages)
            .map(|stage| size(format!("layer{stage}.0.conv1.1.weight"))[0])
            .collect(),
        blocks: golden.count(&format!("{at}layer1."), ".conv1.1.weight"),
        dropout: 0.0,
        out: size("fc.1.bias".to_owned())[0],
    }
}

/// Sizes of the text encoder of a file.
pub(crate) fn text(golden: &Golden, positions: Positions) -> TransformerConfig {
    let rise = golden.shape("param.trnn1.layers.0.linear1.weight");
    TransformerConfig {
        size: rise[1],
        layers: golden.count("param.trnn1.layers.", "norm1.weight"),
        hidden: rise[0],
        positions,
        dropout: 0.0,
        out: golden.shape("param.text_linear.bias")[0],
        ..TransformerConfig::default()
    }
}

/// A mask without padding for a `[b, t, ..]` tensor.
pub(crate) fn all<const D: usize>(x: &Tensor<D>) -> Tensor<2> {
    Tensor::ones([x.dims()[0], x.dims()[1]], &x.device())
}

/// A projector of a file, or a unimodal head.
pub(crate) fn projector(golden: &Golden, prefix: &str, device: &Device) -> Projector {
    two_layers(golden, prefix, ["0", "2"], project::origin, device)
}

fn two_layers(
    golden: &Golden,
    prefix: &str,
    [first, second]: [&str; 2],
    origin: impl Fn(&str) -> Option<Origin>,
    device: &Device,
) -> Projector {
    let shape = golden.shape(&format!("param.{prefix}{first}.weight"));
    let out = golden.shape(&format!("param.{prefix}{second}.bias"))[0];
    let config = ProjectorConfig { size: shape[1], hidden: shape[0], out };
    golden.fill(config.init(device), prefix, origin)
}

/// Compares one encoder of a file: features, projections, the contrast with the other modalities
/// (whose projections come from `mpuc_full`) and every gradient.
pub(crate) fn compare<M: Module>(
    golden: &Golden,
    modality: &str,
    prefix: &str,
    encoder: M,
    origin: impl Fn(&str) -> Option<Origin>,
    floor: f64,
    forward: impl Fn(&M, usize) -> Tensor<2>,
) {
    let device = Device::flex().autodiff();
    let (_, name) = MODALITIES.into_iter().find(|(each, _)| *each == modality).unwrap();
    let (encoder, projector) =
        (still(golden.fill(encoder, prefix, &origin)), projector(golden, name, &device));
    let views = [1, 2].map(|view| {
        let feature = forward(&encoder, view);
        let projection = projector.forward(feature.clone());
        golden.close(&format!("out.view{view}.feat_{modality}"), feature.clone(), FORWARD);
        golden.close(&format!("out.view{view}.proj_{modality}"), projection.clone(), FORWARD);
        if view == 1 {
            golden.close(&format!("mid.{modality}.feat"), feature, FORWARD);
        }
        projection
    });
    let Some(full) = open("mpuc_full") else { return };
    let [first, second] = views;
    let own = Projections { first, second: Some(second) };
    let modalities = MODALITIES.map(|(each, _)| {
        let fixed = |view| full.tensor(&format!("out.view{view}.proj_{each}"), &device);
        let fixed = || Projections { first: fixed(1), second: Some(fixed(2)) };
        if each == modality { own.clone() } else { fixed() }
    });
    let loss = Contrast::default().loss(&modalities, &Target::None).unwrap();
    golden.close_scalar("loss.contrastive", loss.clone().into_scalar::<f64>(), LOSS);
    let gradients = loss.backward();
    golden.gradients(&encoder, &gradients, prefix, floor, origin);
    golden.gradients(&projector, &gradients, name, floor, project::origin);
    let compared = learned(&encoder).len() + learned(&projector).len();
    assert_eq!(golden.names("grad.").len(), compared, "mpuc_t11: gradients beyond our weights");
}
