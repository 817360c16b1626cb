"""Layers that look up words and texts in a vocabulary: only shapes, no weights or MACs."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from convcost._exact import K, arithmetic
from convcost._exact.scalars import COUNT, refuse
from convcost._exact.sizes import check_integer
from convcost._layers.base import Layer
from convcost._layers.encoding import CATEGORIES, Encoding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from typing_extensions import Unpack

    from convcost._exact.types import Count, Factors
    from convcost._layers.keras_arguments import Kept
    from convcost._layers.steps import Part
    from convcost._layers.types import Side


class Lookup(Encoding[K]):
    """Tokens as their places in a vocabulary, or places as tokens.

    Parameters
    ----------
    max_tokens
        The most tokens that the vocabulary has; None for any number.
    num_oov_indices
        Number of places for tokens that are not in the vocabulary.
    mask_token
        Token that stands for a masked element; None for no such token.
    vocabulary
        The tokens; None if they are learned.
    output_mode
        `int`, `one_hot`, `multi_hot`, `count` or `tf_idf`.
    pad_to_max_tokens
        Whether vectors have `max_tokens` places, however many tokens there are.
    vocabulary_size
        Number of places of a vector, if the tokens are not given: of the tokens that were learned,
        and of those that are not in the vocabulary.

    Raises
    ------
    TypeError, ValueError
        If the output has a place for each token, and nothing says how many there are.
    """

    if TYPE_CHECKING:
        max_tokens: Count | None
        num_oov_indices: Count
        mask_token: Any
        oov_token: Any
        vocabulary: Any
        pad_to_max_tokens: bool
        vocabulary_size: Count | None

    modes = (*CATEGORIES, "tf_idf")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_flags("pad_to_max_tokens")
        self._set(num_oov_indices=check_integer("num_oov_indices", self.num_oov_indices, COUNT))
        for name in ("max_tokens", "vocabulary_size"):
            if getattr(self, name) is not None:
                self._set(**{name: check_integer(name, getattr(self, name))})
        if self.pad_to_max_tokens and self.max_tokens is None:
            refuse(TypeError, "max_tokens", None, "a positive integer with pad_to_max_tokens=True")
        if self.vocabulary is not None and not isinstance(self.vocabulary, str):
            self._set(vocabulary=self._tokens(), vocabulary_size=self._places())

    def _tokens(self) -> tuple[Any, ...]:
        if not hasattr(self.vocabulary, "__iter__"):
            refuse(TypeError, "vocabulary", self.vocabulary, "a list of tokens")
        return tuple(self.vocabulary)

    def _places(self) -> Count:
        """Return the number of places for a vocabulary, which may begin with the special tokens."""
        special = {one for one in (self.mask_token, self.oov_token) if one is not None}
        own = sum(1 for token in self._tokens() if token not in special)
        return arithmetic.total("tokens", [self.num_oov_indices, own])

    def _depth(self) -> Count:
        if self.pad_to_max_tokens:
            return self.max_tokens
        if self.vocabulary_size is None:
            raise ValueError(
                f"output_mode={self.output_mode!r} has a place for each token, and neither"
                " vocabulary nor vocabulary_size says how many there are: give one of them, or the"
                " live layer that has learned its tokens"
            )
        return self.vocabulary_size


@dataclass(frozen=True, eq=False, repr=False)
class IntegerLookup(Lookup[K]):
    """Integers as their places in a vocabulary, as `keras.layers.IntegerLookup`.

    Examples
    --------
    >>> IntegerLookup(vocabulary=[12, 36, 1138], output_mode="one_hot").output_shape((5,))
    (5, 4)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            max_tokens: Side[K] | None = None,
            num_oov_indices: Side[K] = 1,
            mask_token: int | None = None,
            oov_token: int = -1,
            *,
            vocabulary: Sequence[int] | str | None = None,
            output_mode: Literal["int", "one_hot", "multi_hot", "count", "tf_idf"] = "int",
            pad_to_max_tokens: bool = False,
            vocabulary_size: Side[K] | None = None,
            **kept: Unpack[Kept],
        ) -> None: ...

    max_tokens: Count | None = None
    num_oov_indices: Count = 1
    mask_token: Any = None
    oov_token: Any = -1
    _: KW_ONLY
    vocabulary: Any = None
    output_mode: str = "int"
    pad_to_max_tokens: bool = False
    vocabulary_size: Count | None = None


@dataclass(frozen=True, eq=False, repr=False)
class StringLookup(Lookup[K]):
    """Words as their places in a vocabulary, as `keras.layers.StringLookup`.

    Examples
    --------
    >>> StringLookup(vocabulary=["a", "b"]).output_shape((5,))
    (5,)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            max_tokens: Side[K] | None = None,
            num_oov_indices: Side[K] = 1,
            mask_token: str | None = None,
            oov_token: str = "[UNK]",
            *,
            vocabulary: Sequence[str] | str | None = None,
            output_mode: Literal["int", "one_hot", "multi_hot", "count", "tf_idf"] = "int",
            pad_to_max_tokens: bool = False,
            vocabulary_size: Side[K] | None = None,
            **kept: Unpack[Kept],
        ) -> None: ...

    max_tokens: Count | None = None
    num_oov_indices: Count = 1
    mask_token: Any = None
    oov_token: Any = "[UNK]"
    _: KW_ONLY
    vocabulary: Any = None
    output_mode: str = "int"
    pad_to_max_tokens: bool = False
    vocabulary_size: Count | None = None


@dataclass(frozen=True, eq=False, repr=False)
class TextVectorization(Layer[K]):
    """Texts as the places of their words in a vocabulary, as `keras.layers.TextVectorization`.

    Parameters
    ----------
    max_tokens
        The most tokens that the vocabulary has; None for any number.
    split
        `whitespace`, `character`, or a function; None where each element is a token.
    output_mode
        `int`, `one_hot`, `multi_hot`, `count` or `tf_idf`.
    output_sequence_length
        Number of tokens of each output with `int`; shorter texts are padded, longer ones cut.
    pad_to_max_tokens
        Whether vectors have `max_tokens` places, however many tokens there are.
    vocabulary
        The tokens; None if they are learned.
    vocabulary_size
        Number of places of a vector, if the tokens are not given.

    Raises
    ------
    TypeError, ValueError
        If nothing says how long the output is: as long as the longest text, or as wide as the
        vocabulary that will be learned.

    Examples
    --------
    >>> TextVectorization(20000, output_sequence_length=200).output_shape((1,))
    (200,)
    >>> TextVectorization(500, output_mode="tf_idf", pad_to_max_tokens=True).output_shape((1,))
    (1, 500)
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            max_tokens: Side[K] | None = None,
            *,
            split: object = "whitespace",
            output_mode: Literal["int", "one_hot", "multi_hot", "count", "tf_idf"] = "int",
            output_sequence_length: Side[K] | None = None,
            pad_to_max_tokens: bool = False,
            vocabulary: Sequence[str] | str | None = None,
            vocabulary_size: Side[K] | None = None,
            **kept: Unpack[Kept],
        ) -> None: ...

    max_tokens: Count | None = None
    _: KW_ONLY
    split: Any = "whitespace"
    output_mode: str = "int"
    output_sequence_length: Count | None = None
    pad_to_max_tokens: bool = False
    vocabulary: Any = None
    vocabulary_size: Count | None = None

    def __post_init__(self) -> None:
        made = self._lookup()
        self._set(vocabulary=made.vocabulary, vocabulary_size=made.vocabulary_size)
        self._set(output_mode=made.output_mode, max_tokens=made.max_tokens)
        if self.output_sequence_length is not None:
            length = check_integer("output_sequence_length", self.output_sequence_length)
            self._set(output_sequence_length=length)

    def _lookup(self) -> StringLookup[K]:
        """Return the layer that finds the words in the vocabulary."""
        return StringLookup(
            self.max_tokens,
            mask_token="",
            vocabulary=self.vocabulary,
            output_mode=self.output_mode,  # type: ignore[arg-type]  # the layer checks it
            pad_to_max_tokens=self.pad_to_max_tokens,
            vocabulary_size=self.vocabulary_size,
        )

    def _output_shape(self, shape: Factors, steps: tuple[Part, ...]) -> Factors:
        if self.output_mode == "int":
            if self.output_sequence_length is None:
                raise ValueError(
                    "output_sequence_length must be given: without it the output is as long as the"
                    " longest text"
                )
            return (self.output_sequence_length,)
        lookup = self._lookup()
        if self.output_mode != "one_hot" or self.split is None:
            return lookup._output_shape((*shape, 2) if self.split is not None else shape, ())
        raise ValueError(
            "output_mode='one_hot' has a vector for each word, and nothing says how many words a"
            " text has: use 'multi_hot' or 'count', or split=None"
        )
