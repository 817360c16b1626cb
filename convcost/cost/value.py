"""What costs and ratios have in common as values: nobody can change them, so a copy is itself."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self


class Value:
    """An immutable value that shows itself as LaTeX in a notebook."""

    __slots__ = ()

    def latex(self) -> str:
        """Return the value as LaTeX."""
        raise NotImplementedError

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __copy__(self) -> "Self":
        return self

    def __deepcopy__(self, memo: "dict[int, Any]") -> "Self":
        return self
