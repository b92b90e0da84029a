"""Does the same training in PyTorch on the CPU: MobileNetV2, last four blocks and head, frozen batch norm.

    python peer.py <last4|head> <epochs>      torch 2.13.0+cpu

The network is written out (Sandler et al. 2018, table 2), so that torchvision is not needed. Its weights are random, which does not change
the time. As usual in PyTorch, every epoch runs every image through the whole network, with the frozen part under no_grad.
"""
import json, os, resource, sys, time
# As in worker.ts, time counts from the moment when the bench started this process. Without the bench, it counts from here.
started = float(os.environ.get("GRAFT_STARTED", time.time() * 1000)) / 1000
import torch
from torch import nn

task, epochs = sys.argv[1], int(sys.argv[2])
torch.manual_seed(0)

def conv(i, o, k, s=1, g=1, act=True):
    layers = [nn.Conv2d(i, o, k, s, k // 2, groups=g, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*layers, nn.ReLU6(inplace=True)) if act else nn.Sequential(*layers)

class Block(nn.Module):
    def __init__(self, i, o, s, t):
        super().__init__()
        h = i * t
        self.skip = s == 1 and i == o
        self.body = nn.Sequential(*([conv(i, h, 1)] if t > 1 else []), conv(h, h, 3, s, h), conv(h, o, 1, act=False))
    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)

parts, i = [conv(3, 32, 3, 2)], 32
for t, c, n, s in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
    for k in range(n):
        parts.append(Block(i, c, s if k == 0 else 1, t))
        i = c
parts.append(conv(320, 1280, 1))
# The last four blocks are block_13 to block_16 of Keras. Block 0 is the one without expansion.
cut = len(parts) if task == "head" else len(parts) - 5
trunk, tail = nn.Sequential(*parts[:cut]), nn.Sequential(*parts[cut:], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 10))
for p in trunk.parameters():
    p.requires_grad_(False)
trunk.eval(), tail.train()
for m in tail.modules():
    if isinstance(m, nn.BatchNorm2d):
        m.eval()
x, y = torch.rand(256, 3, 224, 224), torch.arange(256) % 10
optimizer = torch.optim.SGD(tail.parameters(), lr=0.01, momentum=0.9)
setup = time.time() - started
for _ in range(epochs):
    for b in range(0, 256, 16):
        with torch.no_grad():
            features = trunk(x[b:b + 16])
        loss = nn.functional.cross_entropy(tail(features), y[b:b + 16])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(json.dumps({"backend": "pytorch", "peer": "usual", "task": task, "epochs": epochs, "threads": torch.get_num_threads(), "seconds": time.time() - started, "setupSeconds": setup, "cpuSeconds": time.process_time(), "peakRss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
