"""Checks that HF PEFT loads the files that Graft writes and predicts the same. Writes the differences to check_peft.json.

    pip install torch==2.13.0 peft==0.21.2 safetensors
    python check_peft.py        (needs tsx on the path, as in the repository's node_modules/.bin)

Graft makes an adapter for each network of peft_cases.py, trains it and writes it; see write-for-peft.mts. PEFT then also saves the
adapter again. Its files must be Graft's, except for the class of the base model in the config.
"""

import json
import subprocess
import tempfile
import warnings
from pathlib import Path

import peft
import torch
from peft import PeftModel
from peft_cases import CASES, NETS, OUT
from safetensors.torch import load_file

HERE = Path(__file__).parent
FILES = ["adapter_config.json", "adapter_model.safetensors"]
# A missing or unexpected tensor is only a warning in PEFT.
warnings.simplefilter("error")
torch.set_num_threads(1)


def normal(text):
    """The config without the base's class. PEFT keeps lists of names as sets, so their order is left to chance."""
    config = json.loads(text) | {"auto_mapping": None}
    return {key: sorted(value) if isinstance(value, list) else value for key, value in config.items()}


def check(name, net, folder):
    stored = load_file(OUT / name / "case.safetensors")
    base = NETS[net][0]()
    base.load_state_dict({key[5:]: value for key, value in stored.items() if key.startswith("base.")})
    plain = base(stored["input"]).detach()
    model = PeftModel.from_pretrained(base, folder).eval()
    outputs = model(stored["input"]).detach()
    graft = torch.tensor(json.loads((folder / "outputs.json").read_text())).reshape(outputs.shape)
    assert (outputs - plain).abs().max() > 1e-3, f"{name}: the adapter changes nothing"
    with tempfile.TemporaryDirectory() as again:
        model.save_pretrained(again)
        written, saved = [[(Path(at) / file).read_bytes() for file in FILES] for at in (folder, again)]
    assert normal(written[0]) == normal(saved[0]), f"{name}: {written[0].decode()}\n{saved[0].decode()}"
    layout = json.dumps(json.loads(written[0]), indent=2, sort_keys=True).encode()
    assert written[0] == layout, f"{name}: the config is formatted in another way"
    assert written[1] == saved[1], f"{name}: PEFT saves other tensors"
    return (outputs - graft).abs().max().item()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["tsx", HERE / "write-for-peft.mts", folder], check=True)
        worst = {name: check(name, net, Path(folder) / name) for name, (net, _) in CASES.items()}
    assert max(worst.values()) < 1e-5, worst
    result = {"peft": peft.__version__, "torch": torch.__version__, "largest difference of outputs": worst}
    (HERE / "check_peft.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
