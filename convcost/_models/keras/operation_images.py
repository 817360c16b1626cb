"""Operations on images and other grids: pooling, resizing, filters, and moving pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact import arithmetic
from convcost._exact.scalars import refuse
from convcost._layers import arguments, pooling
from convcost._layers.geometry import dilated_kernel_size, valid_length
from convcost._layers.reshaping import check_target
from convcost._layers.steps import Product
from convcost._models.keras.operation_calls import Computed, OperationCall, listed, rule
from convcost._models.keras.operation_convolutions import convolved

if TYPE_CHECKING:
    from typing import Any

    from convcost._exact.types import Count, Factors


@rule("MaxPool AveragePool")
def _pooled(call: OperationCall) -> Factors:
    shape = call.shape(0, "inputs")
    kinds = {3: pooling.MaxPooling1D, 4: pooling.MaxPooling2D, 5: pooling.MaxPooling3D}
    if len(shape) not in kinds:
        refuse(ValueError, "inputs", shape, "of three to five axes, the batch included")
    given: dict[str, Any] = {  # the layer checks them
        "pool_size": call.option("pool_size"),
        "strides": call.option("strides"),
        "padding": call.option("padding", "valid"),
        "data_format": call.option("data_format"),
    }
    layer = kinds[len(shape)](**given)
    return (shape[0], *layer.output_and_cost(shape[1:])[0])


@rule("Resize")
def _resized(call: OperationCall) -> Factors:
    shape = call.shape(0, "images")
    height, width = arguments.per_axis("size", call.option("size"), 2)
    if len(shape) not in (3, 4):
        refuse(ValueError, "images", shape, "of three axes, or four with the batch dimension")
    batch, image = shape[:-3], shape[-3:]
    if _is_last(call):
        return (*batch, height, width, image[2])
    return (*batch, image[0], height, width)


def _is_last(call: OperationCall) -> bool:
    """Tell whether the channels are the last axis."""
    order = arguments.check_data_format(call.option("data_format"))
    return bool(order == arguments.CHANNELS_LAST)


def _grid(call: OperationCall, name: str, rank: int) -> tuple[Factors, Factors, Factors]:
    """Return the batch (of one side, or none), the spatial sides, and the channels of an image."""
    shape = call.shape(0, name)
    if len(shape) not in (rank + 1, rank + 2):
        refuse(ValueError, name, shape, f"of {rank + 1} axes, or one more with the batch dimension")
    batch, image = shape[: -rank - 1], shape[-rank - 1 :]
    if _is_last(call):
        return batch, image[:-1], image[-1:]
    return batch, image[1:], image[:1]


def _joined(call: OperationCall, batch: Factors, sides: Factors, channels: Factors) -> Factors:
    return (*batch, *sides, *channels) if _is_last(call) else (*batch, *channels, *sides)


@rule("AdaptiveAveragePool AdaptiveMaxPool")
def _adapted(call: OperationCall) -> Factors:
    rank = max(len(call.shape(0, "inputs")) - 2, 1)
    batch, _, channels = _grid(call, "inputs", rank)
    sides = arguments.per_axis("output_size", call.option("output_size"), rank)
    return _joined(call, batch, tuple(sides), channels)


@rule("HSVToRGB RGBToHSV")
def _recolored(call: OperationCall) -> Factors:
    batch, sides, _ = _grid(call, "images", 2)
    return _joined(call, batch, sides, (3,))


@rule("RGBToGrayscale")
def _gray(call: OperationCall) -> Product | Factors:
    batch, sides, channels = _grid(call, "images", 2)
    made = _joined(call, batch, sides, (1,))
    return made if channels == (1,) else Product(made, channels)


@rule("CropImages PadImages")
def _framed(call: OperationCall) -> Factors:
    """Return the sides that are asked for, or that follow from what is cut off or added."""
    batch, sides, channels = _grid(call, "images", 2)
    made: list[Count] = []
    for side, target, ends in zip(sides, _TARGETS, _ENDS, strict=True):
        given = call.option(target)
        if given is not None:
            made.append(call.size(target))
            continue
        for end in ends:
            cut, added = (call.option(f"{end}_{way}", 0) or 0 for way in ("cropping", "padding"))
            side = side - cut + added
        made.append(check_target(target, [side])[0])
    return _joined(call, batch, tuple(made), channels)


_TARGETS = ("target_height", "target_width")
_ENDS = (("top", "bottom"), ("left", "right"))


@rule("MapCoordinates")
def _sampled(call: OperationCall) -> Factors:
    return call.shape(1, "coordinates")[1:]


@rule("ScaleAndTranslate")
def _scaled(call: OperationCall) -> Factors:
    sizes = listed(call.input(1, "output_shape"))
    if sizes and sizes[0] is None:
        sizes[0] = call.batch
    return check_target("output_shape", sizes)


@rule("DepthToSpace")
def _spread(call: OperationCall) -> Factors:
    batch, sides, channels = _grid(call, "x", 2)
    block = call.size("block_size")
    arguments.check_divides(("block_size squared", block**2), ("the channels", channels[0]))
    made = arithmetic.divide_evenly(channels[0], block**2)
    return _joined(call, batch, tuple([side * block for side in sides]), (made,))


@rule("SpaceToDepth")
def _gathered(call: OperationCall) -> Factors:
    batch, sides, channels = _grid(call, "x", 2)
    block = call.size("block_size")
    for side in sides:
        arguments.check_divides(("block_size", block), ("the side", side))
    made = tuple([arithmetic.divide_evenly(side, block) for side in sides])
    return _joined(call, batch, made, (channels[0] * block**2,))


@rule("Unfold")
def _columns(call: OperationCall) -> Factors:
    """Return the shape of the patches of an image, which are only moved."""
    shape = call.shape()
    if len(shape) != 4:
        refuse(ValueError, "x", shape, "of four axes: batch, channels, height, width")
    kernel = arguments.per_axis("kernel_size", call.option("kernel_size"), 2)
    pairs = [_pair(call, name, default) for name, default in _SLIDING]
    places = [
        valid_length(side + 2 * padding, dilated_kernel_size(taps, dilation), stride)
        for side, taps, dilation, padding, stride in zip(shape[2:], kernel, *pairs, strict=True)
    ]
    return shape[0], shape[1] * kernel[0] * kernel[1], places[0] * places[1]


_SLIDING = (("dilation", 1), ("padding", 0), ("stride", 1))


def _pair(call: OperationCall, name: str, default: int) -> list[int]:
    given = listed(call.option(name, default))
    both = given * 2 if len(given) == 1 else given
    return [arguments.check_axis(name, one) for one in both]


@rule("Fold")
def _image(call: OperationCall) -> Factors:
    """Return the shape of an image that patches are added up in."""
    shape = call.shape()
    if len(shape) != 3:
        refuse(ValueError, "x", shape, "of three axes: batch, channels of a patch, patches")
    kernel = arguments.per_axis("kernel_size", call.option("kernel_size"), 2)
    taps = kernel[0] * kernel[1]
    arguments.check_divides(("the size of the kernel", taps), ("the second axis", shape[1]))
    sides = arguments.per_axis("output_size", call.option("output_size"), 2)
    return shape[0], arithmetic.divide_evenly(shape[1], taps), *sides


@rule("ExtractPatches")
def _patches(call: OperationCall) -> Computed:
    """Return the convolution by which Keras extracts patches: its kernel is an identity matrix."""
    size = tuple(listed(call.option("size")))
    size = size * 2 if len(size) == 1 else size
    batch, sides, channels = _grid(call, "images", len(size))
    strides = call.option("strides")
    options = {"strides": size if strides is None else strides}
    options |= {name: call.option(name, default) for name, default in _OF_PATCHES}
    taps = arguments.per_axis("size", size, len(size))
    filters = arithmetic.elements(*taps, *channels)
    shape = _joined(call, batch or (1,), sides, channels)
    made = convolved("Conv", shape, taps, options, filters=filters)
    return made if batch else made._replace(output=made.output[1:])


_OF_PATCHES = (("padding", "valid"), ("dilation_rate", 1), ("data_format", None))


@rule("GaussianBlur")
def _blurred(call: OperationCall) -> Computed:
    batch, sides, channels = _grid(call, "images", 2)
    taps = arguments.per_axis("kernel_size", call.option("kernel_size", (3, 3)), 2)
    made = _filtered((*(batch or (1,)), *sides, *channels), taps, "same", 1)
    return Computed(_joined(call, batch, sides, channels), made.parts)


@rule("SobelEdges")
def _edges(call: OperationCall) -> Computed:
    """Return two filters of 3x3 on an image that is mirrored at its border, not padded."""
    batch, sides, channels = _grid(call, "images", 2)
    padded = tuple([side + 2 for side in sides])
    made = _filtered((*(batch or (1,)), *padded, *channels), (3, 3), "valid", 2)
    return Computed((*_joined(call, batch, sides, channels), 2), made.parts)


@rule("SSIM")
def _similar(call: OperationCall) -> Computed:
    """Return five means in a window, with which images are compared."""
    batch, sides, channels = _grid(call, "image1", 2)
    taps = (call.size("filter_size", 11),) * 2
    made = _filtered((*(batch or (1,)), *sides, *channels), taps, "valid", 1)
    return Computed(batch, made.parts * 5)


def _filtered(shape: Factors, taps: Factors, padding: str, filters: int) -> Computed:
    """Return filters of each channel."""
    return convolved("DepthwiseConv", shape, taps, {"padding": padding}, depth_multiplier=filters)
