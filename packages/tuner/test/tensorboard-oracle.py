"""Reads the event file of tensorboard-sample.ts with TensorBoard's own reader and prints the contents.

    npx tsx packages/tuner/test/write-sample.ts > events.out.tfevents.1.graft
    python tensorboard-oracle.py events.out.tfevents.1.graft > tensorboard-oracle.json

tensorboard 2.21.0 (without TensorFlow), pillow 13.0.0. It checks every record's CRC itself.
"""
import io, json, sys
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

path = sys.argv[1]
out = {"scalars": {}, "histograms": {}, "images": {}}
versions = []
for event in LegacyEventFileLoader(path).Load():
    if event.file_version:
        versions.append(event.file_version)
    for value in event.summary.value:
        kind = value.WhichOneof("value")
        if kind == "simple_value":
            out["scalars"].setdefault(value.tag, []).append([event.step, value.simple_value])
        elif kind == "histo":
            h = value.histo
            out["histograms"][value.tag] = {"step": event.step, "num": h.num, "min": h.min, "max": h.max, "sum": h.sum, "sum_squares": h.sum_squares, "counted": sum(h.bucket)}
        elif kind == "image":
            image = Image.open(io.BytesIO(value.image.encoded_image_string))
            flat = list(image.getdata())
            rows = [flat[y * image.width:(y + 1) * image.width] for y in range(image.height)]
            out["images"][value.tag] = {"width": value.image.width, "height": value.image.height, "pixels": rows}

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF

out["fileVersion"] = versions
out["crc32c"] = crc32c(open(path, "rb").read())
json.dump(out, sys.stdout, indent=1)
