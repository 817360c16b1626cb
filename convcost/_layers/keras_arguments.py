"""The arguments of Keras's layers, in positional order, as Keras 3.15 has them.

`python tests/keras_arguments.py` writes the names; a test compares them with Keras.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

# What every layer of Keras takes.
EVERY = ("activity_regularizer", "autocast", "dtype", "input_shape", "name", "trainable")
_TEXT = """\
Activation: activation
ActivityRegularization: l1 l2
AdaptiveAveragePooling1D: output_size data_format
AdaptiveAveragePooling2D: output_size data_format
AdaptiveAveragePooling3D: output_size data_format
AdaptiveMaxPooling1D: output_size data_format
AdaptiveMaxPooling2D: output_size data_format
AdaptiveMaxPooling3D: output_size data_format
Add:
AdditiveAttention: use_scale dropout
AlphaDropout: rate noise_shape seed
Attention: use_scale score_mode dropout seed
AugMix: value_range num_chains chain_depth factor alpha all_ops interpolation seed data_format
    bounding_box_format
AutoContrast: value_range factor bounding_box_format data_format
Average:
AveragePooling1D: pool_size strides padding data_format name
AveragePooling2D: pool_size strides padding data_format name
AveragePooling3D: pool_size strides padding data_format name
BatchNormalization: axis momentum epsilon center scale beta_initializer gamma_initializer
    moving_mean_initializer moving_variance_initializer beta_regularizer gamma_regularizer
    beta_constraint gamma_constraint renorm renorm_clipping renorm_momentum synchronized
Bidirectional: layer merge_mode weights backward_layer
CategoryEncoding: num_tokens output_mode sparse
CenterCrop: height width data_format factor bounding_box_format
Concatenate: axis
ContrastLimitedAdaptiveHistogramEqualization: value_range clip_limit tile_grid_size data_format
    factor bounding_box_format
Conv1D: filters kernel_size strides padding data_format dilation_rate groups activation use_bias
    kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer
    kernel_constraint bias_constraint
Conv1DTranspose: filters kernel_size strides padding output_padding data_format dilation_rate
    activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer
    activity_regularizer kernel_constraint bias_constraint
Conv2D: filters kernel_size strides padding data_format dilation_rate groups activation use_bias
    kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer
    kernel_constraint bias_constraint
Conv2DTranspose: filters kernel_size strides padding output_padding data_format dilation_rate
    activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer
    activity_regularizer kernel_constraint bias_constraint
Conv3D: filters kernel_size strides padding data_format dilation_rate groups activation use_bias
    kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer
    kernel_constraint bias_constraint
Conv3DTranspose: filters kernel_size strides padding data_format output_padding dilation_rate
    activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer
    activity_regularizer kernel_constraint bias_constraint
ConvLSTM1D: filters kernel_size strides padding data_format dilation_rate activation
    recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer
    unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer
    activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout
    recurrent_dropout seed return_sequences return_state go_backwards stateful
ConvLSTM2D: filters kernel_size strides padding data_format dilation_rate activation
    recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer
    unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer
    activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout
    recurrent_dropout seed return_sequences return_state go_backwards stateful
ConvLSTM3D: filters kernel_size strides padding data_format dilation_rate activation
    recurrent_activation use_bias kernel_initializer recurrent_initializer bias_initializer
    unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer
    activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout
    recurrent_dropout seed return_sequences return_state go_backwards stateful
Cropping1D: cropping
Cropping2D: cropping data_format
Cropping3D: cropping data_format
CuDNNGRU:
CuDNNLSTM:
CustomScaleLayer:
CutMix: factor seed data_format bounding_box_format
Dense: units activation use_bias kernel_initializer bias_initializer kernel_regularizer
    bias_regularizer activity_regularizer kernel_constraint bias_constraint lora_rank lora_alpha
    quantization_config
DepthwiseConv1D: kernel_size strides padding depth_multiplier data_format dilation_rate activation
    use_bias depthwise_initializer bias_initializer depthwise_regularizer bias_regularizer
    activity_regularizer depthwise_constraint bias_constraint
DepthwiseConv2D: kernel_size strides padding depth_multiplier data_format dilation_rate activation
    use_bias depthwise_initializer bias_initializer depthwise_regularizer bias_regularizer
    activity_regularizer depthwise_constraint bias_constraint
Discretization: bin_boundaries num_bins epsilon output_mode sparse dtype name
Dot: axes normalize
Dropout: rate noise_shape seed
ELU: alpha
EinsumDense: equation output_shape activation bias_axes kernel_initializer bias_initializer
    kernel_regularizer bias_regularizer kernel_constraint bias_constraint lora_rank lora_alpha
    gptq_unpacked_column_size quantization_config
Embedding: input_dim output_dim embeddings_initializer embeddings_regularizer
    embeddings_constraint mask_zero weights lora_rank lora_alpha quantization_config
Equalization: value_range bins data_format factor bounding_box_format
Flatten: data_format
GRU: units activation recurrent_activation use_bias kernel_initializer recurrent_initializer
    bias_initializer kernel_regularizer recurrent_regularizer bias_regularizer
    activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout
    recurrent_dropout seed return_sequences return_state go_backwards stateful unroll reset_after
    use_cudnn
GRUCell: units activation recurrent_activation use_bias kernel_initializer recurrent_initializer
    bias_initializer kernel_regularizer recurrent_regularizer bias_regularizer kernel_constraint
    recurrent_constraint bias_constraint dropout recurrent_dropout reset_after seed
GaussianDropout: rate seed
GaussianNoise: stddev seed
GlobalAveragePooling1D: data_format keepdims
GlobalAveragePooling2D: data_format keepdims
GlobalAveragePooling3D: data_format keepdims
GlobalMaxPooling1D: data_format keepdims
GlobalMaxPooling2D: data_format keepdims
GlobalMaxPooling3D: data_format keepdims
GroupNormalization: groups axis epsilon center scale beta_initializer gamma_initializer
    beta_regularizer gamma_regularizer beta_constraint gamma_constraint
GroupQueryAttention: head_dim num_query_heads num_key_value_heads dropout use_bias sliding_window
    flash_attention kernel_initializer bias_initializer kernel_regularizer bias_regularizer
    activity_regularizer kernel_constraint bias_constraint use_gate seed
HashedCrossing: num_bins output_mode sparse name dtype
Hashing: num_bins mask_value salt output_mode sparse
Identity:
IntegerLookup: max_tokens num_oov_indices mask_token oov_token vocabulary vocabulary_dtype
    idf_weights invert output_mode sparse pad_to_max_tokens oov_method salt name
LSTM: units activation recurrent_activation use_bias kernel_initializer recurrent_initializer
    bias_initializer unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer
    activity_regularizer kernel_constraint recurrent_constraint bias_constraint dropout
    recurrent_dropout seed return_sequences return_state go_backwards stateful unroll use_cudnn
LSTMCell: units activation recurrent_activation use_bias kernel_initializer recurrent_initializer
    bias_initializer unit_forget_bias kernel_regularizer recurrent_regularizer bias_regularizer
    kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout seed
LayerNormalization: axis epsilon center scale beta_initializer gamma_initializer beta_regularizer
    gamma_regularizer beta_constraint gamma_constraint
LayerScale:
LeakyReLU: negative_slope
LocallyConnected1D: filters kernel_size strides padding data_format activation use_bias
    kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer
    kernel_constraint bias_constraint implementation
LocallyConnected2D: filters kernel_size strides padding data_format activation use_bias
    kernel_initializer bias_initializer kernel_regularizer bias_regularizer activity_regularizer
    kernel_constraint bias_constraint implementation
Masking: mask_value
MaxNumBoundingBoxes: max_number fill_value factor bounding_box_format data_format
MaxPooling1D: pool_size strides padding data_format name
MaxPooling2D: pool_size strides padding data_format name
MaxPooling3D: pool_size strides padding data_format name
Maximum:
MelSpectrogram: fft_length sequence_stride sequence_length window sampling_rate num_mel_bins
    min_freq max_freq power_to_db top_db mag_exp min_power ref_power
Minimum:
MixUp: alpha data_format seed factor bounding_box_format
MultiHeadAttention: num_heads key_dim value_dim dropout use_bias output_shape attention_axes
    sliding_window flash_attention kernel_initializer bias_initializer kernel_regularizer
    bias_regularizer activity_regularizer kernel_constraint bias_constraint use_gate seed
Multiply:
Normalization: axis mean variance invert
PReLU: alpha_initializer alpha_regularizer alpha_constraint shared_axes
Permute: dims
RMSNormalization: axis epsilon
RNN: cell return_sequences return_state go_backwards stateful unroll zero_output_for_mask
RandAugment: value_range num_ops factor interpolation seed data_format bounding_box_format
RandomBrightness: factor value_range seed bounding_box_format data_format
RandomColorDegeneration: factor value_range data_format seed bounding_box_format
RandomColorJitter: value_range brightness_factor contrast_factor saturation_factor hue_factor seed
    data_format factor bounding_box_format
RandomContrast: factor value_range seed bounding_box_format data_format
RandomCrop: height width seed data_format name factor bounding_box_format
RandomElasticTransform: factor scale interpolation fill_mode fill_value value_range seed
    data_format bounding_box_format
RandomErasing: factor scale fill_value value_range seed data_format bounding_box_format
RandomFlip: mode seed data_format factor bounding_box_format
RandomGaussianBlur: factor kernel_size sigma value_range data_format seed bounding_box_format
RandomGrayscale: factor data_format seed bounding_box_format
RandomHue: factor value_range data_format seed bounding_box_format
RandomInvert: factor value_range seed data_format bounding_box_format
RandomPerspective: factor scale interpolation fill_value seed data_format bounding_box_format
RandomPosterization: factor value_range data_format seed bounding_box_format
RandomRotation: factor fill_mode interpolation seed fill_value data_format bounding_box_format
RandomSaturation: factor value_range data_format seed bounding_box_format
RandomSharpness: factor value_range data_format seed bounding_box_format
RandomShear: x_factor y_factor interpolation fill_mode fill_value data_format seed factor
    bounding_box_format
RandomTranslation: height_factor width_factor fill_mode interpolation seed fill_value data_format
    factor bounding_box_format
RandomZoom: height_factor width_factor fill_mode interpolation seed fill_value data_format factor
    bounding_box_format
ReLU: max_value negative_slope threshold
RepeatVector: n
Rescaling: scale offset
Reshape: target_shape
Resizing: height width interpolation crop_to_aspect_ratio pad_to_aspect_ratio fill_mode fill_value
    antialias data_format factor bounding_box_format
ReversibleEmbedding: input_dim output_dim tie_weights embeddings_initializer
    embeddings_regularizer embeddings_constraint mask_zero reverse_dtype logit_soft_cap
STFTSpectrogram: mode frame_length frame_step fft_length window periodic scaling padding
    expand_dims data_format
SeparableConv1D: filters kernel_size strides padding data_format dilation_rate depth_multiplier
    activation use_bias depthwise_initializer pointwise_initializer bias_initializer
    depthwise_regularizer pointwise_regularizer bias_regularizer activity_regularizer
    depthwise_constraint pointwise_constraint bias_constraint
SeparableConv2D: filters kernel_size strides padding data_format dilation_rate depth_multiplier
    activation use_bias depthwise_initializer pointwise_initializer bias_initializer
    depthwise_regularizer pointwise_regularizer bias_regularizer activity_regularizer
    depthwise_constraint pointwise_constraint bias_constraint
SimpleRNN: units activation use_bias kernel_initializer recurrent_initializer bias_initializer
    kernel_regularizer recurrent_regularizer bias_regularizer activity_regularizer
    kernel_constraint recurrent_constraint bias_constraint dropout recurrent_dropout
    return_sequences return_state go_backwards stateful unroll seed
SimpleRNNCell: units activation use_bias kernel_initializer recurrent_initializer bias_initializer
    kernel_regularizer recurrent_regularizer bias_regularizer kernel_constraint
    recurrent_constraint bias_constraint dropout recurrent_dropout seed
Softmax: axis
Solarization: addition_factor threshold_factor value_range seed factor bounding_box_format
    data_format
SpatialDropout1D: rate seed name dtype
SpatialDropout2D: rate data_format seed name dtype
SpatialDropout3D: rate data_format seed name dtype
SpectralNormalization: layer power_iterations
StackedRNNCells: cells
StringLookup: max_tokens num_oov_indices mask_token oov_token vocabulary idf_weights invert
    output_mode pad_to_max_tokens sparse encoding name salt
Subtract:
TextVectorization: max_tokens standardize split ngrams output_mode output_sequence_length
    pad_to_max_tokens vocabulary idf_weights sparse ragged encoding name
TimeDistributed: layer
UnitNormalization: axis
UpSampling1D: size
UpSampling2D: size data_format interpolation
UpSampling3D: size data_format
ZeroPadding1D: padding data_format
ZeroPadding2D: padding data_format
ZeroPadding3D: padding data_format
"""


@cache
def keras_arguments() -> dict[str, tuple[str, ...]]:
    """Return the names of the arguments of each class.

    Examples
    --------
    >>> keras_arguments()["Dense"][:3]
    ('units', 'activation', 'use_bias')
    """
    lines = _TEXT.replace("\n    ", " ").splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name: tuple(names.split()) for name, _, names in pairs}


if TYPE_CHECKING:
    from typing import TypedDict

    class Kept(TypedDict, total=False):
        """What layers keep, for type checkers; no layer has one of these as its own argument."""

        activation: object
        activity_regularizer: object
        alpha_constraint: object
        alpha_initializer: object
        alpha_regularizer: object
        antialias: object
        autocast: object
        beta_constraint: object
        beta_initializer: object
        beta_regularizer: object
        bias_constraint: object
        bias_initializer: object
        bias_regularizer: object
        bounding_box_format: object
        crop_to_aspect_ratio: object
        depthwise_constraint: object
        depthwise_initializer: object
        depthwise_regularizer: object
        dropout: object
        dtype: object
        embeddings_constraint: object
        embeddings_initializer: object
        embeddings_regularizer: object
        encoding: object
        epsilon: object
        factor: object
        fill_mode: object
        fill_value: object
        flash_attention: object
        gamma_constraint: object
        gamma_initializer: object
        gamma_regularizer: object
        go_backwards: object
        gptq_unpacked_column_size: object
        idf_weights: object
        input_shape: object
        interpolation: object
        invert: object
        kernel_constraint: object
        kernel_initializer: object
        kernel_regularizer: object
        logit_soft_cap: object
        lora_alpha: object
        lora_rank: object
        mag_exp: object
        mask_value: object
        mask_zero: object
        max_freq: object
        min_freq: object
        min_power: object
        momentum: object
        moving_mean_initializer: object
        moving_variance_initializer: object
        name: object
        ngrams: object
        oov_method: object
        pad_to_aspect_ratio: object
        periodic: object
        pointwise_constraint: object
        pointwise_initializer: object
        pointwise_regularizer: object
        power_to_db: object
        quantization_config: object
        ragged: object
        recurrent_activation: object
        recurrent_constraint: object
        recurrent_dropout: object
        recurrent_initializer: object
        recurrent_regularizer: object
        ref_power: object
        renorm_clipping: object
        renorm_momentum: object
        reverse_dtype: object
        salt: object
        sampling_rate: object
        scaling: object
        seed: object
        sparse: object
        standardize: object
        stateful: object
        synchronized: object
        top_db: object
        trainable: object
        unit_forget_bias: object
        unroll: object
        use_cudnn: object
        vocabulary_dtype: object
        weights: object
        window: object
        zero_output_for_mask: object
