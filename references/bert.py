"""Reference states for crates/backbones/src/bert.rs.

    pip install torch==2.9.1 transformers==5.23.0 safetensors numpy
    python references/bert.py crates/backbones/tests/fixtures

A BERT of the published layout with small random weights and a small vocabulary, as the folder a
user would download: `bert/` with config.json, model.safetensors (names below `bert.`, layer norms
with the older `gamma` and `beta`), tokenizer.json and vocab.txt. `expected.safetensors` holds for
every text of `texts.json` its token numbers (`ids.N`) and last hidden states (`states.N`).
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertModel

TEXTS = [
    "I am so happy to see you!",
    "Unhappiness, sadness... and tears?",
    "Café déjà vu — 東京 zzz",
    "",
]
VOCABULARY = """[PAD] [UNK] [CLS] [SEP] [MASK] i am so happy to see you ! un ##happi ##ness , sad . and tear
##s ? cafe deja vu 東 京 — ##y a b c d e f g h ##a ##b""".split()


def randomise(model):
    """Weights far from zero, so that no part of the network can be left out unseen."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "LayerNorm.weight" in name:
                weight.copy_(1 + 0.3 * torch.randn_like(weight))
            elif weight.dim() > 1:
                weight.copy_(torch.randn_like(weight) * (1.5 / weight.shape[1] ** 0.5))
            else:
                weight.copy_(0.2 * torch.randn_like(weight))


def main(folder):
    torch.manual_seed(0)
    place = Path(folder) / "bert"
    place.mkdir(parents=True, exist_ok=True)
    (place / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    tokenizer = BertWordPieceTokenizer(str(place / "vocab.txt"), lowercase=True)
    tokenizer.save(str(place / "tokenizer.json"), pretty=False)
    (place / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True}) + "\n")
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=32,
        attn_implementation="eager",
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    randomise(model)
    out = {}
    with torch.no_grad():
        for i, text in enumerate(TEXTS):
            ids = torch.tensor([tokenizer.encode(text).ids])
            out[f"ids.{i}"] = ids[0].to(torch.int64)
            out[f"states.{i}"] = model(ids).last_hidden_state[0].contiguous()
    old = lambda name: name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    state = {f"bert.{old(k)}": v.contiguous() for k, v in model.state_dict().items()}
    save_file(state, place / "model.safetensors")
    save_file(out, place / "expected.safetensors")
    (place / "texts.json").write_text(json.dumps(TEXTS, ensure_ascii=False) + "\n")
    (place / "config.json").write_text(json.dumps(config.to_dict(), indent=1, sort_keys=True, default=str) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
