"""Writes sounds-oracle.json with torchaudio 2.11.1 and torch 2.13.0, in float64.

    pip install torch==2.13.0 torchaudio==2.11.1
    python sounds-oracle.py

torchaudio's compiled part does not load with this torch. It is left out: resample and MelSpectrogram are pure Python.
"""

import json
import sys
import types
from pathlib import Path

without = types.ModuleType("torchaudio._extension")
without._IS_TORCHAUDIO_EXT_AVAILABLE = without._IS_ALIGN_AVAILABLE = False
without.fail_if_no_align = lambda function: function
sys.modules["torchaudio._extension"] = without

import torch
import torchaudio

torch.set_default_dtype(torch.float64)


def chirp(length):
    """A sound of whole numbers, so that JavaScript makes the same: all frequencies, at most half of full scale."""
    return torch.tensor([((i * i * 7 + 13 * i) % 32768 - 16384) / 32768 for i in range(length)])


def rounded(tensor):
    return [float(f"{value:.8g}") for value in tensor.flatten().tolist()]


resamples = [
    {"from": old, "to": new, "length": length, "values": rounded(torchaudio.functional.resample(chirp(length), old, new))}
    for old, new, length in [(44100, 16000, 900), (8000, 16000, 300), (16000, 22050, 300), (48000, 16000, 1000), (44099, 16000, 500)]
]

spectrograms = []
for rate, size, hop, mels, length in [(16000, 1024, 256, 32, 4000), (16000, 400, 160, 23, 3333), (22051, 375, 100, 12, 2000)]:
    transform = torchaudio.transforms.MelSpectrogram(
        sample_rate=rate, n_fft=size, hop_length=hop, n_mels=mels, power=2, mel_scale="htk", norm=None, center=True, pad_mode="reflect"
    )
    values = torch.log(transform(chirp(length)) + 1e-6).T
    spectrograms.append(
        {"sampleRate": rate, "fftSize": size, "hop": hop, "mels": mels, "length": length, "shape": list(values.shape), "values": rounded(values)}
    )

Path(__file__).with_suffix(".json").write_text(json.dumps({"resample": resamples, "logMel": spectrograms}) + "\n")
