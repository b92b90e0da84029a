"""Writes embeddings-oracle.json: mean-pooled embeddings of three sentences by Hugging Face's transformers.

pip install torch==2.13.0 transformers; run fetch.sh first.
"""

import json
from pathlib import Path

import torch
from transformers import AutoModel, AutoTokenizer

TEXTS = [
    "A cat sits on the mat.",
    "The stock market fell sharply on Monday, and nobody knows why.",
    "Naïve Bayes isn't as naïve as it looks!",
]

here = Path(__file__).parent
folder = str(here.parent / "files/model")
tokens = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
with torch.no_grad():
    hidden = AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state
mask = tokens["attention_mask"][..., None].float()
pooled = (hidden * mask).sum(1) / mask.sum(1)
stored = {"texts": TEXTS, "ids": tokens["input_ids"].tolist(), "embeddings": [[round(v, 7) for v in row] for row in pooled.tolist()]}
(here / "embeddings-oracle.json").write_text(json.dumps(stored, ensure_ascii=False, separators=(",", ":")) + "\n")
