"""Trains nets with PyTorch as a peer of bench/index.ts, with the nets, batch and protocol of worker.ts. Checked with torch 2.13.0 (CPU)."""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(1)
torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
BATCH, CLASSES = 8, 10


class ConvNorm(nn.Sequential):
    def __init__(self, inputs, outputs, kernel, stride, ceiling=None, groups=1):
        layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs, eps=1e-3)]
        if ceiling is not None:
            layers.append(nn.ReLU6() if ceiling == 6 else nn.ReLU())
        super().__init__(*layers)


class Inverted(nn.Module):
    def __init__(self, inputs, expansion, outputs, stride):
        super().__init__()
        middle = inputs * expansion
        self.body = nn.Sequential(
            *([ConvNorm(inputs, middle, 1, 1, 6)] if expansion > 1 else []),
            ConvNorm(middle, middle, 3, stride, 6, groups=middle),
            ConvNorm(middle, outputs, 1, 1),
        )
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)


class Basic(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(ConvNorm(inputs, outputs, 3, stride, 0), ConvNorm(outputs, outputs, 3, 1))
        self.skip = nn.Identity() if stride == 1 and inputs == outputs else ConvNorm(inputs, outputs, 1, stride)

    def forward(self, x):
        return F.relu(self.skip(x) + self.body(x))


class Head(nn.Module):
    def __init__(self, body, width):
        super().__init__()
        self.body, self.dense = body, nn.Linear(width, CLASSES)

    def forward(self, x):
        return self.dense(self.body(x).mean((2, 3)))


def mobilenet():
    blocks, channels = [ConvNorm(3, 16, 3, 2, 6)], 16
    for expansion, outputs, stride in [(1, 8, 1), (6, 12, 2), (6, 12, 1), (6, 16, 2), (6, 16, 1), (6, 16, 1), (6, 32, 2), (6, 32, 1), (6, 48, 1), (6, 48, 1)]:
        blocks.append(Inverted(channels, expansion, outputs, stride))
        channels = outputs
    return Head(nn.Sequential(*blocks), channels)


def mobilenet_v2():
    """arXiv:1801.04381, table 2."""
    blocks, channels = [ConvNorm(3, 32, 3, 2, 6)], 32
    for expansion, outputs, repeats, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for i in range(repeats):
            blocks.append(Inverted(channels, expansion, outputs, stride if i == 0 else 1))
            channels = outputs
    blocks.append(ConvNorm(channels, 1280, 1, 1, 6))
    return Head(nn.Sequential(*blocks), 1280)


def resnet():
    blocks, channels = [ConvNorm(3, 16, 3, 2, 0)], 16
    for outputs, stride in [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1)]:
        blocks.append(Basic(channels, outputs, stride))
        channels = outputs
    return Head(nn.Sequential(*blocks), channels)


class Transformer(nn.Module):
    def __init__(self, width=128):
        super().__init__()
        self.embedding = nn.Embedding(500, width)
        make = lambda: nn.ModuleDict({
            "n1": nn.LayerNorm(width), "q": nn.Linear(width, width), "k": nn.Linear(width, width), "v": nn.Linear(width, width),
            "o": nn.Linear(width, width), "n2": nn.LayerNorm(width), "up": nn.Linear(width, 4 * width), "down": nn.Linear(4 * width, width),
        })
        self.layers = nn.ModuleList([make(), make()])
        self.head = nn.Linear(width, CLASSES)

    def forward(self, tokens):
        x = self.embedding(tokens)
        for layer in self.layers:
            n = layer["n1"](x)
            scores = torch.softmax(layer["q"](n) @ layer["k"](n).transpose(1, 2), -1)
            x = x + layer["o"](scores @ layer["v"](n))
            x = x + layer["down"](F.gelu(layer["up"](layer["n2"](x))))
        return self.head(x.mean(1))


NETS = {
    "mobilenet-v2-like": lambda: (mobilenet(), torch.randn(BATCH, 3, 64, 64)),
    "mobilenet-v2-224": lambda: (mobilenet_v2(), torch.randn(BATCH, 3, 224, 224)),
    "resnet-like": lambda: (resnet(), torch.randn(BATCH, 3, 64, 64)),
    "transformer": lambda: (Transformer(), torch.randint(0, 500, (BATCH, 64))),
}
y = torch.arange(BATCH) % CLASSES
trained = {}
for line in sys.stdin:
    name, steps = line.split()
    if name not in trained:
        model, x = NETS[name]()
        model.train()
        trained[name] = (model, x, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9))
    model, x, optimizer = trained[name]
    milliseconds = []
    for _ in range(int(steps)):
        began = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        milliseconds.append((time.perf_counter() - began) * 1000)
    print(json.dumps({"milliseconds": milliseconds, "loss": loss.item()}), flush=True)
