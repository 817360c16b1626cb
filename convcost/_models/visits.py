"""How a walk through a model visits an entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from convcost._exact.types import Count
    from convcost._models.graph import Call, LayerPath
    from convcost._models.tensors import Known, Made


class Visit(NamedTuple):
    """How an entry is called: its call, the tensors, and where in the model.

    `repeat` is how often for each input of the model, `divided` whether a loop goes through the
    inputs, and `endless` whether it is not known how often a loop runs.
    """

    call: Call
    number: int
    given: list[Made]
    path: LayerPath
    trainable: bool
    repeat: Count = 1
    known: Known = {}  # noqa: RUF012  # never written to
    training: bool = False
    divided: bool = False
    endless: bool = False

    def inside(
        self, call: Call, number: int, given: list[Made], path: LayerPath, known: Known
    ) -> Visit:
        """Return the visit of an entry inside a graph; a flag of its call counts for all in it."""
        flag = (call.kwargs or {}).get("training")
        training = flag if isinstance(flag, bool) else self.training
        return self._replace(
            call=call, number=number, given=given, path=path, known=known, training=training
        )

    def repeated(self, times: Count | None, divided: bool) -> Visit:
        """Return the visit in a loop, which may go through the inputs of the model."""
        if times is None:
            return self._replace(endless=True)
        return self._replace(repeat=self.repeat * times, divided=self.divided or divided)

    @property
    def constant(self) -> bool:
        """Whether it does not depend on any input of the model."""
        return all(made.constant for made in self.given)
