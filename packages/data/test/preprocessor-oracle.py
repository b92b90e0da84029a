"""Writes pixels that image processors of Hugging Face make, for images.test.ts.

    python preprocessor-oracle.py > preprocessor-oracle.json

transformers 5.24.0, numpy 2.4.6, pillow 13.0.0.
"""
import json, sys
import numpy as np
from PIL import Image
from transformers import CLIPImageProcessorPil, ConvNextImageProcessorPil, EfficientNetImageProcessorPil, MobileViTImageProcessorPil, ViTImageProcessorPil

# One colour, so that the way of resizing does not matter.
color = (200, 100, 30)
picture = Image.fromarray(np.full((40, 60, 3), color, "uint8"))
processors = {
    "vit": ViTImageProcessorPil(size={"height": 8, "width": 8}),
    "clip": CLIPImageProcessorPil(size={"shortest_edge": 8}, crop_size={"height": 8, "width": 8}),
    "no rescale": ViTImageProcessorPil(size={"height": 8, "width": 8}, do_rescale=False, do_normalize=False),
    "offset": EfficientNetImageProcessorPil(size={"height": 8, "width": 8}, rescale_offset=True, rescale_factor=1 / 127.5, do_normalize=False),
    "offset and mean": EfficientNetImageProcessorPil(size={"height": 8, "width": 8}, rescale_offset=True, rescale_factor=1 / 127.5, image_mean=[0.1, 0.2, 0.3], image_std=[0.4, 0.5, 0.6]),
    "flipped": MobileViTImageProcessorPil(size={"shortest_edge": 10}, crop_size={"height": 8, "width": 8}),
}
cases = {}
for name, processor in processors.items():
    pixels = processor(picture, return_tensors="np")["pixel_values"][0]
    cases[name] = {"config": json.loads(processor.to_json_string()), "shape": list(pixels.shape), "pixel": pixels[:, 0, 0].tolist()}
json.dump({"color": color, "cases": cases}, sys.stdout)
