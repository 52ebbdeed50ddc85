"""The three training steps of VAVL (Goncalves et al. 2024) at its published sizes, in PyTorch. Usage: d2.py FILE THREADS learn|answer"""
import math
import sys

import torch
import torch.nn.functional as F
from torch import nn

from side import adopt, read, serve

torch.set_num_threads(int(sys.argv[2]))
WIDTH, HEADS, KERNEL, CLASSES = 512, 8, 31, 6
SIZES = {"audio": 1024, "vision": 1408}


class Linear(nn.Module):
    def __init__(self, size, out, bias=True):
        super().__init__()
        self.linear = nn.Linear(size, out, bias=bias)

    def forward(self, x):
        return self.linear(x)


class Conv(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        self.conv = nn.Conv1d(*args, **kwargs)

    def forward(self, x):
        return self.conv(x)


class Turned(nn.Module):
    def forward(self, x):
        return x.transpose(1, 2)


class Added(nn.Module):
    def __init__(self, module, share=1.0):
        super().__init__()
        self.module, self.share = module, share

    def forward(self, x, places):
        inner = self.module(x, places) if isinstance(self.module, Attended) else self.module(x)
        return x + self.share * inner


class FeedForward(nn.Module):
    def __init__(self, drop):
        super().__init__()
        self.sequential = nn.Sequential(
            nn.LayerNorm(WIDTH), Linear(WIDTH, 4 * WIDTH), nn.SiLU(), nn.Dropout(drop),
            Linear(4 * WIDTH, WIDTH), nn.Dropout(drop),
        )

    def forward(self, x):
        return self.sequential(x)


class Attention(nn.Module):
    def __init__(self, drop):
        super().__init__()
        for name in ("query", "key", "value", "out"):
            setattr(self, name + "_proj", Linear(WIDTH, WIDTH))
        self.pos_proj = Linear(WIDTH, WIDTH, bias=False)
        self.u_bias = nn.Parameter(torch.empty(HEADS, WIDTH // HEADS))
        self.v_bias = nn.Parameter(torch.empty(HEADS, WIDTH // HEADS))
        self.drop = nn.Dropout(drop)

    def forward(self, x, places):
        b, t, _ = x.shape
        apart = lambda z: z.view(-1, t, HEADS, WIDTH // HEADS)
        query, key = apart(self.query_proj(x)), apart(self.key_proj(x)).transpose(1, 2)
        value = apart(self.value_proj(x)).transpose(1, 2)
        place = apart(self.pos_proj(places)).transpose(1, 2)
        content = (query + self.u_bias).transpose(1, 2) @ key.transpose(-1, -2)
        raw = (query + self.v_bias).transpose(1, 2) @ place.transpose(-1, -2)
        shifted = F.pad(raw, (1, 0)).view(b, HEADS, t + 1, t)[:, :, 1:].reshape(b, HEADS, t, t)
        weights = self.drop(torch.softmax((content + shifted) / math.sqrt(WIDTH), -1))
        return self.out_proj((weights @ value).transpose(1, 2).reshape(b, t, WIDTH))


class Attended(nn.Module):
    def __init__(self, drop):
        super().__init__()
        self.layer_norm, self.attention = nn.LayerNorm(WIDTH), Attention(drop)
        self.drop = nn.Dropout(drop)

    def forward(self, x, places):
        return self.drop(self.attention(self.layer_norm(x), places))


class Convolution(nn.Module):
    def __init__(self, drop):
        super().__init__()
        self.sequential = nn.Sequential(
            nn.LayerNorm(WIDTH), Turned(), Conv(WIDTH, 2 * WIDTH, 1), nn.GLU(1),
            Conv(WIDTH, WIDTH, KERNEL, padding=KERNEL // 2, groups=WIDTH, bias=False),
            nn.BatchNorm1d(WIDTH), nn.SiLU(), Conv(WIDTH, WIDTH, 1), nn.Dropout(drop),
        )

    def forward(self, x):
        return self.sequential(x).transpose(1, 2)


class Block(nn.Module):
    def __init__(self, drop):
        super().__init__()
        self.sequential = nn.ModuleList([
            Added(FeedForward(drop), 0.5), Added(Attended(drop)), Added(Convolution(drop)),
            Added(FeedForward(drop), 0.5), nn.LayerNorm(WIDTH),
        ])

    def forward(self, x, places):
        for layer in self.sequential[:-1]:
            x = layer(x, places)
        return self.sequential[-1](x)


def waves(steps):
    rates = torch.exp(torch.arange(0, WIDTH, 2) * (-math.log(10000.0) / WIDTH))
    angles = torch.arange(steps).unsqueeze(1) * rates
    places = torch.empty(steps, WIDTH)
    places[:, 0::2], places[:, 1::2] = angles.sin(), angles.cos()
    return places


class Conformer(nn.Module):
    def __init__(self, size, layers, drop):
        super().__init__()
        self.input_projection = nn.Sequential(Linear(size, WIDTH), nn.Dropout(drop))
        self.layers = nn.ModuleList(Block(drop) for _ in range(layers))

    def forward(self, x):
        x, places = self.input_projection(x), waves(x.shape[1])
        for layer in self.layers:
            x = layer(x, places)
        return x


class Within(nn.Module):
    def __init__(self, conformer):
        super().__init__()
        self.encoder = conformer


class Branch(nn.Module):
    def __init__(self, letter, name, size, drop):
        super().__init__()
        self.frame, self.name = "conv_1d_" + letter, name
        setattr(self, self.frame, nn.Conv1d(size, 50, 1, bias=False))
        setattr(self, name, Within(Conformer(50, 3, drop)))

    def forward(self, x):
        x = getattr(self, self.frame)(x.transpose(1, 2)).transpose(1, 2)
        return getattr(self, self.name).encoder(x)


class Shared(nn.Module):
    def __init__(self, drop):
        super().__init__()
        self.x_shared, self.layer_norm = Within(Conformer(WIDTH, 2, drop)), nn.LayerNorm(WIDTH)

    def forward(self, h):
        return self.layer_norm(self.x_shared.encoder(h) + h).mean(1)


class Head(nn.Module):
    def __init__(self, size, out, drop):
        super().__init__()
        self.projav1, self.projav2 = nn.Linear(size, 512), nn.Linear(512, 256)
        self.out_layer, self.drop = nn.Linear(256, out), nn.Dropout(drop)

    def forward(self, x):
        return self.out_layer(self.projav2(self.drop(F.relu(self.projav1(x)))))


class Net(nn.Module):
    def __init__(self, drop, head_drop):
        super().__init__()
        self.acoustic_model = Branch("a", "x_acoustic", SIZES["audio"], drop)
        self.visual_model = Branch("v", "x_visual", SIZES["vision"], drop)
        self.shared_model = Shared(drop)
        self.MLP_a, self.MLP_v = Head(WIDTH, CLASSES, head_drop), Head(WIDTH, CLASSES, head_drop)
        self.weights = Head(2 * WIDTH, CLASSES, head_drop)
        self.MLP_rec_a = Head(WIDTH, SIZES["audio"], head_drop)
        self.MLP_rec_v = Head(WIDTH, SIZES["vision"], head_drop)


def make(dropout):
    net = Net(*((0.1, 0.2) if dropout else (0.0, 0.0)))
    given = read(sys.argv[1])
    adopt(net, given)
    net.train()
    optimizers = {
        name: torch.optim.Adam(module.parameters(), lr=5e-5, betas=(0.95, 0.999), weight_decay=5e-7)
        for name, module in net.named_children()
    }
    audio, vision = given["given:audio"], given["given:vision"]
    labels = given["given:labels"].argmax(1)

    def alone(branch, head, rebuild, x):
        view = net.shared_model(getattr(net, branch)(x))
        loss = F.cross_entropy(getattr(net, head)(view), labels)
        loss = loss + 2 * F.mse_loss(getattr(net, rebuild)(view), x.mean(1))
        loss.backward()
        for name in (branch, "shared_model", head, rebuild):
            optimizers[name].step()
            optimizers[name].zero_grad(set_to_none=True)
        return loss.item()

    def together():
        still = [net.acoustic_model, net.visual_model, net.shared_model]
        for module in still:
            module.eval()
        with torch.no_grad():
            views = [net.shared_model(net.acoustic_model(audio)), net.shared_model(net.visual_model(vision))]
        for module in still:
            module.train()
        loss = F.cross_entropy(net.weights(torch.cat(views, 1)), labels)
        loss.backward()
        optimizers["weights"].step()
        optimizers["weights"].zero_grad(set_to_none=True)
        return loss.item()

    def step():
        return [
            alone("visual_model", "MLP_v", "MLP_rec_v", vision),
            alone("acoustic_model", "MLP_a", "MLP_rec_a", audio),
            together(),
        ]

    return step


def answer():
    given = read(sys.argv[1])
    net = Net(0.0, 0.0).eval()
    adopt(net, given)
    audio, vision = given["given:audio"], given["given:vision"]

    def step():
        voice, face = (net.shared_model(branch(x)) for branch, x in ((net.acoustic_model, audio), (net.visual_model, vision)))
        return [net.MLP_a(voice), net.MLP_v(face), net.weights(torch.cat([voice, face], 1))]

    return step


serve(make, answer)
