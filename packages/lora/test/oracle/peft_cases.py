"""Trains small networks with HF PEFT and writes one folder per case to peft/, with an index in peft/cases.json.

    pip install torch==2.13.0 peft==0.21.2 safetensors
    python peft_cases.py

The script cannot be called peft.py, because `import peft` would then import it. Everything is float32 on one thread.

Each folder has
- adapter_config.json and adapter_model.safetensors: the adapter before training, exactly as PEFT saves it,
- case.safetensors:
    base.<name>     weights of the base model,
    input, target   16 examples,
    before, after   outputs for `input` before and after training,
    trained.<key>   the adapter after training, with the keys of adapter_model.safetensors.
Training is 50 steps of plain SGD at rate 0.05 on the mean squared error. Step i uses the examples 4·(i mod 4) to 4·(i mod 4) + 3.

All layouts are PyTorch's: dense weights [out, in], convolution weights [out, in, height, width] or [out, in, length], embeddings
[rows, dim], inputs and feature maps [example, channel, ...], token numbers [example, position] as int32.
The networks end in the mean over all positions and a dense layer, so that no result depends on the layout.
"""

import json
import shutil
import tempfile
from pathlib import Path

import torch
from peft import IA3Config, LoKrConfig, LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from torch import nn

torch.set_num_threads(1)
OUT = Path(__file__).parent / "peft"


class Mean(nn.Module):
    """Averages [n, c, ...] over all positions."""

    def forward(self, x):
        return x.flatten(2).mean(2)


class Tokens(nn.Module):
    """Averages [n, position, dim] over the positions."""

    def forward(self, x):
        return x.mean(1)


def named(**layers):
    net = nn.Sequential()
    for name, layer in layers.items():
        net.add_module(name, layer)
    return net


def dense():
    return named(first=nn.Linear(6, 8), tanh=nn.Tanh(), second=nn.Linear(8, 3, bias=False))


def nested():
    return named(body=dense(), tanh=nn.Tanh(), head=nn.Linear(3, 2))


def wide():
    return named(first=nn.Linear(12, 8), tanh=nn.Tanh(), second=nn.Linear(8, 6))


def conv2d():
    return named(
        conv=nn.Conv2d(3, 4, 3, padding=1),
        tanh=nn.Tanh(),
        point=nn.Conv2d(4, 5, 1),
        tanh2=nn.Tanh(),
        mean=Mean(),
        head=nn.Linear(5, 2),
    )


def conv1d():
    return named(
        conv=nn.Conv1d(3, 4, 3), tanh=nn.Tanh(), strided=nn.Conv1d(4, 5, 2, stride=2, bias=False), mean=Mean(), head=nn.Linear(5, 2)
    )


def embedding():
    return named(embed=nn.Embedding(10, 4), mean=Tokens(), head=nn.Linear(4, 2))


# The networks for a reader that builds them from other layers. The shapes follow from the weights.
NETS = {
    "dense": (dense, [6], [["dense", "first", "tanh"], ["dense", "second", None]]),
    "nested": (nested, [6], [["dense", "body.first", "tanh"], ["dense", "body.second", "tanh"], ["dense", "head", None]]),
    "wide": (wide, [12], [["dense", "first", "tanh"], ["dense", "second", None]]),
    "conv2d": (
        conv2d,
        [3, 5, 4],
        [["conv2d", "conv", "tanh", "same", 1], ["conv2d", "point", "tanh", "valid", 1], ["mean", "mean"], ["dense", "head", None]],
    ),
    "conv1d": (
        conv1d,
        [3, 8],
        [["conv1d", "conv", "tanh", "valid", 1], ["conv1d", "strided", None, "valid", 2], ["mean", "mean"], ["dense", "head", None]],
    ),
    "embedding": (embedding, [5], [["embedding", "embed"], ["mean", "mean"], ["dense", "head", None]]),
}

DENSE = ["first", "second"]
CASES = {
    "lora-dense": ("dense", LoraConfig(r=4, target_modules=DENSE)),
    "lora-rank-stabilized": (
        "nested",
        LoraConfig(
            r=4,
            lora_alpha=6,
            use_rslora=True,
            target_modules=DENSE,
            rank_pattern={"second": 2},
            alpha_pattern={"body.first": 5},
            init_lora_weights=False,
        ),
    ),
    "lora-head": ("nested", LoraConfig(r=2, target_modules=DENSE, modules_to_save=["head"], init_lora_weights=False)),
    "lora-conv2d": ("conv2d", LoraConfig(r=2, target_modules=["conv", "point"], init_lora_weights=False)),
    "lora-conv1d": ("conv1d", LoraConfig(r=2, target_modules=["conv", "strided"], init_lora_weights=False)),
    "lora-embedding": ("embedding", LoraConfig(r=2, lora_alpha=1, target_modules=["embed", "head"], init_lora_weights=False)),
    "lora-pissa": ("dense", LoraConfig(r=2, lora_alpha=3, init_lora_weights="pissa", target_modules=DENSE)),
    "dora-dense": ("dense", LoraConfig(r=2, use_dora=True, target_modules=DENSE, init_lora_weights=False)),
    "dora-conv2d": ("conv2d", LoraConfig(r=2, use_dora=True, target_modules=["conv", "point"], init_lora_weights=False)),
    "dora-conv1d": ("conv1d", LoraConfig(r=2, use_dora=True, target_modules=["conv", "strided"], init_lora_weights=False)),
    "dora-embedding": ("embedding", LoraConfig(r=2, lora_alpha=1, use_dora=True, target_modules=["embed"], init_lora_weights=False)),
    "ia3-dense": (
        "dense",
        IA3Config(target_modules=DENSE, feedforward_modules=["second"], init_ia3_weights=False),
    ),
    "ia3-conv2d": (
        "conv2d",
        IA3Config(target_modules=["conv", "point"], feedforward_modules=["point"], init_ia3_weights=False),
    ),
    "lokr-decomposed": ("wide", LoKrConfig(r=1, alpha=2, target_modules=DENSE, init_weights=False)),
    "lokr-conv2d": (
        "conv2d",
        LoKrConfig(r=1, alpha=2, target_modules=["conv", "point"], rank_pattern={"p.*t": 8}, init_weights=False),
    ),
    "lokr-conv1d": ("conv1d", LoKrConfig(r=1, target_modules=["strided"], init_weights=False)),
    "lora-expressions": (
        "nested",
        LoraConfig(
            r=4,
            target_modules=r"body\.(first|sec[a-z]+)",
            rank_pattern={r"^body\.f.*": 2, "second|head": 3},
            alpha_pattern={r"b\w+\.(?!first)[^x]+": 5},
            init_lora_weights=False,
        ),
    ),
    "lokr-full": ("wide", LoKrConfig(r=8, decompose_factor=2, target_modules=DENSE, init_weights=False)),
}


def inputs_of(shape, net):
    if net == "embedding":
        return torch.randint(0, 10, (16, *shape))
    return torch.randn(16, *shape)


def contiguous(tensors):
    return {key: tensor.detach().clone().contiguous() for key, tensor in tensors.items()}


def write_case(name, net, config):
    torch.manual_seed(sum(map(ord, name)))
    build, shape, _ = NETS[net]
    base = build()
    weights = contiguous({f"base.{key}": value for key, value in base.state_dict().items()})
    x = inputs_of(shape, net)
    y = torch.randn(16, base(x).shape[1])
    model = get_peft_model(base, config)
    model.eval()
    folder = OUT / name
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved)
        folder.mkdir(parents=True)
        for file in ["adapter_config.json", "adapter_model.safetensors"]:
            shutil.copy(Path(saved) / file, folder / file)
    before = model(x).detach()
    first = contiguous(get_peft_model_state_dict(model))
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.05)
    for step in range(50):
        rows = slice(4 * (step % 4), 4 * (step % 4) + 4)
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
        optimizer.step()
    trained = contiguous(get_peft_model_state_dict(model))
    moved = {key: (trained[key] - first[key]).abs().max().item() for key in trained}
    assert min(moved.values()) > 1e-3, (name, moved)
    after = model(x).detach()
    print(name, f"moved {min(moved.values()):.3g} to {max(moved.values()):.3g}", f"outputs {(after - before).abs().max():.3g}")
    tensors = {"input": x.int() if net == "embedding" else x, "target": y, "before": before, "after": after}
    tensors |= {f"trained.{key}": value for key, value in trained.items()}
    save_file(contiguous(tensors) | weights, folder / "case.safetensors")


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    for name, (net, config) in CASES.items():
        write_case(name, net, config)
    index = {name: {"input": NETS[net][1], "layers": NETS[net][2]} for name, (net, _) in CASES.items()}
    text = ",\n".join(f"  {json.dumps(name)}: {json.dumps(case)}" for name, case in index.items())
    (OUT / "cases.json").write_text("{\n" + text + "\n}\n")
