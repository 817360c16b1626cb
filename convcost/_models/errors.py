"""The errors that models raise."""

import errno
import re


class ModelError(ValueError):
    """A model that can't be read or is inconsistent; the message names the layer."""

    __module__ = "convcost"  # where users import it from, as tracebacks show it


class UnknownLayerError(ModelError):
    """A layer whose cost this library doesn't know; the message says how to register it."""

    __module__ = "convcost"


class SavedReportError(ModelError):
    """A saved report in the place of a model: it holds the costs of one, but not the model.

    Attributes
    ----------
    data
        What it holds.
    """

    __module__ = "convcost"

    def __init__(self, message: str, data: object = None) -> None:
        super().__init__(message)
        self.data = data


def missing(message: str) -> FileNotFoundError:
    """Return the error for a file or folder that is not there, which says no more than this.

    With a file name of its own it would end with that name once more.

    Examples
    --------
    >>> str(missing("there is no file 'm.keras'"))
    "there is no file 'm.keras'"
    """
    error = FileNotFoundError(message)
    error.errno = errno.ENOENT
    return error


# What Keras puts around the message of an error in a call.
_WRAPPED = re.compile(
    r"Exception encountered when calling .*?\(\)\. (.*?) Arguments received by .*"
)
_INFERRED = re.compile(r"Could not automatically infer .*? Error encountered: ")


# What says little of a symbolic tensor, and its number, which is another one in each process.
_SYMBOLIC = re.compile(r", sparse=False, ragged=False(, name=keras_tensor(_\d+)?)?(?=>)")
_LONGEST = 160


def one_line(error: Exception) -> str:
    """Return the beginning of an error's message in one line, without what Keras puts around it.

    A message of more than 160 characters ends with an ellipsis after a whole word.

    Examples
    --------
    >>> one_line(ValueError("two   spaces"))
    'two spaces'
    """
    plain = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", str(error)).split())
    while (wrapped := _WRAPPED.fullmatch(plain)) is not None:
        plain = wrapped[1]
    plain = _SYMBOLIC.sub("", _INFERRED.sub("", plain))
    if len(plain) <= _LONGEST:
        return plain
    head = plain[:_LONGEST]
    return f"{head.rpartition(' ')[0] or head}…"


def named(error: Exception) -> str:
    """Return the type of an error and its message in one line, or the type alone.

    Examples
    --------
    >>> named(ValueError("no")), named(NotImplementedError())
    ('ValueError: no', 'NotImplementedError')
    >>> named(ValueError(None))
    'ValueError'
    """
    return f"{type(error).__name__}: {one_line(error)}".removesuffix(": None").rstrip(": .")
