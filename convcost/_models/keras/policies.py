"""How a layer stores its weights: as its class does, quantized, or with low-rank adaptation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from convcost import _layers as layers
from convcost._exact.scalars import shorten
from convcost._layers.elementwise import ELEMENTWISE
from convcost._models.keras.origins import is_own
from convcost._models.unknown import Unknown

if TYPE_CHECKING:
    from convcost._models.keras.layers import Config, LayerCache

# Policies that only name the dtypes of weights and outputs; `Policy` in Keras 2.
_PLAIN = ("DTypePolicy", "FloatDTypePolicy", "Policy")
_QUANTIZED = (
    "AWQDTypePolicy",
    "GPTQDTypePolicy",
    "Int4DTypePolicy",
    "QuantizedDTypePolicy",
    "QuantizedFloat8DTypePolicy",
)


class Storage(NamedTuple):
    """How a layer stores its weights.

    Attributes
    ----------
    mode
        How they are quantized, as `convcost.layers.Quantized` takes it; None if they are not.
    options
        Further arguments of `Quantized`.
    rank
        The rank of the low-rank adaptation; None without one.
    """

    mode: object = None
    options: dict[str, Any] = {}  # noqa: RUF012  # never written to
    rank: object = None


def stored(make: LayerCache, kind: str, config: Config) -> layers.Layer | Unknown:
    """Return a known layer of Keras with its weights as it stores them.

    Parameters
    ----------
    make
        Makes the layer of that class.
    kind, config
        Its class and its config.

    Returns
    -------
    Layer or Unknown
        The layer; an unknown one, which says why, for a storage that is not known.
    """
    activation = unusual_activation(config)
    found = storage(config)
    if activation or isinstance(found, str):
        return Unknown(kind, detail=activation or str(found))
    made = make(kind, config)
    try:
        if found.mode is not None:
            made = layers.Quantized(made, _text(found.mode), **found.options)
        if found.rank is not None:
            rank: Any = found.rank
            made = layers.LoRA(made, rank)
    except (TypeError, ValueError) as error:
        return Unknown(kind, detail=f"{_shown(found)} ({error})")
    return made


def _text(mode: Any) -> str:
    """Return the name of a mode; before Keras named the size of blocks, int4 had none."""
    return "int4/-1" if mode == "int4" else mode


def _shown(found: Storage) -> str:
    if found.mode is not None:
        return f" quantized to {shorten(found.mode)}"
    return f" with LoRA of rank {shorten(found.rank)}"


def is_plain(config: Config) -> bool:
    """Tell whether a layer stores its weights as its class does."""
    return storage(config) == Storage()


def storage(config: Config) -> Storage | str:
    """Return how a layer stores its weights, or why that is not known.

    Examples
    --------
    >>> storage({"units": 3, "dtype": "float32"}), storage({"lora_rank": 2})
    (Storage(mode=None, options={}, rank=None), Storage(mode=None, options={}, rank=2))
    >>> storage({"dtype": "int8_from_float32"}).mode
    'int8'
    """
    dtype, rank = config.get("dtype"), config.get("lora_rank")
    if _is_plain(dtype):
        return Storage(rank=rank)
    mode, options = _quantized(dtype)
    if mode is None:
        name = dtype.get("class_name") if isinstance(dtype, dict) else dtype
        return f" with the dtype policy {shorten(name)}"
    return Storage(_with_given_sizes(mode, config.get("quantization_config")), options, rank)


def unusual_activation(config: Config) -> str:
    """Return why what a layer's activations cost is not known; empty if it is."""
    for argument in ("activation", "recurrent_activation"):
        activation = config.get(argument)
        if isinstance(activation, dict) and not _is_activation(activation):
            return f" with the activation {shorten(activation.get('class_name'))}"
    return ""


def _is_activation(saved: dict[str, object]) -> bool:
    """Tell whether a saved activation is a function, or a layer of Keras without weights."""
    kind = saved.get("class_name")
    if kind is None or saved.get("module") == "builtins":
        return True  # a function: `class_name` is missing in a lambda
    return kind in ELEMENTWISE and is_own(saved)


def _is_plain(policy: object) -> bool:
    """Tell whether a dtype or policy leaves a layer's weights as they are."""
    if policy is None:
        return True  # the default of the process
    if isinstance(policy, str):
        return "_from_" not in policy
    if not isinstance(policy, dict):
        return False
    config = policy.get("config")
    if policy.get("class_name") in _PLAIN:
        return isinstance(config, dict) and _is_plain(config.get("name"))
    if policy.get("class_name") != "DTypePolicyMap" or not isinstance(config, dict):
        return False
    # Which layers a map speaks of depends on their paths in the whole model.
    named = config.get("policy_map")
    policies = list(named.values()) if isinstance(named, dict) else []
    return all(_is_plain(one) for one in (config.get("default_policy"), *policies))


def _quantized(policy: object) -> tuple[str | None, dict[str, Any]]:
    """Return the mode of a policy that quantizes, and what else it says; None if it is not one."""
    if isinstance(policy, str):
        return policy.partition("_from_")[0], {}
    found = policy if isinstance(policy, dict) else {}
    config = found.get("config")
    if found.get("class_name") not in _QUANTIZED or not isinstance(config, dict):
        return None, {}
    mode, length = config.get("mode"), config.get("amax_history_length")
    options = {} if length is None else {"amax_history_length": length}
    return mode if isinstance(mode, str) else None, options


def _with_given_sizes(mode: str, given: object) -> str:
    """Return a mode with the sizes of a `quantization_config`, which Keras prefers."""
    config = given.get("config") if isinstance(given, dict) else None
    if not isinstance(given, dict) or not isinstance(config, dict):
        return mode
    name = mode.partition("/")[0]
    if name == "int4" and given.get("class_name") == "Int4QuantizationConfig":
        size = config.get("block_size")
        return f"int4/{-1 if size is None else size}"
    if f"{name.upper()}Config" == given.get("class_name"):
        return f"{name}/{config.get('weight_bits')}/{config.get('group_size')}"
    return mode
