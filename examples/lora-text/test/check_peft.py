"""Checks that HF PEFT reads the adapter that save.ts writes, and that transformers reads the merged encoder. Writes check_peft.json.

    pip install torch==2.13.0 transformers peft==0.21.2
    python check_peft.py        (run fetch.sh first; needs tsx on the path, as in the repository's node_modules/.bin)

Both must give the logits that Graft computes, for 8 texts.
"""

import json
import subprocess
import tempfile
import warnings
from pathlib import Path

import peft
import torch
import transformers
from peft import PeftModel
from transformers import AutoModel

here = Path(__file__).parent
# A missing or unexpected tensor is only a warning in PEFT.
warnings.filterwarnings("error", category=UserWarning)
torch.set_num_threads(1)


def logits(encoder, stored):
    ids = torch.tensor(stored["ids"])
    mask = (ids > 0).long()
    with torch.no_grad():
        hidden = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    weights = mask[..., None].float()
    pooled = (hidden * weights).sum(1) / weights.sum(1)
    return pooled @ torch.tensor(stored["head"]["kernel"]) + torch.tensor(stored["head"]["bias"])


with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["tsx", here.parent / "save.ts", folder], check=True, cwd=here.parent)
    stored = json.loads((Path(folder) / "predictions.json").read_text())
    base = AutoModel.from_pretrained(here.parent / "files/model").eval()
    plain = logits(base, stored)
    adapted = logits(PeftModel.from_pretrained(base, folder).eval(), stored)
    (Path(folder) / "adapter_config.json").unlink()
    merged = logits(AutoModel.from_pretrained(folder).eval(), stored)
ours = {key: torch.tensor(stored[key]) for key in ["adapted", "merged"]}
assert (adapted - plain).abs().max() > 1e-3, "the adapter changes nothing"
result = {
    "peft": peft.__version__,
    "transformers": transformers.__version__,
    "largest difference of logits": {
        "PEFT with the adapter": (adapted - ours["adapted"]).abs().max().item(),
        "transformers with the merged encoder": (merged - ours["merged"]).abs().max().item(),
    },
}
assert max(result["largest difference of logits"].values()) < 1e-5, result
(here / "check_peft.json").write_text(json.dumps(result, indent=2) + "\n")
print(json.dumps(result, indent=2))
