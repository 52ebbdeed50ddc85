"""Reference features for crates/backbones/src/r2plus1d.rs.

    pip install torch==2.9.1 torchvision==0.24.1 safetensors numpy
    python references/r2plus1d.py crates/backbones/tests/fixtures

The blocks of torchvision's R(2+1)D-18 at a thirty-second of the published widths, with random weights
and running statistics, under torchvision's names: `r2plus1d.safetensors`. What the network gives
before its last layer for eight random pictures of 40x40 is in `r2plus1d-expected.safetensors`:
`pictures` [8, 40, 40, 3] of bytes, `feature` [16].
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models.video.resnet import BasicBlock, Conv2Plus1D, VideoResNet

MEAN, DEVIATION = (0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)


class Stem(nn.Sequential):
    """R2Plus1dStem with fewer channels."""

    def __init__(self):
        super().__init__(
            nn.Conv3d(3, 5, (1, 7, 7), (1, 2, 2), (0, 3, 3), bias=False),
            nn.BatchNorm3d(5),
            nn.ReLU(inplace=True),
            nn.Conv3d(5, 2, (3, 1, 1), 1, (1, 0, 0), bias=False),
            nn.BatchNorm3d(2),
            nn.ReLU(inplace=True),
        )


class Small(VideoResNet):
    def _make_layer(self, block, conv_builder, planes, blocks, stride=1):
        if planes == 64:
            self.inplanes = 2
        return super()._make_layer(block, conv_builder, planes // 32, blocks, stride)


def main(folder):
    torch.manual_seed(0)
    model = Small(BasicBlock, [Conv2Plus1D] * 4, [2, 2, 2, 2], Stem).eval()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm3d):
                module.weight.copy_(1 + 0.3 * torch.randn_like(module.weight))
                module.bias.copy_(0.2 * torch.randn_like(module.bias))
                module.running_mean.copy_(0.3 * torch.randn_like(module.running_mean))
                module.running_var.copy_(0.5 + torch.rand_like(module.running_var))
        model.fc = nn.Identity()
        pictures = torch.randint(0, 256, (8, 40, 40, 3), dtype=torch.uint8)
        x = pictures.permute(3, 0, 1, 2).float() / 255
        x = (x - torch.tensor(MEAN)[:, None, None, None]) / torch.tensor(DEVIATION)[:, None, None, None]
        feature = model(x[None])[0]
    place = Path(folder)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, place / "r2plus1d.safetensors")
    save_file({"pictures": pictures, "feature": feature.contiguous()}, place / "r2plus1d-expected.safetensors")


if __name__ == "__main__":
    main(sys.argv[1])
