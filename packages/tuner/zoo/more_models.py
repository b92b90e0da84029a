"""More small models: masks behind layers, cells, nested models, and each option beside those of small_models.py. Used by make.py."""

import keras
import numpy as np
from keras import layers as L
from small_models import I, S, add, bn, f, func, rng


def words(*layers):
    """A series of 5 words, of which the first example ends in two zeros and the second is whole."""
    return S((5,), L.Embedding(7, 3, mask_zero=True), *layers)


X = np.array([[3, 1, 4, 0, 0], [1, 5, 2, 6, 5]], "float32")
add("mask_gap1d", words(L.GlobalAveragePooling1D()), X)
add("mask_gap1d_keepdims", words(L.Dense(4), L.GlobalAveragePooling1D(keepdims=True)), X)
add("mask_gmp1d", words(L.GlobalMaxPooling1D()), X)
add("mask_leaky_lstm", words(L.LeakyReLU(), L.LSTM(4)), X)
add("mask_elu_lstm", words(L.ELU(), L.LSTM(4)), X)
add("mask_flatten", words(L.Flatten(), L.Dense(2)), X)
add("mask_conv1d_lstm", words(L.Conv1D(3, 2, padding="same"), L.LSTM(4)), X)
add("mask_timedist_lstm", words(L.TimeDistributed(L.Dense(4)), L.LSTM(4)), X)
add("mask_lstm_sequences", words(L.LSTM(4, return_sequences=True)), X)
add("mask_lstm_lstm", words(L.LSTM(4, return_sequences=True), L.Dropout(0.2), L.Dense(3), L.LSTM(2)), X)
add("mask_bilstm_sequences", words(L.Bidirectional(L.LSTM(4, return_sequences=True))), X)
add("mask_bilstm_pool", words(L.Bidirectional(L.LSTM(4, return_sequences=True)), L.GlobalAveragePooling1D()), X)
add("mask_bilstm_last", words(L.Bidirectional(L.LSTM(4))), X)
add("mask_layernorm_lstm", words(L.LayerNormalization(), L.LSTM(4)), X)
add("mask_reshape_lstm", words(L.Reshape((5, 3)), L.LSTM(4)), X)
add("mask_pool1d_lstm", words(L.MaxPooling1D(1), L.LSTM(4)), X)
add("mask_rnn_cell", words(L.RNN(L.LSTMCell(4))), X)
add("mask_spatialdropout_lstm", words(L.SpatialDropout1D(0.2), L.LSTM(4)), X)
E_ = lambda x: L.Embedding(7, 3, mask_zero=True)(x)
add("mask_add_lstm", func((5,), lambda x: L.LSTM(4)(L.Add()([E_(x), E_(x)]))), X)
add("mask_add_dense", func((5,), lambda x: L.Dense(2)(L.Flatten()(L.Add()([E_(x), E_(x)])))), X)
add("mask_concat_lstm", func((5,), lambda x: L.LSTM(4)(L.Concatenate()([E_(x), E_(x)]))), X)
add("mask_concat_pool", func((5,), lambda x: L.Concatenate()([L.GlobalAveragePooling1D()(E_(x)), L.LSTM(2)(E_(x))])), X)
add("mask_bilstm_func", func((5,), lambda x: L.GlobalAveragePooling1D()(L.Bidirectional(L.LSTM(4, return_sequences=True))(E_(x)))), X)
add("mask_nested", func((5,), lambda x: L.LSTM(4)(keras.Sequential([keras.Input((5,)), L.Embedding(7, 3, mask_zero=True)])(x))), X)

series = f(2, 5, 3)
add("rnn_lstm_cell", S((5, 3), L.RNN(L.LSTMCell(4))), series)
add("rnn_simple_cell", S((5, 3), L.RNN(L.SimpleRNNCell(4), return_sequences=True)), series)
add("rnn_gru_cell", S((5, 3), L.RNN(L.GRUCell(4, reset_after=False))), series)
add("rnn_stacked", S((5, 3), L.RNN([L.LSTMCell(4), L.LSTMCell(2)])), series)
add("rnn_stacked_mixed", S((5, 3), L.RNN([L.SimpleRNNCell(4), L.LSTMCell(2)])), series)
add("gru_hardsig", S((5, 3), L.GRU(4, reset_after=False, recurrent_activation="hard_sigmoid")), series)
add("bigru_hardsig", S((5, 3), L.Bidirectional(L.GRU(4, reset_after=False, recurrent_activation="hard_sigmoid"))), series)
add("lstm_relu", S((5, 3), L.LSTM(4, activation="relu", recurrent_activation="hard_silu")), series)
add("lstm_unroll", S((5, 3), L.LSTM(4, unroll=True)), series)
add("bilstm_merges", S((5, 3), L.Bidirectional(L.LSTM(4), merge_mode="mul")), series)
add("timedist_bilstm", S((2, 5, 3), L.TimeDistributed(L.Bidirectional(L.LSTM(2)))), f(2, 2, 5, 3))
add("timedist_conv", S((2, 5, 5, 3), L.TimeDistributed(L.Conv2D(2, 3)), L.TimeDistributed(L.Flatten())), f(2, 2, 5, 5, 3))
inner = keras.Sequential([keras.Input((4,)), L.Dense(3), L.LeakyReLU(negative_slope=0.05), L.Dense(2)], name="each")
add("timedist_model", S((3, 4), L.TimeDistributed(inner)), f(2, 3, 4))
add("convlstm_hardsig", S((3, 4, 4, 2), L.ConvLSTM2D(2, 2, recurrent_activation="hard_sigmoid", padding="same")), f(2, 3, 4, 4, 2))
add("lstm_initial", func((5, 3), lambda x: L.LSTM(4)(x, initial_state=[L.Dense(4)(L.Flatten()(x)), L.Dense(4)(L.Flatten()(x))])), series)


def twice(x):
    block = keras.Sequential([keras.Input((4,)), L.Dense(4), L.BatchNormalization()], name="block")
    return L.Dense(2)(block(block(x)))


add("nested_twice", func((4,), twice), f(2, 4))


def base(x):
    image = keras.Input((6, 6, 2))
    y = L.BatchNormalization()(L.Conv2D(3, 3)(image))
    frozen = keras.Model(image, L.GlobalAveragePooling2D()(L.ReLU()(y)), name="base")
    frozen.trainable = False
    return L.Dense(2)(frozen(x, training=False))


add("nested_frozen", func((6, 6, 2), base), f(2, 6, 6, 2))
for a in ["hard_tanh", "hard_shrink", "soft_shrink", "tanh_shrink", "log_sigmoid", "squareplus", "sparse_plus", "sparse_sigmoid", "glu", "sparsemax"]:
    add("act_" + a, S((4,), L.Dense(6, activation=a)), f(3, 4))
add("act_layer", S((4,), L.Dense(5), L.Activation("hard_sigmoid")), f(3, 4))
add("relu_all", S((4,), L.Dense(9), L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.4)), f(3, 4))
add("softmax_axes", S((4, 3), L.Softmax(axis=[1, 2])), f(2, 4, 3))
add("gap1d_keepdims", S((4, 2), L.GlobalAveragePooling1D(keepdims=True)), f(3, 4, 2))
add("gmp1d_keepdims", S((4, 2), L.GlobalMaxPooling1D(keepdims=True)), f(3, 4, 2))
add("gap3d", S((4, 3, 2, 2), L.GlobalAveragePooling3D()), f(3, 4, 3, 2, 2))
add("gmp3d_keepdims", S((4, 3, 2, 2), L.GlobalMaxPooling3D(keepdims=True)), f(3, 4, 3, 2, 2))
add("pools3d", S((4, 4, 4, 2), L.Conv3D(3, 2), L.MaxPooling3D(2, padding="same"), L.AveragePooling3D(2)), f(2, 4, 4, 4, 2))
add("conv3dT", S((2, 3, 2, 2), L.Conv3DTranspose(2, 2, strides=2)), f(2, 2, 3, 2, 2))
add("conv1d_groups_causal", S((8, 4), L.Conv1D(6, 3, groups=2, padding="causal", dilation_rate=2, activation="relu")), f(2, 8, 4))
add("conv1d_dilated", S((8, 2), L.Conv1D(3, 2, dilation_rate=3)), f(2, 8, 2))
add("conv_same_strides", S((5, 6, 2), L.Conv2D(3, 3, strides=(2, 3), padding="same", activation="hard_silu")), f(2, 5, 6, 2))
add("depthwise_dilated", S((6, 6, 2), L.DepthwiseConv2D(2, dilation_rate=2)), f(2, 6, 6, 2))
add("sepconv2d_dilated", S((6, 6, 2), L.SeparableConv2D(3, 2, dilation_rate=2)), f(2, 6, 6, 2))
add("convT_outpad_valid", S((4, 3, 2), L.Conv2DTranspose(3, 3, strides=2, output_padding=1)), f(2, 4, 3, 2))
add("convT_outpad_even", S((4, 3, 2), L.Conv2DTranspose(3, 4, strides=2, padding="same", output_padding=1)), f(2, 4, 3, 2))
add("convT_outpad_wide", S((4, 3, 2), L.Conv2DTranspose(3, 2, strides=2, padding="same", output_padding=0)), f(2, 4, 3, 2))
add("convT_same_even", S((4, 3, 2), L.Conv2DTranspose(3, 4, strides=3, padding="same")), f(2, 4, 3, 2))
add("convT_dilated", S((4, 3, 2), L.Conv2DTranspose(3, 2, dilation_rate=2)), f(2, 4, 3, 2))
add("up_bilinear_3x2", S((3, 4, 2), L.UpSampling2D((3, 2), interpolation="bilinear"), L.Conv2D(2, 2)), f(2, 3, 4, 2))
add("resizing_down", S((7, 6, 2), L.Resizing(3, 4)), f(2, 7, 6, 2))
add("resizing_nearest_down", S((7, 6, 2), L.Resizing(3, 4, interpolation="nearest")), f(2, 7, 6, 2))
add("resizing_crop_tall", S((7, 4, 2), L.Resizing(3, 5, crop_to_aspect_ratio=True)), f(2, 7, 4, 2))
add("resizing_pad", S((7, 4, 2), L.Resizing(3, 5, pad_to_aspect_ratio=True)), f(2, 7, 4, 2))
add("resizing_antialias", S((7, 4, 2), L.Resizing(3, 2, antialias=True)), f(2, 7, 4, 2))
add("center_crop", S((6, 5, 2), L.CenterCrop(3, 2)), f(2, 6, 5, 2))
adapted = L.Normalization()
adapted.adapt(f(20, 4) * 3 + 1)
add("normalization_adapted", S((4,), adapted, L.Dense(2)), f(3, 4))
add("normalization_invert", S((4,), L.Normalization(mean=1.5, variance=4.0, invert=True)), f(3, 4))
add("normalization_axes", S((3, 2), L.Normalization(axis=(1, 2), mean=f(3, 2), variance=np.abs(f(3, 2)) + 0.1)), f(2, 3, 2))
add("rescaling_channels", S((3, 3), L.Rescaling([0.5, 2.0, 3.0], offset=[1.0, 0.0, -1.0])), f(2, 3, 3))
add("encode_one_hot", S((1,), L.CategoryEncoding(5, output_mode="one_hot")), I(5, 3, 1))
add("encode_count", S((4,), L.CategoryEncoding(5, output_mode="count")), I(5, 3, 4))
add("unitnorm_axis1", S((4, 3), L.UnitNormalization(axis=1)), f(2, 4, 3))
add("dropout_shape", S((4, 3), L.Dropout(0.3, noise_shape=(None, 1, 3)), L.Dense(2)), f(2, 4, 3))
add("spatialdropout3d", S((2, 2, 2, 3), L.SpatialDropout3D(0.3)), f(2, 2, 2, 2, 3))
for kind in ["Average", "Maximum", "Minimum", "Multiply"]:
    add("merge_" + kind.lower(), func((4,), lambda x: getattr(L, kind)()([L.Dense(4)(x), x])), f(2, 4))
add("dot_axes", func((4, 3), lambda x: L.Dot(axes=(1, 1))([x, L.Dense(3)(x)])), f(2, 4, 3))
add("ops_arithmetic", func((4,), lambda x: (1.5 - L.Dense(4)(x)) / (keras.ops.absolute(x) + 2.0) - x * x), f(2, 4))
add("ops_functions", func((4,), lambda x: keras.ops.maximum(keras.ops.sigmoid(x), keras.ops.tanh(L.Dense(4)(x)))), f(2, 4))
add("ops_broadcast", func((4, 3), lambda x: x + L.GlobalAveragePooling1D(keepdims=True)(x)), f(2, 4, 3))
add("ops_mean", func((4, 3), lambda x: keras.ops.mean(x, axis=1)), f(2, 4, 3))
add("bn_axis1_rank3", bn(S((4, 3), L.BatchNormalization(axis=1))), f(2, 4, 3))
add("bn_unscaled", bn(S((4,), L.BatchNormalization(center=False, scale=False))), f(3, 4))
add("minmax_constraint", S((4,), L.Dense(5, kernel_constraint=keras.constraints.MinMaxNorm(0.1, 0.2), bias_constraint="non_neg")), f(3, 4))
add("int_input", keras.Sequential([keras.Input((5,), dtype="int32"), L.Embedding(7, 3), L.Flatten(), L.Dense(2)]), I(7, 2, 5))
add("training_true", func((4,), lambda x: L.Dense(2)(L.Dropout(0.5)(x, training=True))), f(2, 4))
add("lambda", S((4,), L.Lambda(lambda x: x * 2)), f(2, 4))
add("gru_mask", words(L.GRU(4), L.Dense(2)), X)
add("gru_unbiased", S((5, 3), L.GRU(4, use_bias=False, return_sequences=True)), series)
add("gru_dropout", S((5, 3), L.GRU(4, dropout=0.2, recurrent_dropout=0.1)), series)
add("bigru_default", S((5, 3), L.Bidirectional(L.GRU(4, recurrent_activation="hard_sigmoid"))), series)
add("rnn_gru_cell_default", S((5, 3), L.RNN([L.GRUCell(4), L.GRUCell(2)])), series)
