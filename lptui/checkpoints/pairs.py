"""Do a model and the optimizer that goes with it belong together? By shapes, no byte of a tensor read.

Only what can be told for sure is told: an optimizer may hold moments of a part of the weights, or of all in one flat
piece, and a file may hold a second copy of the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from lptui.checkpoints.info import TensorEntry

_MOMENTS = frozenset(("exp_avg", "momentum_buffer"))
_BUFFERS = frozenset(("running_mean", "running_var", "num_batches_tracked"))


def find_shape_mismatch(weights: Iterable[TensorEntry], optimizer: Iterable[TensorEntry]) -> str:
    """A sentence where an optimizer has one moment for every weight, and some have a shape that no weight has; else ''.

    Tensors of other groups may be among both: only those of the model, and moments, are looked at.
    """
    own = [t for t in weights if t.group == "model" and t.name.rpartition(".")[2] not in _BUFFERS]
    moments = [t for t in optimizer if t.group == "optimizer" and t.name.rpartition(".")[2] in _MOMENTS]
    if not moments or len(own) != len(moments):
        return ""
    if Counter(len(t.shape) for t in own) != Counter(len(t.shape) for t in moments):
        return ""
    spare = Counter(t.shape for t in own)
    spare.subtract(t.shape for t in moments)
    stray = next((t for t in moments if spare[t.shape] < 0), None)
    if stray is None:
        return ""
    missing = next(t for t in own if spare[t.shape] > 0)
    return (
        f"the optimizer has a moment {stray.name} of {list(stray.shape)}, which is the shape of no weight"
        f" ({missing.name} has {list(missing.shape)})"
    )
