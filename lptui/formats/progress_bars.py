"""Progress bars: tqdm with its postfix, Keras (the classic bar and the one of version 3), Ultralytics YOLO.

Every repetition is bounded: a line costs time in proportion to its length. Sources: tqdm.std, keras.utils.Progbar,
ultralytics.engine.trainer, torchtune's recipes (the loss stands in the label). Rich's bars: progress_rich, those of
other libraries: progress_bars_other.
"""

from __future__ import annotations

import re

from lptui.formats.progress_labels import EPOCH, find_epoch, find_epochs, find_role
from lptui.formats.progress_pairs import NUMBER, Pairs, begun, find_pairs, to_float
from lptui.formats.progress_values import Progress
from lptui.text.regex import Regex

_COUNT = rb"(?<![\w.])(?P<done>\d{1,18}(?:\.\d{1,3})?)(?P<by>[kMGTP]?)"
_RATE = (
    rb"(?:(?P<rate>[\d.]{1,16})(?P<rate_by>[kMGTP]?)|\?)(?P<per>[A-Za-z_]{0,12}/s|s/\w{1,12})(?P<postfix>[^\]]{0,1000})"
)
_BAR = Regex(
    _COUNT + rb"/(?:(?P<total>\d{1,18}(?:\.\d{1,3})?)(?P<total_by>[kMGTP]?)|\?)"
    rb" \[[\d:]{4,12}<[^,\]]{1,16}, *" + _RATE
)
_ENDLESS = Regex(_COUNT + rb" ?(?P<total>(?P<total_by>\b\B)?)[A-Za-z_]{0,12} \[[\d:]{4,12}, *" + _RATE)
"""tqdm without a total: `60it [00:00, 71.55it/s, loss=0.1]`."""
GATE = (rb"[0-9kMGTP?] \[[0-9:]+<[0-9?]", rb"[0-9][A-Za-z]* \[[0-9:]+, +[0-9.?]+[A-Za-z]*/s")
_KERAS = Regex(
    rb"(?<!\d)(\d{1,12})/(\d{1,12}) {1,8}(?:\[[=>.]{1,80}\]|(?:\xe2[\x80-\xbf]{2}){1,80}|(?=- )) {0,3}(?:- )?"
    rb"([^/]{0,40}?(\d{1,9})([mu]?s)/(?:step|sample))?(.{0,2000})"
)
_YOLO = Regex(
    rb" {0,12}(\d{1,6})/(\d{1,6}) {1,12}[\d.]{1,8}G((?: {1,12}(?:" + NUMBER + rb")){3}) {1,12}\d{1,6} {1,12}\d{1,5}:"
)
_YOLO_NAMES = ("box_loss", "cls_loss", "dfl_loss")
_SCALE = {b"": 1.0, b"k": 1e3, b"M": 1e6, b"G": 1e9, b"T": 1e12, b"P": 1e15}
_UNITS = {b"s": 1.0, b"ms": 1e-3, b"us": 1e-6}


def read_bar(message: bytes) -> Progress | None:
    """What a tqdm bar says; None for a line without one, and for a download."""
    match = _BAR.search(message) if b"<" in message else None
    if match is None and b" [" in message and b"/s" in message:
        match = _ENDLESS.search(message)
    if not match:
        return None
    if match["per"] in (b"B/s", b"iB/s"):
        return None  # a download
    done = scaled(match["done"], match["by"])
    total = scaled(match["total"], match["total_by"] or b"") if match["total"] else None
    speed = scaled(match["rate"], match["rate_by"]) if match["rate"] else None
    if speed is not None and match["per"].startswith(b"s/"):
        speed = 1 / speed if speed else None
    before = message[: match.start()]
    label = _cut_label(before)
    text = label[-80:].decode(errors="replace")
    epoch, yolo = EPOCH.search(label), _YOLO.match(before)
    epochs = int(yolo[2]) if yolo else find_epochs(label, epoch) if epoch else None
    return Progress(
        "bar",
        epoch=to_float(yolo[1]) if yolo else find_epoch(epoch) if epoch else None,
        step=None if done is None else round(done),
        total_steps=None if total is None else round(total),
        step_resolution=max(1, round(_SCALE[match["by"]] / 100)),
        steps_per_second=speed,
        label=text,
        metrics=begun(_find_metrics(label, match["postfix"], yolo), done),
        role="training" if yolo else find_role(text),
        epochs=epochs,
        first_epoch=None if epochs is None else 1,
    )


def _cut_label(before: bytes) -> bytes:
    """What stands before a bar, without its share."""
    share = before.rfind(b"%|")
    return (before[:share] if share >= 0 else before.split(b"|", 1)[0]).rstrip(b" 0123456789%").rstrip(b": ")


def _find_metrics(label: bytes, postfix: bytes, yolo: re.Match[bytes] | None) -> Pairs:
    """The numbers around a bar."""
    metrics = find_pairs(postfix)
    if b"oss" in label:
        metrics = (*find_pairs(label), *metrics)
    if yolo:
        losses = (to_float(value) for value in yolo[3].split())
        named = ((n, v) for n, v in zip(_YOLO_NAMES, losses, strict=True) if v is not None)
        metrics = (*named, *metrics)
    return metrics


def read_keras(message: bytes) -> Progress | None:
    """What a bar of Keras says, or its line without a bar (`verbose=2`); None for a line without one."""
    match = _KERAS.search(message)
    if not match:
        return None
    seconds = int(match[4]) * _UNITS[match[5]] if match[4] else 0.0
    return Progress(
        "bar",
        step=int(match[1]),
        total_steps=int(match[2]),
        steps_per_second=1 / seconds if seconds else None,
        metrics=find_pairs(match[6]),
    )


def scaled(digits: bytes, unit: bytes) -> float | None:
    """A number with its unit (`1.5`, `k`) as one value."""
    value = to_float(digits)
    return None if value is None else value * _SCALE[unit]
