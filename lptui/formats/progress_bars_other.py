"""Bars of libraries that fewer trainings use: alive-progress, progressbar2, click, fastprogress, Ignite.

Training |████▌       | ▂▄▆ 12/80 [15%] in 0s (~2s, 41.4/s) loss=0.5
Training  51% (41 of 80) |#####     | Elapsed Time: 0:00:00 ETA:   0:00:00 loss: 0.1
Training  [#####-----]  41/80  00:00:01
Epoch 1/3 : |█████-----| 51.00% [41/80 00:00<00:00... loss: 0.1]
Epoch [1/3]: [41/80]  51%|█████     , loss=0.1 [00:00<00:00]
"""

from __future__ import annotations

from lptui.formats.progress_labels import EPOCH, find_epoch, find_epochs, find_role
from lptui.formats.progress_pairs import begun, find_pairs, to_float
from lptui.formats.progress_values import Progress
from lptui.text.regex import Regex

_TWO = rb"(?P<done>\d{1,15})%b(?P<total>\d{1,15})"
_SLASH = _TWO % b"/"
_SHAPES = tuple(
    (literal, Regex(pattern))
    for literal, pattern in (
        (
            b"%] in ",
            _SLASH + rb" \[\d{1,3}%\] in [\d.:smh]{1,16} \((?:[^()]{0,24}, )?(?P<rate>[\d.]{1,16})/s"
            rb"(?:, eta: [^()]{1,16})?\)(?P<rest>.{0,1000})",
        ),
        (
            b") |",
            rb"\d{1,3}% \(" + _TWO % b" of " + rb"\) \|[^|]{1,400}\|(?P<rest>.{0,1000})(?P<rate>\b\B)?",
        ),
        (b"]  ", rb"\[[#=-]{2,200}\]  " + _SLASH + rb"(?P<rest>(?P<rate>\b\B)?)(?:  |$)"),
        (
            b"% [",
            rb"\| \d{1,3}\.\d\d% \[" + _SLASH + rb" [\d:]{4,12}<[\d:?]{1,12}(?P<rest>[^\]]{0,400})\](?P<rate>\b\B)?",
        ),
        (
            b"]: [",
            rb"\]: \["
            + _SLASH
            + rb"\] {1,3}\d{1,3}%\|[^|,]{0,400}\|?(?P<rest>.{0,1000}) \[[\d:]{4,12}<(?P<rate>\b\B)?",
        ),
    )
)
GATE = (
    rb"[0-9] \[[0-9]+%\] in [0-9]",
    rb"% \([0-9]+ of [0-9]+\) \|",
    rb"[#-]\]  [0-9]+/[0-9]",
    rb"% \[[0-9]+/[0-9]+ [0-9:]+<",
    rb"\]: \[[0-9]+/[0-9]+\] +[0-9]+%\|",
)
GATE_WORDS = (b"%] in ", b" of ", b"#]  ", b"-]  ", b"<", b"]: [")


def read_other(message: bytes) -> Progress | None:
    """What such a bar says; None for a line without one."""
    match = None
    for literal, shape in _SHAPES:
        if literal in message and (match := shape.search(message)) is not None:
            break
    if match is None:
        return None
    label = message[: match.start()].split(b"|", 1)[0].rstrip(b" :[")
    text = label[-80:].decode(errors="replace").strip()
    epoch = EPOCH.search(label)
    epochs = find_epochs(label, epoch) if epoch else None
    return Progress(
        "bar",
        epoch=find_epoch(epoch) if epoch else None,
        step=int(match["done"]),
        total_steps=int(match["total"]),
        steps_per_second=(to_float(match["rate"]) or None) if match["rate"] else None,
        label=text,
        metrics=begun(find_pairs(match["rest"]), int(match["done"])),
        role=find_role(text),
        epochs=epochs,
        first_epoch=None if epochs is None else 1,
    )
