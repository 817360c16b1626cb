"""Operations that are not counted, and why: what an error says of them."""

from __future__ import annotations

_FACTORS = "solves or factorizes matrices: how many MACs that takes, no convention says"
_FOURIER = "is a Fourier transform: how many MACs a fast one takes, no convention says"
_VALUES = "has an output whose length depends on the values of its input"
_BACKENDS = "is computed in different ways by the backends of Keras"
_SHAPE = "has another output shape than Keras records"
_BODY = "calls a function of its own, which is only followed in a live model"

# By the names of Keras's classes.
REASONS: dict[str, str] = {
    kind: reason
    for kinds, reason in (
        ("Cholesky CholeskyInverse Det Eig Eigh Inv Logdet LuFactor Lstsq MatrixRank", _FACTORS),
        ("Pinv Qr SVD Slogdet Solve SolveTriangular", _FACTORS),
        ("FFT FFT2 IFFT2 IRFFT ISTFT RFFT STFT", _FOURIER),
        ("Bincount Nonzero", _VALUES),
        ("AffineTransform CTCDecode CTCLoss ElasticTransform PerspectiveTransform", _BACKENDS),
        ("Corrcoef Ndim", _SHAPE),
        ("AssociativeScan Cond ForiLoop Map Scan Switch VectorizedMap WhileLoop", _BODY),
        ("JVP", "differentiates a function of its own"),
        ("View", "has an output shape that depends on its input's dtype, which is not read"),
    )
    for kind in kinds.split()
}


def why_not(kind: str) -> str:
    """Return what follows the class of an operation in an error message: why it is not counted.

    Examples
    --------
    >>> why_not("Det")
    ' (which solves or factorizes matrices: how many MACs that takes, no convention says)'
    >>> why_not("Mystery")
    ''
    """
    reason = REASONS.get(kind)
    return f" (which {reason})" if reason else ""
