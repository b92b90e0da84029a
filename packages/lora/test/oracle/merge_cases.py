"""Merges adapters with HF PEFT's `add_weighted_adapter` and writes merge_cases.json.

    pip install torch==2.13.0 peft==0.21.2
    python merge_cases.py

Each of the three adapters changes the layers `first` [6, 8] and `second` [8, 3] of a small network, with rank 4 and α 6; the third only
`second`. Tensors are PyTorch's, as nested lists: `lora_A` [rank, in] and `lora_B` [out, rank]. `masks` holds the random masks of DARE in
the order in which PEFT draws them: for each layer, first those of `lora_A` and then those of `lora_B`, one per adapter.
"""

import json
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from torch import nn

torch.manual_seed(7)
torch.set_num_threads(1)
WEIGHTS = [0.7, -0.4, 1.3]
CASES = {
    "ties": ("ties", 0.5, "total"),
    "ties by frequency": ("ties", 0.3, "frequency"),
    "ties of everything": ("ties", 1.0, "total"),
    "dare-linear": ("dare_linear", 0.6, "total"),
    "dare-ties": ("dare_ties", 0.6, "total"),
    "dare-ties by frequency": ("dare_ties", 0.4, "frequency"),
}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))


def config(*layers):
    return LoraConfig(r=4, lora_alpha=6, target_modules=list(layers), init_lora_weights=False)


model = get_peft_model(Net(), config("first", "second"), adapter_name="one")
model.add_adapter("two", config("first", "second"))
model.add_adapter("three", config("second"))


def values(adapter):
    return {
        f"{layer}/{side}": getattr(getattr(model.base_model.model, layer), side)[adapter].weight.tolist()
        for layer in ["first", "second"]
        for side in ["lora_A", "lora_B"]
        if adapter in getattr(getattr(model.base_model.model, layer), side)
    }


masks = []
bernoulli = torch.bernoulli


def recorded(*args, **kwargs):
    mask = bernoulli(*args, **kwargs)
    masks.append(mask.int().tolist())
    return mask


torch.bernoulli = recorded
result = {"weights": WEIGHTS, "adapters": [values(name) for name in ["one", "two", "three"]], "cases": {}}
for name, (kind, density, sign) in CASES.items():
    masks.clear()
    model.add_weighted_adapter(
        ["one", "two", "three"], WEIGHTS, name, combination_type=kind, density=density, majority_sign_method=sign
    )
    assert model.base_model.model.first.scaling[name] == 1
    result["cases"][name] = {"density": density, "majoritySign": sign, "merged": values(name), "masks": list(masks)}
(Path(__file__).parent / "merge_cases.json").write_text(json.dumps(result) + "\n")
