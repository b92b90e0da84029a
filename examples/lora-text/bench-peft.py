"""Times the same steps as bench-graft.ts with PyTorch and HF PEFT. Prints JSON. Arguments: number of steps, number of threads.

pip install torch==2.13.0 transformers peft==0.21.2
"""

import json
import resource
import sys
import time
from pathlib import Path

import peft
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModel

BATCH, TOKENS, CLASSES = 8, 32, 6
steps, threads = map(int, sys.argv[1:])
torch.set_num_threads(threads)
torch.manual_seed(1)
encoder = AutoModel.from_pretrained(Path(__file__).parent / "files/model", add_pooling_layer=False)
encoder = get_peft_model(encoder, LoraConfig(r=4, lora_alpha=8, target_modules=["query", "value"])).train()
head = torch.nn.Linear(encoder.config.hidden_size, CLASSES)
# The other side has no dropout either.
for module in encoder.modules():
    if isinstance(module, torch.nn.Dropout):
        module.p = 0.0
trained = [p for p in encoder.parameters() if p.requires_grad] + list(head.parameters())
optimizer = torch.optim.Adam(trained, lr=0.001)
ids = torch.randint(1000, 30000, (steps, BATCH, TOKENS))
mask = torch.ones((BATCH, TOKENS), dtype=torch.long)
labels = torch.randint(0, CLASSES, (steps, BATCH))
seconds = []
for i in range(steps):
    start = time.perf_counter()
    hidden = encoder(input_ids=ids[i], attention_mask=mask).last_hidden_state
    loss = torch.nn.functional.cross_entropy(head(hidden.mean(1)), labels[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    seconds.append(time.perf_counter() - start)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"torch": torch.__version__, "peft": peft.__version__, "seconds": seconds, "rssKiB": peak}))
