"""The small models of public reports, by name: each is one layer, option or mask. Used by make.py."""

import keras
import numpy as np
from keras import layers as L

rng = np.random.default_rng(0)
Z = {}


def add(name, model, x):
    Z[name] = (model, x)


def f(*shape):
    return rng.normal(size=shape).astype("float32")


def I(high, *shape):
    return rng.integers(0, high, shape).astype("float32")


def S(shape, *layers):
    return keras.Sequential([keras.Input(shape), *layers])


def func(shape, graph, dtype=None):
    x = keras.Input(shape, dtype=dtype)
    return keras.Model(x, graph(x))


add("leaky_0.1", S((4,), L.Dense(5), L.LeakyReLU(negative_slope=0.1)), f(3, 4))
add("leaky_default", S((4,), L.Dense(5), L.LeakyReLU()), f(3, 4))
add("relu_slope", S((4,), L.Dense(5), L.ReLU(negative_slope=0.2)), f(3, 4))
add("relu_max", S((4,), L.Dense(5), L.ReLU(max_value=0.5)), f(3, 4))
add("relu_threshold", S((4,), L.Dense(5), L.ReLU(threshold=0.3)), f(3, 4))
add("elu_alpha", S((4,), L.Dense(5), L.ELU(alpha=0.5)), f(3, 4))
add("elu", S((4,), L.Dense(5), L.ELU()), f(3, 4))
add("prelu", S((4, 4, 2), L.PReLU(shared_axes=[1, 2], alpha_initializer="random_normal")), f(2, 4, 4, 2))
add("softmax_axis1", S((4, 3), L.Softmax(axis=1)), f(3, 4, 3))
for a in ["gelu", "silu", "swish", "leaky_relu", "relu6", "hard_sigmoid", "hard_silu", "mish", "exponential", "softplus", "softsign", "selu", "elu", "tanh", "log_softmax", "celu"]:
    add("act_" + a, S((4,), L.Dense(5, activation=a)), f(3, 4))
add("gap_keepdims", S((4, 4, 2), L.GlobalAveragePooling2D(keepdims=True)), f(3, 4, 4, 2))
add("gap1d", S((4, 2), L.GlobalAveragePooling1D()), f(3, 4, 2))
add("gmp_keepdims_conv", S((4, 4, 2), L.GlobalMaxPooling2D(keepdims=True), L.Conv2D(3, 1), L.Flatten()), f(3, 4, 4, 2))
add("group_conv", S((4, 4, 4), L.Conv2D(6, 3, groups=2)), f(2, 4, 4, 4))
add("conv_dilated", S((6, 6, 2), L.Conv2D(3, 2, dilation_rate=2)), f(2, 6, 6, 2))
add("conv1d_causal", S((6, 2), L.Conv1D(3, 2, padding="causal")), f(2, 6, 2))
add("conv1d_same", S((6, 2), L.Conv1D(3, 3, padding="same", strides=2)), f(2, 6, 2))
add("sepconv1d", S((6, 2), L.SeparableConv1D(3, 2)), f(2, 6, 2))
add("sepconv2d", S((6, 6, 2), L.SeparableConv2D(3, 2, depth_multiplier=2, activation="relu")), f(2, 6, 6, 2))
add("depthwise", S((6, 6, 2), L.DepthwiseConv2D(3, depth_multiplier=2, padding="same")), f(2, 6, 6, 2))
add("depthwise1d", S((6, 2), L.DepthwiseConv1D(3)), f(2, 6, 2))
add("convT", S((4, 4, 2), L.Conv2DTranspose(3, 3, strides=2, padding="same")), f(2, 4, 4, 2))
add("convT_valid", S((4, 4, 2), L.Conv2DTranspose(3, 3, strides=2)), f(2, 4, 4, 2))
add("convT_outpad", S((4, 4, 2), L.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=0)), f(2, 4, 4, 2))
add("conv1dT", S((4, 2), L.Conv1DTranspose(3, 3, strides=2)), f(2, 4, 2))
add("up_bilinear", S((3, 3, 2), L.UpSampling2D(2, interpolation="bilinear")), f(2, 3, 3, 2))
add("up_nearest", S((3, 3, 2), L.UpSampling2D((2, 3))), f(2, 3, 3, 2))
add("up_bicubic", S((3, 3, 2), L.UpSampling2D(2, interpolation="bicubic")), f(2, 3, 3, 2))
add("up1d", S((3, 2), L.UpSampling1D(2)), f(2, 3, 2))
add("resizing", S((4, 4, 2), L.Resizing(6, 5)), f(2, 4, 4, 2))
add("resizing_nearest", S((4, 4, 2), L.Resizing(6, 5, interpolation="nearest")), f(2, 4, 4, 2))
add("resizing_crop", S((4, 6, 2), L.Resizing(3, 3, crop_to_aspect_ratio=True)), f(2, 4, 6, 2))
add("rescaling", S((4,), L.Rescaling(1 / 127.5, offset=-1.0)), f(3, 4))
n = L.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 4.0, 9.0, 2.0]); add("normalization", S((4,), n), f(3, 4))
add("pad2d", S((3, 3, 2), L.ZeroPadding2D(((1, 2), (0, 1)))), f(2, 3, 3, 2))
add("pad1d", S((3, 2), L.ZeroPadding1D((1, 2))), f(2, 3, 2))
add("crop1d", S((5, 2), L.Cropping1D((1, 2))), f(2, 5, 2))
add("crop2d", S((5, 5, 2), L.Cropping2D(((1, 2), (0, 1)))), f(2, 5, 5, 2))
add("avgpool_same", S((5, 5, 2), L.AveragePooling2D(2, padding="same")), f(2, 5, 5, 2))
add("maxpool1d", S((5, 2), L.MaxPooling1D(2, padding="same")), f(2, 5, 2))


def bn(model):
    for layer in model.layers:
        if isinstance(layer, L.BatchNormalization):
            layer.set_weights([np.abs(rng.normal(size=w.shape)).astype("float32") + 0.3 for w in layer.get_weights()])
    return model


add("bn", bn(S((4, 4, 3), L.BatchNormalization(epsilon=0.01))), f(2, 4, 4, 3))
add("bn_noscale", bn(S((4, 4, 3), L.BatchNormalization(scale=False))), f(2, 4, 4, 3))
add("bn_axis1", bn(S((4, 5, 3), L.BatchNormalization(axis=1))), f(2, 4, 5, 3))
add("bn_rank5", bn(S((2, 3, 3, 2), L.BatchNormalization())), f(2, 2, 3, 3, 2))
add("bn_dense", bn(S((4,), L.Dense(3), L.BatchNormalization(), L.Dense(2))), f(3, 4))
add("layernorm", S((4, 3), L.LayerNormalization(epsilon=0.1)), f(2, 4, 3))
add("layernorm_axes", S((4, 3), L.LayerNormalization(axis=[1, 2])), f(2, 4, 3))
add("layernorm_noscale", S((4, 3), L.LayerNormalization(scale=False)), f(2, 4, 3))
add("rmsnorm", S((4, 3), L.LayerNormalization(rms_scaling=True) if "rms_scaling" in L.LayerNormalization.__init__.__code__.co_varnames else L.LayerNormalization()), f(2, 4, 3))
add("groupnorm", S((4, 4), L.GroupNormalization(2)), f(2, 4, 4))
add("unitnorm", S((4,), L.UnitNormalization()), f(2, 4))
add("lstm", S((5, 3), L.LSTM(4)), f(2, 5, 3))
add("lstm_back_seq", S((5, 3), L.LSTM(4, go_backwards=True, return_sequences=True)), f(2, 5, 3))
add("lstm_hardsig", S((5, 3), L.LSTM(4, recurrent_activation="hard_sigmoid")), f(2, 5, 3))
add("lstm_noforgetbias", S((5, 3), L.LSTM(4, unit_forget_bias=False, use_bias=False)), f(2, 5, 3))
add("gru_default", S((5, 3), L.GRU(4)), f(2, 5, 3))
add("gru_noreset", S((5, 3), L.GRU(4, reset_after=False)), f(2, 5, 3))
add("simplernn", S((5, 3), L.SimpleRNN(4)), f(2, 5, 3))
add("bilstm", S((5, 3), L.Bidirectional(L.LSTM(4, return_sequences=True))), f(2, 5, 3))
add("bigru_sum", S((5, 3), L.Bidirectional(L.GRU(4, reset_after=False), merge_mode="sum")), f(2, 5, 3))
add("timedist", S((3, 4), L.TimeDistributed(L.Dense(2))), f(2, 3, 4))
add("convlstm", S((3, 4, 4, 2), L.ConvLSTM2D(2, 2)), f(2, 3, 4, 4, 2))
add("embed_mask_lstm", S((5,), L.Embedding(7, 3, mask_zero=True), L.LSTM(4)), I(7, 3, 5))
add("embed_mask_bilstm", S((5,), L.Embedding(7, 3, mask_zero=True), L.Bidirectional(L.LSTM(4))), I(7, 3, 5))
add("embed_mask_func", func((5,), lambda x: L.Dense(2)(L.LSTM(4)(L.Embedding(7, 3, mask_zero=True)(x)))), I(7, 3, 5))
add("masking_lstm", S((5, 3), L.Masking(), L.LSTM(4)), f(2, 5, 3) * (rng.random((2, 5, 1)) > 0.4).astype("float32"))
add("masking_func", func((5, 3), lambda x: L.LSTM(4)(L.Masking()(x))), f(2, 5, 3) * (rng.random((2, 5, 1)) > 0.4).astype("float32"))
add("shared", func((4,), lambda x: (lambda d: L.Add()([d(x), d(L.Activation("tanh")(x))]))(L.Dense(3))), f(2, 4))
add("ops_add", func((4,), lambda x: L.Dense(4)(x) + x), f(2, 4))
add("ops_scale", func((4,), lambda x: L.Dense(4)(x) * 2.0), f(2, 4))
add("ops_func", func((4,), lambda x: keras.ops.relu(L.Dense(4)(x))), f(2, 4))
add("subtract", func((4,), lambda x: L.Subtract()([L.Dense(4)(x), x])), f(2, 4))
add("dot_norm", func((4,), lambda x: L.Dot(axes=1, normalize=True)([L.Dense(4)(x), x])), f(2, 4))
add("mha", func((4, 6), lambda x: L.MultiHeadAttention(2, 3)(x, x)), f(2, 4, 6))
add("attention", func((4, 6), lambda x: L.Attention()([x, x])), f(2, 4, 6))
add("einsumdense", S((4, 6), L.EinsumDense("abc,cd->abd", output_shape=(None, 3), bias_axes="d")), f(2, 4, 6))
add("concat_axis1", func((4, 3), lambda x: L.Concatenate(axis=1)([x, L.Dense(3)(x)])), f(2, 4, 3))
add("permute", S((4, 3), L.Permute((2, 1)), L.Reshape((2, 6)), L.Flatten()), f(2, 4, 3))
add("reshape_minus", S((4, 3), L.Reshape((-1, 2))), f(2, 4, 3))
add("repeat", S((3,), L.RepeatVector(4)), f(2, 3))
add("spatialdropout2d", S((4, 4, 2), L.SpatialDropout2D(0.3)), f(2, 4, 4, 2))
add("spatialdropout1d", S((4, 2), L.SpatialDropout1D(0.3)), f(2, 4, 2))
add("alphadropout", S((4,), L.AlphaDropout(0.3)), f(2, 4))
add("gaussian", S((4,), L.GaussianNoise(0.3), L.GaussianDropout(0.2)), f(2, 4))
add("randomflip", S((4, 4, 2), L.RandomFlip("horizontal"), L.Conv2D(2, 2)), f(2, 4, 4, 2))
add("mixed16", S((4,), L.Dense(5, dtype="mixed_float16"), L.Dense(2, dtype="float32")), f(3, 4))
add("constraint", S((4,), L.Dense(5, kernel_constraint=keras.constraints.MaxNorm(0.5), kernel_regularizer=keras.regularizers.L2(0.01))), f(3, 4))
add("orthoreg", S((4,), L.Dense(5, kernel_regularizer=keras.regularizers.OrthogonalRegularizer(0.01))), f(3, 4))
add("nested", S((4,), keras.Sequential([keras.Input((4,)), L.Dense(3), L.LeakyReLU(negative_slope=0.05)], name="inner"), L.Dense(2)), f(2, 4))
add("hashing", S((4,), L.CategoryEncoding(6, output_mode="multi_hot")), I(6, 2, 4))
add("identity", S((4,), L.Dense(3), L.Identity()), f(2, 4))
add("activityreg", S((4,), L.ActivityRegularization(l2=0.1), L.Dense(3)), f(2, 4))
