"""The contrastive step of MPUC (Franceschini et al. 2022) at its published sizes, in PyTorch. Usage: d3.py FILE THREADS learn|answer"""
import sys

import torch
import torch.nn.functional as F
from torch import nn

from side import adopt, read, serve

torch.set_num_threads(int(sys.argv[2]))
WIDTH, NODES, TEMPERATURE = 512, 51, 0.07
EDGES = [
    (0, 1), (0, 19), (1, 2), (2, 3), (3, 4), (4, 5), (5, 7), (6, 7), (6, 8), (8, 9), (9, 28),
    (10, 11), (10, 14), (10, 18), (10, 22), (10, 25), (11, 12), (12, 13), (13, 16), (14, 15),
    (15, 16), (16, 17), (16, 34), (17, 18), (19, 20), (19, 24), (19, 31), (20, 21), (21, 22),
    (22, 23), (23, 24), (25, 26), (25, 30), (26, 27), (27, 28), (28, 29), (28, 37), (29, 30),
    (31, 32), (31, 42), (31, 43), (32, 33), (33, 34), (33, 44), (34, 35), (34, 45), (35, 36),
    (35, 46), (36, 37), (37, 38), (37, 47), (38, 39), (39, 40), (40, 41), (41, 42), (43, 44),
    (43, 50), (44, 45), (44, 50), (45, 46), (46, 47), (46, 48), (47, 48), (48, 49), (49, 50),
]


class GlobalNorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        mean = x.mean((1, 2), keepdim=True)
        variance = ((x - mean) ** 2).mean((1, 2), keepdim=True)
        return (x - mean) / (variance + 1e-8).sqrt() * self.gamma[None, :, None] + self.beta[None, :, None]


class Block(nn.Module):
    def __init__(self, dilation):
        super().__init__()
        self.shared_block = nn.Sequential(
            nn.Conv1d(64, 128, 1), nn.PReLU(), GlobalNorm(128),
            nn.Conv1d(128, 128, 3, padding=dilation, dilation=dilation, groups=128),
            nn.PReLU(), GlobalNorm(128),
        )
        self.res_conv = nn.Conv1d(128, 64, 1)

    def forward(self, x):
        return self.res_conv(self.shared_block(x))


class Tcn(nn.Module):
    def __init__(self, drop):
        super().__init__()
        self.bottleneck = nn.Sequential(GlobalNorm(128), nn.Conv1d(128, 64, 1))
        self.TCN = nn.ModuleList(Block(2**power) for _ in range(2) for power in range(5))
        self.out, self.drop = nn.Sequential(nn.PReLU(), nn.Linear(64, WIDTH)), nn.Dropout(drop)

    def forward(self, x):
        x = self.drop(self.bottleneck(x.transpose(1, 2)))
        for block in self.TCN:
            x = x + self.drop(block(x))
        return self.drop(self.out(x.mean(2)))


class Temporal(nn.Module):
    def __init__(self, size, out):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(size, out, (1, 3)), nn.Conv2d(size, out, (1, 3))
        self.conv3 = nn.Conv2d(size, out, (1, 3))

    def forward(self, x):
        x = x.permute(0, 3, 1, 2)
        x = F.relu(self.conv1(x) + torch.sigmoid(self.conv2(x)) + self.conv3(x))
        return x.permute(0, 2, 3, 1)


class Spatial(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.temporal1, self.temporal2 = Temporal(size, 64), Temporal(16, 64)
        self.Theta1, self.batch_norm = nn.Parameter(torch.empty(64, 16)), nn.BatchNorm2d(NODES)

    def forward(self, x, mixing):
        x = torch.einsum("ij,jklm->kilm", mixing, self.temporal1(x).permute(1, 0, 2, 3))
        return self.batch_norm(self.temporal2(F.relu(x @ self.Theta1)))


class Graph(nn.Module):
    def __init__(self, steps, drop):
        super().__init__()
        self.block1, self.block2, self.last_temporal = Spatial(2), Spatial(64), Temporal(64, 64)
        self.fully, self.fc_out = nn.Linear((steps - 10) * 64, WIDTH), nn.Linear(NODES * WIDTH, WIDTH)
        self.drop = nn.Dropout(drop)
        near = torch.zeros(NODES, NODES)
        for a, b in EDGES:
            near[a, b] = near[b, a] = 1.0
        near = near + 2.0 * torch.eye(NODES)
        scale = near.sum(1).clamp(min=1e-4).rsqrt()
        self.mixing = near * scale[:, None] * scale[None, :]

    def forward(self, x):
        x = x.view(x.shape[0], -1, NODES, 2).permute(0, 2, 1, 3)
        x = self.last_temporal(self.block2(self.block1(x, self.mixing), self.mixing))
        x = self.fully(self.drop(x.reshape(x.shape[0], NODES, -1)))
        return self.drop(self.fc_out(x.reshape(x.shape[0], -1)))


class Net(nn.Module):
    def __init__(self, steps, drop):
        super().__init__()
        self.audio_encoder, self.stgcn = Tcn(drop), Graph(steps, drop)
        project = lambda: nn.Sequential(nn.Linear(WIDTH, 1024), nn.ReLU(), nn.Linear(1024, WIDTH))
        self.proj_audio, self.proj_ld = project(), project()


def found(asks, answers):
    """Each clip's other view among both views of all other clips; the loss is halved."""
    scores = asks @ answers.T / TEMPERATURE
    rows = scores.shape[0]
    own = torch.eye(rows, dtype=torch.bool)
    others = scores.masked_fill(own, float("-inf")).logsumexp(1)
    right = scores[torch.arange(rows), (torch.arange(rows) + rows // 2) % rows]
    return ((others - right) / 2).mean()


def make(dropout):
    given = read(sys.argv[1])
    net = Net(given["given:body"].shape[1], 0.1 if dropout else 0.0)
    adopt(net, given)
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-3)
    views = [(given["given:audio" + view], given["given:body" + view]) for view in ("", ":second")]

    def step():
        optimizer.zero_grad(set_to_none=True)
        voice = torch.cat([F.normalize(net.proj_audio(net.audio_encoder(x))) for x, _ in views])
        face = torch.cat([F.normalize(net.proj_ld(net.stgcn(x))) for _, x in views])
        loss = (found(voice, face) + found(face, voice)) / 2
        loss.backward()
        optimizer.step()
        return [loss.item()]

    return step


def answer():
    given = read(sys.argv[1])
    voice, face = given["given:audio"], given["given:body"]
    net = Net(face.shape[1], 0.0).eval()
    adopt(net, given)
    return lambda: [net.audio_encoder(voice), net.stgcn(face)]


serve(make, answer)
