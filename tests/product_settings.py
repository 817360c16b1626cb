"""Settings of functions of `keras.ops` on images, and of those that multiply."""

import keras
from keras import ops
from operation_settings import Setting, X, add, each, on, ones, plain

LAST = "channels_last"
IMAGE, FIRST = (2, 8, 9, 3), (2, 3, 8, 9)

# Images.
for strides in (None, 1, 2):
    for padding in ("valid", "same"):
        pooling = [
            on(lambda f, x, s=strides, p=padding: f(x, 2, strides=s, padding=p), (2, 9, 3)),
            on(lambda f, x, s=strides, p=padding: f(x, (2, 3), strides=s, padding=p), IMAGE),
        ]
        each("max_pool average_pool", *[one._replace(traced=False) for one in pooling])
each(
    "adaptive_average_pool adaptive_max_pool",
    on(lambda f, x: f(x, (3, 2), data_format="channels_first"), FIRST, traced=False),
    on(lambda f, x: f(x, (3, 4), data_format="channels_first"), FIRST, traced=False),
)
add("depth_to_space", on(lambda x: ops.depth_to_space(x, 2), (2, 4, 5, 12)))
add("depth_to_space", on(lambda x: ops.depth_to_space(x, 2, "channels_first"), (2, 12, 4, 5)))
add("space_to_depth", on(lambda x: ops.space_to_depth(x, 2), (2, 4, 6, 3)))
add("space_to_depth", on(lambda x: ops.space_to_depth(x, 2, "channels_first"), (2, 3, 4, 6)))
add("unfold", on(lambda x: ops.unfold(x, 2), FIRST))
add("unfold", on(lambda x: ops.unfold(x, (3, 2), dilation=2, padding=1, stride=(2, 1)), FIRST))
add("fold", on(lambda x: ops.fold(x, (6, 8), (2, 4), stride=(2, 4)), (2, 24, 6)))
image = keras.ops.image
IMAGES: dict[str, list[Setting]] = {
    "resize": [
        on(lambda x: image.resize(x, (5, 4)), IMAGE),
        on(lambda x: image.resize(x, (5, 4), data_format="channels_first"), FIRST),
        on(lambda x: image.resize(x, (5, 4), interpolation="nearest"), IMAGE[1:]),
    ],
    "crop_images": [
        on(lambda x: image.crop_images(x, 1, 2, 3, 1), IMAGE),
        on(lambda x: image.crop_images(x, 1, 2, target_height=4, target_width=5), IMAGE),
        on(lambda x: image.crop_images(x, 1, 2, 3, 1, data_format="channels_first"), FIRST),
    ],
    "pad_images": [
        on(lambda x: image.pad_images(x, 1, 2, 3, 4), IMAGE[1:]),
        on(lambda x: image.pad_images(x, 1, 2, target_height=14, target_width=15), IMAGE),
    ],
    "map_coordinates": [on(lambda x, c: image.map_coordinates(x, c, 1), (8, 9), (2, 5, 6))],
    "scale_and_translate": [
        on(
            lambda x, s, t: image.scale_and_translate(x, (2, 4, 4, 3), s, t, (1, 2), "linear"),
            *(IMAGE, (2,), (2,)),
        )
    ],
    "hsv_to_rgb": [on(image.hsv_to_rgb, IMAGE), on(image.hsv_to_rgb, IMAGE[1:])],
    "rgb_to_hsv": [on(lambda x: image.rgb_to_hsv(x, "channels_first"), FIRST)],
    "rgb_to_grayscale": [
        on(image.rgb_to_grayscale, IMAGE),
        on(image.rgb_to_grayscale, IMAGE[1:]),
        on(image.rgb_to_grayscale, (2, 8, 9, 1)),
    ],
    "extract_patches": [
        on(lambda x: image.extract_patches(x, 2), IMAGE),
        on(lambda x: image.extract_patches(x, (3, 2), 1, padding="same"), IMAGE),
        on(lambda x: image.extract_patches(x, 3, 1, dilation_rate=2), IMAGE[1:]),
    ],
    "extract_patches_3d": [
        on(lambda x: image.extract_patches_3d(x, 2), (1, 4, 6, 4, 3)),
        on(lambda x: image.extract_patches_3d(x, (2, 1, 2), (1, 2, 1)), (4, 6, 4, 3)),
    ],
    "gaussian_blur": [
        on(image.gaussian_blur, IMAGE),
        on(lambda x: image.gaussian_blur(x, (5, 3), data_format="channels_first"), FIRST),
        on(image.gaussian_blur, IMAGE[1:]),
    ],
    "sobel_edges": [on(image.sobel_edges, IMAGE)],
    "ssim": [
        on(lambda x, y: image.ssim(x, y, 1.0, filter_size=5), IMAGE, IMAGE),
        on(lambda x, y: image.ssim(x, y, 1.0), (16, 16, 1), (16, 16, 1)),
    ],
}

# Products.
each("matmul dot", on(plain, (5, 4), (4, 3)), on(plain, (5, 4), (4,)), on(plain, (4,), (4,)))
each("matmul", on(plain, (4,), (2, 4, 3)), on(plain, (2, 1, 5, 4), (3, 4, 6)))
each("dot", on(plain, X, (2, 3, 5)), on(lambda f, x: f(x, 2.0), X, traced=False))
add("inner", on(ops.inner, (5, 4), (2, 3, 4)), on(ops.inner, (4,), (4,)), on(ops.inner, X, ()))
add("vdot", on(ops.vdot, (12,), (12,)))
add(
    "tensordot",
    *[on(lambda x, y, n=n: ops.tensordot(x, y, axes=n), X, (6, 3, 5)) for n in (0, 2)],
    on(lambda x, y: ops.tensordot(x, y, axes=1), X, (3, 5)),
    on(lambda x, y: ops.tensordot(x, y, axes=[[0, 2], [1, 0]]), X, (3, 4, 5)),
    on(lambda x, y: ops.tensordot(x, y, axes=[[-2], [-1]]), X, (3, 6)),
)
add(
    "einsum",
    on(lambda x, y: ops.einsum("ij,kj->ki", x, y), (5, 4), (3, 4)),
    on(lambda x, y, z: ops.einsum("ij,jk,kl->il", x, y, z), (5, 4), (4, 2), (2, 9)),
    on(lambda x, y: ops.einsum("...ij,...jk", x, y), (2, 5, 4), (1, 4, 3)),
    on(lambda x: ops.einsum("iij->j", x), (4, 4, 5)),
)
for mode in ("valid", "same", "full"):
    add("correlate", *[on(lambda x, y, m=mode: ops.correlate(x, y, mode=m), (10,), (4,))])
    add("correlate", *[on(lambda x, y, m=mode: ops.correlate(x, y, mode=m), (4,), (10,))])
for causal in (False, True):
    add(
        "dot_product_attention",
        *[
            on(
                lambda q, k, v, c=causal: ops.dot_product_attention(q, k, v, is_causal=c),
                *((2, 5, 4, 8), (2, 7, heads, 8), (2, 7, heads, 8)),
            )
            for heads in (4, 2, 1)
        ],
    )
add(
    "dot_product_attention",
    on(
        lambda q: ops.dot_product_attention(
            q, q, q, bias=ones(1, 4, 5, 5), mask=ones(1, 1, 5, 5, dtype="bool"), scale=0.3
        ),
        (2, 5, 4, 8),
    ),
)
for padding in ("valid", "same"):
    for strides in (1, 2):
        options = {"strides": strides, "padding": padding}
        add(
            "conv",
            on(lambda x, k, o=options: ops.conv(x, k, **o), (2, 9, 3), (3, 3, 5)),
            on(lambda x, k, o=options: ops.conv(x, k, **o), (2, 9, 8, 4), (3, 2, 4, 6)),
            on(lambda x, k, o=options: ops.conv(x, k, **o), (2, 5, 6, 7, 3), (2, 2, 2, 3, 4)),
        )
        add(
            "depthwise_conv",
            on(lambda x, k, o=options: ops.depthwise_conv(x, k, **o), (2, 9, 3), (3, 3, 2)),
            on(lambda x, k, o=options: ops.depthwise_conv(x, k, **o), IMAGE, (3, 2, 3, 2)),
        )
        add(
            "separable_conv",
            on(
                lambda x, k, p, o=options: ops.separable_conv(x, k, p, **o),
                *(IMAGE, (3, 2, 3, 2), (1, 1, 6, 5)),
            ),
        )
        if strides == 2:
            # In a model, Keras itself gives `padding` in the place of `output_padding`.
            transposed = [
                on(lambda x, k, o=options: ops.conv_transpose(x, k, **o), *shapes, traced=False)
                for shapes in [((2, 9, 3), (3, 5, 3)), (IMAGE, (3, 2, 4, 3))]
            ]
            add("conv_transpose", *transposed)
add("conv", on(lambda x, k: ops.conv(x, k, dilation_rate=2), IMAGE, (3, 3, 3, 5)))

# Functions that take no tensor of a model, or that give none.
_MAKERS = "arange bartlett blackman empty eye hamming hanning identity kaiser ones tri zeros"
NO_TENSORS = {
    **dict.fromkeys(_MAKERS.split(), "makes a constant, which a call records as one"),
    **dict.fromkeys(
        ["convert_to_numpy", "dtype", "is_tensor", "shape"],
        "says something of a tensor, and makes none",
    ),
    **dict.fromkeys(
        ["custom_gradient", "vectorize"],
        "makes a function of the backend, past what Keras records: a call of it is refused",
    ),
}
# Where JAX multiplies, but what is computed is not a product: the backends differ.
NO_PRODUCTS = {
    "extract_sequences": "takes parts out; JAX does it with a convolution",
    "fold": "adds up parts; JAX does it with a convolution",
    "unfold": "takes parts out; JAX does it with a convolution",
    "image.scale_and_translate": "interpolates, as `resize` does",
}
