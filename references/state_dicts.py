"""State dicts as PyTorch writes them, for crates/cli/tests/convert.rs and hostile.rs.

    pip install torch==2.15.0 safetensors numpy
    python references/state_dicts.py crates/cli/tests/fixtures/state

One small MTEE of words alone (five numbers a word, four wide, three emotions), its weights random:

    expected.safetensors  32-bit floats
    new.pt                `torch.save` of a training checkpoint: the state dict under a key, beside
                          an epoch, the state of an optimiser and options
    old.pt                the same as PyTorch wrote it before 1.6
    kinds.pt              the weights as 64-, 16- and brain-16-bit floats, one of them a view of
                          another's storage, one not contiguous; `kinds.safetensors` their values
    whole.pt              the model itself instead of its state dict
    dumped.pt             `pickle.dump` of the state dict, as MTEE's authors save it
"""

import argparse
import pickle
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file


class Mtee(torch.nn.Module):
    """The weights under the authors' names."""

    def __init__(self):
        super().__init__()
        self.textEmoEmbs = torch.nn.Embedding(3, 4)
        self.modality_weights = torch.nn.Linear(1, 1, bias=False)
        self.modality_weights.weight = torch.nn.Parameter(torch.ones(1))
        self.RNNs = torch.nn.ModuleList([torch.nn.LSTM(5, 4, 1, batch_first=True, bidirectional=True)])


def main(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model = Mtee()
    optimiser = torch.optim.Adam(model.parameters())
    model.RNNs[0](torch.randn(2, 3, 5))[0].sum().backward()
    optimiser.step()
    state = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
    save_file(state, folder / "expected.safetensors")

    checkpoint = {
        "epoch": 3,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimiser.state_dict(),
        "args": argparse.Namespace(lr=1e-3),
    }
    torch.save(checkpoint, folder / "new.pt")
    torch.save(checkpoint, folder / "old.pt", _use_new_zipfile_serialization=False)

    types = [torch.float64, torch.float16, torch.bfloat16]
    kinds = {name: weight.to(types[i % 3]) for i, (name, weight) in enumerate(state.items())}
    turned = kinds["RNNs.0.weight_hh_l0"].t().contiguous().t()
    storage = torch.cat([torch.zeros(7), state["textEmoEmbs.weight"].flatten(), torch.zeros(9)])
    kinds |= {"RNNs.0.weight_hh_l0": turned, "textEmoEmbs.weight": storage[7:19].view(3, 4)}
    torch.save(kinds, folder / "kinds.pt")
    save_file({name: w.float().contiguous() for name, w in kinds.items()}, folder / "kinds.safetensors")

    torch.save(model, folder / "whole.pt")
    with open(folder / "dumped.pt", "wb") as file:
        pickle.dump(model.state_dict(), file, protocol=4)


if __name__ == "__main__":
    main(sys.argv[1])
