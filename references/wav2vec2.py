"""Reference frames for crates/backbones/src/wav2vec2.rs.

    pip install torch==2.9.1 transformers==5.23.0 safetensors numpy
    python references/wav2vec2.py crates/backbones/tests/fixtures

Two networks of the published layouts with small random weights, as folders a user would download:
`wav2vec2-base` (group norm, post-norm layers, weights below `wav2vec2.` with the older names of
weight norm) and `wav2vec2-large` (layer norm, pre-norm layers, today's names, attention mask).

`expected.safetensors` holds two waves (`wave.0`, `wave.1`), the last hidden states of each alone
(`alone.0`, `alone.1`), of the first on a network cut to its first two layers (`cut.0`), and for
the large layout both as one padded batch with its attention mask (`batch`).
"""

import copy
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2Model

COMMON = dict(
    hidden_size=24,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=40,
    conv_dim=(12, 12, 12, 12, 12, 12, 16),
    num_conv_pos_embeddings=16,
    num_conv_pos_embedding_groups=4,
    attn_implementation="eager",
)
LAYOUTS = {
    "wav2vec2-base": dict(feat_extract_norm="group", conv_bias=False, do_stable_layer_norm=False),
    "wav2vec2-large": dict(feat_extract_norm="layer", conv_bias=True, do_stable_layer_norm=True),
}


def randomise(model):
    """Weights far from zero, so that no part of the network can be left out unseen."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" in name and name.endswith("weight"):
                weight.copy_(1 + 0.3 * torch.randn_like(weight))
            elif "original0" in name:
                weight.copy_(1 + 0.3 * torch.rand_like(weight))
            elif weight.dim() > 1:
                weight.copy_(torch.randn_like(weight) * (1.5 / weight[0].numel() ** 0.5))
            else:
                weight.copy_(0.2 * torch.randn_like(weight))


def names(state, layout):
    """The state under the names with which the published files of this layout came."""
    if layout == "wav2vec2-large":
        return state
    old = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    renamed = {}
    for name, weight in state.items():
        for new, was in old.items():
            name = name.replace(new, was)
        renamed["wav2vec2." + name] = weight
    return renamed


def main(folder):
    for seed, (layout, about) in enumerate(LAYOUTS.items()):
        torch.manual_seed(seed)
        large = layout == "wav2vec2-large"
        config = Wav2Vec2Config(**COMMON, **about)
        model = Wav2Vec2Model(config).eval()
        randomise(model)
        extractor = Wav2Vec2FeatureExtractor(return_attention_mask=large)
        time = torch.arange(6400) / 16_000
        waves = [
            0.3 * torch.sin(2 * torch.pi * (200 + 900 * time) * time) + 0.05 * torch.randn(6400),
            (0.1 + 0.2 * torch.randn(4123)) * torch.linspace(0, 1, 4123),
        ]
        arrays = [wave.numpy() for wave in waves]
        out = {f"wave.{i}": wave for i, wave in enumerate(waves)}
        shorter = copy.deepcopy(config)
        shorter.num_hidden_layers = 2
        cut = Wav2Vec2Model(shorter).eval()
        cut.load_state_dict({k: v for k, v in model.state_dict().items() if ".layers.2." not in k})
        with torch.no_grad():
            for i, wave in enumerate(arrays):
                one = extractor(wave, sampling_rate=16_000, return_tensors="pt").input_values
                out[f"alone.{i}"] = model(one).last_hidden_state[0]
                if i == 0:
                    out["cut.0"] = cut(one).last_hidden_state[0]
            if large:
                both = extractor(arrays, sampling_rate=16_000, padding=True, return_tensors="pt")
                out["batch"] = model(both.input_values, attention_mask=both.attention_mask).last_hidden_state
        place = Path(folder) / layout
        place.mkdir(parents=True, exist_ok=True)
        state = {k: v.contiguous() for k, v in model.state_dict().items()}
        save_file(names(state, layout), place / "model.safetensors")
        save_file({k: v.contiguous() for k, v in out.items()}, place / "expected.safetensors")
        (place / "config.json").write_text(json.dumps(config.to_dict(), indent=1, sort_keys=True, default=str) + "\n")
        (place / "preprocessor_config.json").write_text(json.dumps(extractor.to_dict(), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
