"""A whole model against Keras, its kernels, the TF profiler, and the jaxpr of what it computes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from convcost._cost.quantities import UNITS
from convcost._exact import arithmetic
from convcost._exact.scalars import refuse, refuse_choice
from convcost._models.network import Network
from convcost._verify.findings import Finding, Outcome, Quantity, agree
from convcost._verify.model_layers import check_kernels, check_rows, live_layers
from convcost._verify.model_totals import check_jaxpr, check_profiler
from convcost._verify.oracles.model_inputs import declared_batch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from convcost._verify.types import LiveModel, Variable

# What is asked about a model, in this order.
MODEL_ORACLES = ("keras", "kernels", "profiler", "jaxpr")
# So many names are shown of those that share a reason.
_SHOWN = 3


@dataclass(frozen=True)
class ModelVerification:
    """What oracles say about a model.

    Parameters
    ----------
    network
        The model as convcost sees it.
    findings
        Pairs of the name of a layer, or "total" for the whole model, and what an oracle says.
    """

    network: Network
    findings: tuple[tuple[str, Finding], ...]

    @property
    def agrees(self) -> bool:
        """Whether something is confirmed and nothing contradicted."""
        return agree(finding for _, finding in self.findings)

    @property
    def contradictions(self) -> tuple[tuple[str, Finding], ...]:
        """The findings that contradict convcost, each with the layer's name."""
        return tuple(pair for pair in self.findings if pair[1].outcome is Outcome.CONTRADICTED)

    def quantities(self) -> int:
        """Return how many numbers and shapes were compared."""
        return sum(len(finding.quantities) for _, finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return the verification as plain data."""
        return {
            "agrees": self.agrees,
            "quantities": self.quantities(),
            "total": _totals(self.network),
            "findings": [{"layer": name, **finding.as_dict()} for name, finding in self.findings],
        }

    def __str__(self) -> str:
        totals = [pair for pair in self.findings if pair[0] == "total"]
        shown = [f"{name}: {finding}" for name, finding in self.contradictions if name != "total"]
        shown += [f"{name}: {finding}" for name, finding in totals]
        shown += self._blind_spots()
        verdict = "agrees" if self.agrees else "DISAGREES"
        layers = len({name for name, _ in self.findings if name != "total"})
        return "\n".join(
            [
                *shown,
                f"{self.network.name} {verdict}: {layers} layers, {self.quantities():,} quantities",
            ]
        )

    def _blind_spots(self) -> list[str]:
        """Return a line for each reason why an oracle can't see some layers."""
        names: dict[str, list[str]] = {}
        for name, finding in self.findings:
            if name != "total" and finding.outcome is Outcome.NOT_VISIBLE:
                names.setdefault(str(finding), []).append(name)
        return [f"{_some(layers)}: {finding}" for finding, layers in names.items()]


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{len(names)} layers ({shown}, ...)" if len(names) > _SHOWN else shown


def _totals(network: Network) -> dict[str, object]:
    cost = network.total()
    return {
        **{quantity: getattr(cost, quantity) for quantity in UNITS},
        "trainable_params": network.trainable_params,
        "non_trainable_params": network.non_trainable_params,
        "size": network.size,
        "counts": {
            "macs": cost.macs,
            "flops": cost.flops,
            "tf.profiler": arithmetic.add("flops", cost.flops, cost.bias_adds),
        },
    }


def check_model(
    model: LiveModel, network: Network, *, oracles: Iterable[str] = MODEL_ORACLES
) -> ModelVerification:
    """Check every layer of a network, and its totals, against the Keras model.

    Parameters
    ----------
    model
        The live Keras 3 model.
    network
        What `convcost.from_keras` read from it, or from its file.
    oracles
        Which to ask: `keras` for each layer's `count_params` and `compute_output_shape`, and the
        model's parameters; `kernels` for the MACs that the shapes of the built kernels give;
        `profiler` for those of the TF profiler; `jaxpr` for those in JAX's record of the model.

    Returns
    -------
    ModelVerification
        What each oracle says, or why it sees nothing, for each layer and for the total.

    Raises
    ------
    TypeError, ValueError
        If `network` is not one, `oracles` is not a list, or the name of an oracle is unknown.
    """
    if not isinstance(network, Network):
        refuse(TypeError, "network", network, "what convcost.from_keras returns")
    if isinstance(oracles, str):
        refuse(TypeError, "oracles", oracles, f"a list of names, [{oracles!r}]")
    asked = tuple(oracles)
    for name in asked:
        if name not in MODEL_ORACLES:
            refuse_choice("oracle", name, MODEL_ORACLES)
    live, batch = live_layers(model), declared_batch(model)
    findings: list[tuple[str, Finding]] = []
    if "keras" in asked:
        findings += [*check_rows(network, live, batch), ("total", _check_total(model, network))]
    if "kernels" in asked:
        findings += check_kernels(network, live)
    totals = {"profiler": check_profiler, "jaxpr": check_jaxpr}
    for name, check in totals.items():
        if name in asked:
            left = _left_out(name, network)
            findings.append(("total", check(model, network) if left is None else left))
    return ModelVerification(network, tuple(findings))


def _left_out(oracle: str, network: Network) -> Finding | None:
    """Return why the totals can't be compared, if layers are left out."""
    if not network.left_out:
        return None
    return Finding(oracle, reason=f"convcost leaves out {_some(list(network.left_out))}")


def _check_total(model: LiveModel, network: Network) -> Finding:
    left = _left_out("keras", network)
    if left is not None:
        return left

    def number(weights: Iterable[Variable]) -> int:
        return sum(prod(weight.shape) for weight in weights)

    return Finding(
        "keras",
        (
            Quantity("params", network.params, model.count_params()),
            Quantity("trainable", network.trainable_params, number(model.trainable_weights)),
            Quantity(
                "non-trainable", network.non_trainable_params, number(model.non_trainable_weights)
            ),
        ),
    )
