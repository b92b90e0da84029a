"""The PyTorch peer of bench/index.ts: the same nets, batch 8, SGD with momentum. Channels last, all threads."""
import json
import resource
import sys
import time

import torch
from torch import nn
import torch.nn.functional as F


def norm(channels, frozen=False):
    layer = nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)
    if frozen:
        layer.eval()
    return layer


def convolve(cin, cout, k, s, act):
    return [nn.Conv2d(cin, cout, k, s, k // 2, bias=False), norm(cout)] + ([act()] if act else [])


class Inverted(nn.Module):
    def __init__(self, cin, cout, s, t):
        super().__init__()
        wide = cin * t
        body = convolve(cin, wide, 1, 1, nn.ReLU6) if t > 1 else []
        body += [nn.Conv2d(wide, wide, 3, s, 1, groups=wide, bias=False), norm(wide), nn.ReLU6()]
        body += convolve(wide, cout, 1, 1, None)
        self.body = nn.Sequential(*body)
        self.skip = s == 1 and cin == cout

    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)


class Basic(nn.Module):
    def __init__(self, cin, cout, s):
        super().__init__()
        self.body = nn.Sequential(*convolve(cin, cout, 3, s, nn.ReLU), *convolve(cout, cout, 3, 1, nn.ReLU))
        self.skip = nn.Sequential(*convolve(cin, cout, 1, s, None)) if s != 1 or cin != cout else nn.Identity()

    def forward(self, x):
        return F.relu(self.skip(x) + self.body(x))


class Pool(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))


def mobilenet():
    layers, c = convolve(3, 16, 3, 2, nn.ReLU6), 16
    for t, f, s in [(1, 8, 1), (6, 12, 2), (6, 12, 1), (6, 16, 2), (6, 16, 1), (6, 16, 1), (6, 32, 2), (6, 32, 1), (6, 48, 1), (6, 48, 1)]:
        layers.append(Inverted(c, f, s, t))
        c = f
    return nn.Sequential(*layers, Pool(), nn.Linear(c, 10))


def resnet():
    layers, c = convolve(3, 16, 3, 2, nn.ReLU), 16
    for f, s in [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1)]:
        layers.append(Basic(c, f, s))
        c = f
    return nn.Sequential(*layers, Pool(), nn.Linear(c, 10))


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))
        self.f1, self.f2 = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        y = self.n1(x)
        scores = torch.softmax(self.q(y) @ self.k(y).transpose(1, 2), -1)
        x = x + self.o(scores @ self.v(y))
        return x + self.f2(F.gelu(self.f1(self.n2(x))))


class Transformer(nn.Module):
    def __init__(self, d=128):
        super().__init__()
        self.embed, self.blocks, self.head = nn.Embedding(500, d), nn.Sequential(Block(d), Block(d)), nn.Linear(d, 10)

    def forward(self, x):
        return self.head(self.blocks(self.embed(x)).mean(1))


class Tail(nn.Module):
    """MobileNetV2 after block 12 at 224²: features 14×14×96 of 16 images, frozen batch norms."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(*[Inverted(c, f, s, 6) for c, f, s in [(96, 160, 2), (160, 160, 1), (160, 160, 1), (160, 320, 1)]], *convolve(320, 1280, 1, 1, nn.ReLU6), Pool(), nn.Linear(1280, 10))
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
        return self

    def forward(self, x):
        return self.body(x)


NETS = {
    "mobilenet-v2-like": lambda: (mobilenet(), torch.randn(8, 3, 64, 64)),
    "resnet-like": lambda: (resnet(), torch.randn(8, 3, 64, 64)),
    "transformer": lambda: (Transformer(), torch.randint(0, 500, (8, 64))),
    "mobilenet-v2-tail": lambda: (Tail(), torch.randn(16, 96, 14, 14)),
}
prepared = {}
for line in sys.stdin:
    name, steps = line.split()
    if name not in prepared:
        model, x = NETS[name]()
        model.train()
        if x.dim() == 4:
            model, x = model.to(memory_format=torch.channels_last), x.to(memory_format=torch.channels_last)
        trained = [p for p in model.parameters() if p.requires_grad]
        prepared[name] = model, x, torch.arange(len(x)) % 10, torch.optim.SGD(trained, lr=0.01, momentum=0.9)
    model, x, y, optimizer = prepared[name]
    took = []
    for _ in range(int(steps)):
        began = time.perf_counter()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        value = loss.item()
        took.append((time.perf_counter() - began) * 1e3)
    print(json.dumps({"milliseconds": took, "loss": value, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
