"""The same problem with PyTorch DDP on gloo: python ddp.py FOLDER RANKS. Rank 0 prints its figures as JSON.

The frozen convolutions run in every step, under no_grad, as is usual with DDP. Each process has one thread.
"""

import json
import os
import pathlib
import sys
import time

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.parallel import DistributedDataParallel


def main(rank, folder, ranks):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29517")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    problem = json.loads((folder / "problem.json").read_text())
    flat = np.fromfile(folder / "problem.bin", np.float32)
    weights = []
    for shape in problem["shapes"]:
        size = int(np.prod(shape))
        weights.append(torch.from_numpy(flat[:size].reshape(shape).copy()))
        flat = flat[size:]
    n, side, batch = problem["examples"], problem["side"], problem["batchSize"]
    xs = torch.from_numpy(flat.reshape(n, side, side, 3).transpose(0, 3, 1, 2).copy())
    ys = torch.arange(n) % problem["classes"]
    convs = [(weights[i].permute(3, 2, 0, 1).contiguous(), weights[i + 1]) for i in range(0, len(weights) - 4, 2)]

    def trunk(x):
        with torch.no_grad():
            for kernel, bias in convs:
                x = F.relu(F.conv2d(x, kernel, bias, stride=2))
            return x.mean((2, 3))

    head = nn.Sequential(nn.Linear(*weights[-4].shape), nn.ReLU(), nn.Linear(*weights[-2].shape))
    with torch.no_grad():
        for layer, kernel, bias in ((head[0], *weights[-4:-2]), (head[2], *weights[-2:])):
            layer.weight.copy_(kernel.T)
            layer.bias.copy_(bias)
    model = DistributedDataParallel(head)
    optimizer = torch.optim.SGD(head.parameters(), problem["rate"], problem["momentum"])
    each = batch // ranks
    dist.barrier()
    began = time.perf_counter()
    epochs = []
    for _ in range(problem["epochs"]):
        start, total = time.perf_counter(), 0.0
        for first in range(0, n, batch):
            own = slice(first + rank * each, first + (rank + 1) * each)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(trunk(xs[own])), ys[own])
            loss.backward()
            optimizer.step()
            total += loss.item()
        epochs.append(time.perf_counter() - start)
    loss = torch.tensor(total)
    dist.all_reduce(loss)
    if rank == 0:
        steps = n // batch
        print(
            json.dumps(
                {
                    "ranks": ranks,
                    "secondsPerStep": sum(epochs[1:]) / (steps * (len(epochs) - 1)),
                    "trunkSeconds": None,
                    "seconds": time.perf_counter() - began,
                    "bytesPerStep": 4 * sum(p.numel() for p in head.parameters()),
                    "loss": loss.item() / ranks / steps,
                }
            )
        )
    dist.destroy_process_group()


if __name__ == "__main__":
    mp.spawn(main, (pathlib.Path(sys.argv[1]), int(sys.argv[2])), nprocs=int(sys.argv[2]))
