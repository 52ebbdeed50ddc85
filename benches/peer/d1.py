"""The training step of MTEE (Dai et al. 2020) at its published sizes, in PyTorch. Usage: d1.py FILE THREADS learn|answer"""
import sys

import torch
from torch import nn

from side import adopt, read, serve

torch.set_num_threads(int(sys.argv[2]))
NAMES = ("text", "audio", "vision")
SIZES, HIDDEN, CLASSES = (300, 74, 35), (300, 200, 100), 6


class Net(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.RNNs = nn.ModuleList(
            nn.LSTM(size, hidden, 2, bidirectional=True, batch_first=True, dropout=dropout)
            for size, hidden in zip(SIZES, HIDDEN)
        )
        self.textEmoEmbs = nn.Embedding(CLASSES, 300)
        self.textEmoEmbs.weight.requires_grad = False
        self.affineAudio, self.affineVisual = nn.Linear(300, 200), nn.Linear(300, 100)
        self.modality_weights = nn.Linear(3, 1, bias=False)

    def forward(self, inputs):
        table = self.textEmoEmbs.weight
        rows = (table, self.affineAudio(table), self.affineVisual(table))
        scores = []
        for x, rnn, row in zip(inputs, self.RNNs, rows):
            ahead, behind = rnn(x)[0][:, -1].chunk(2, 1)
            scores.append((ahead + behind) @ row.T)
        return self.modality_weights(torch.stack(scores, -1)).squeeze(-1)


def make(dropout):
    net = Net(0.15 if dropout else 0.0)
    given = read(sys.argv[1])
    adopt(net, given)
    optimizer = torch.optim.Adam([w for w in net.parameters() if w.requires_grad], lr=1e-3)
    loss_of = nn.BCEWithLogitsLoss(pos_weight=torch.full((CLASSES,), 3.0))
    inputs, labels = [given["given:" + name] for name in NAMES], given["given:labels"]

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(net(inputs), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        return [loss.item()]

    return step


def answer():
    given = read(sys.argv[1])
    net = Net(0.0).eval()
    adopt(net, given)
    inputs = [given["given:" + name] for name in NAMES]
    return lambda: [net(inputs)]


serve(make, answer)
