"""Ten nets of keras.applications with random weights and small pictures. Used by make.py."""

import keras
import numpy as np
from keras import applications as A

SHAPE = (64, 64, 3)
rng = np.random.default_rng(0)
NETS = {
    "mobilenet": lambda: A.MobileNet(SHAPE, alpha=0.25, weights=None, classes=5),
    "mobilenet_notop": lambda: A.MobileNet(SHAPE, alpha=0.25, weights=None, include_top=False, pooling="avg"),
    "mobilenetv2": lambda: A.MobileNetV2(SHAPE, alpha=0.35, weights=None, classes=5),
    "mobilenetv3": lambda: A.MobileNetV3Small(SHAPE, alpha=1.0, minimalistic=True, weights=None, classes=5),
    "efficientnetb0": lambda: A.EfficientNetB0(input_shape=SHAPE, weights=None, classes=5),
    "efficientnetv2b0": lambda: A.EfficientNetV2B0(input_shape=SHAPE, weights=None, classes=5),
    "nasnetmobile": lambda: A.NASNetMobile(SHAPE, weights=None, classes=5),
    "resnet50v2": lambda: A.ResNet50V2(input_shape=SHAPE, weights=None, classes=5),
    "densenet121": lambda: A.DenseNet121(input_shape=SHAPE, weights=None, classes=5),
    "convnext": lambda: A.ConvNeXtTiny(input_shape=SHAPE, weights=None, classes=5),
}


def models():
    """Yields each net with a name and an input of two pictures."""
    for name, make in NETS.items():
        keras.backend.clear_session()
        model = make()
        for weight in model.weights:
            if "moving_mean" in weight.path:
                weight.assign(rng.normal(size=weight.shape) * 0.1)
            elif "moving_variance" in weight.path:
                weight.assign(rng.uniform(0.5, 1.5, size=weight.shape))
        yield name, model, rng.uniform(0, 1, (2, *SHAPE)).astype("float32")
