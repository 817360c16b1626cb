"""Whether a layer has the weights of its class, or is quantized or adapted and has others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convcost._exact.scalars import shorten
from convcost._layers.elementwise import ELEMENTWISE
from convcost._models.keras.origins import is_own

if TYPE_CHECKING:
    from convcost._models.keras.layers import Config

# Policies that only name the dtypes of weights and outputs; `Policy` in Keras 2.
_PLAIN = ("DTypePolicy", "FloatDTypePolicy", "Policy")


def unusual_weights(config: Config) -> str:
    """Return why a layer's weights are not the usual ones of its class; empty if they are.

    Examples
    --------
    >>> unusual_weights({"units": 3, "dtype": "float32"}), unusual_weights({"lora_rank": 2})
    ('', ' with LoRA of rank 2')
    """
    for argument in ("activation", "recurrent_activation"):
        activation = config.get(argument)
        if isinstance(activation, dict) and not _is_activation(activation):
            return f" with the activation {shorten(activation.get('class_name'))}"
    dtype = config.get("dtype")
    if not _is_plain(dtype):
        name = dtype.get("class_name") if isinstance(dtype, dict) else dtype
        return f" with the dtype policy {shorten(name)}"
    mode = config.get("quantization_mode")
    if mode is not None:
        return f" quantized to {shorten(mode)}"
    if config.get("quantization_config") is not None:
        return " with a quantization_config"
    rank = config.get("lora_rank")
    return "" if rank is None else f" with LoRA of rank {shorten(rank)}"


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
