"""Progress bars: tqdm with its postfix, Keras (the classic bar and the one of version 3), Rich, Ultralytics YOLO.

Every repetition is bounded: a line costs time in proportion to its length. Sources: tqdm.std, keras.utils.Progbar,
ultralytics.engine.trainer, torchtune's recipes (the loss stands in the label), rich.progress, Lightning's
RichProgressBar.
"""

from __future__ import annotations

import math
import re

from lptui.formats.progress_pairs import NUMBER, Pairs, find_pairs, to_float
from lptui.formats.progress_values import Progress

_BAR = re.compile(
    rb"(?<![\w.])(\d{1,18}(?:\.\d{1,3})?)([kMGTP]?)/(\d{1,18}(?:\.\d{1,3})?)([kMGTP]?)"
    rb" \[[\d:]{4,12}<[^,\]]{1,16}, *(?:([\d.]{1,16})([kMGTP]?)|\?)(\w{0,12}/s|s/\w{1,12})([^\]]{0,1000})"
)
RICH_BAR = rb"\xe2[\x94\x95][\x81\xb8\xba] {1,12}"
"""The end of a bar that Rich draws."""
EPOCH = re.compile(
    rb"(?<![\w./-])epochs?(?:\(\w{1,12}\))? {0,2}[=:#]? {0,2}\[? {0,6}(\d{1,12}(?:\.\d{1,12})?)(?!\w)"
    rb"(?:\]\[ {0,8}(\d{1,9})/(\d{1,9})\])?",
    re.IGNORECASE,
)
_KERAS = re.compile(
    rb"(?<!\d)(\d{1,12})/(\d{1,12}) {1,8}(?:\[[=>.]{1,80}\]|(?:\xe2[\x80-\xbf]{2}){1,80}) {1,3}(?:- )?"
    rb"([^/]{0,40}?(\d{1,9})([mu]?s)/(?:step|sample))?(.{0,2000})"
)
_TIME = rb"(?:\d{1,4}:\d\d(?::\d\d)?|-:--:--|--:--)"
_RICH = re.compile(
    RICH_BAR + rb"(\d{1,12})/ {0,12}(\d{1,12}) {1,12}" + _TIME + rb"(?: \xe2\x80\xa2 " + _TIME + rb")?"
    rb"(?: {1,4}(\d[\d.]{0,15})it/s)?(.{0,2000})"
)
_YOLO = re.compile(
    rb" {0,12}(\d{1,6})/(\d{1,6}) {1,12}[\d.]{1,8}G((?: {1,12}(?:" + NUMBER + rb")){3}) {1,12}\d{1,6} {1,12}\d{1,5}:"
)
_YOLO_NAMES = ("box_loss", "cls_loss", "dfl_loss")
_SCALE = {b"": 1.0, b"k": 1e3, b"M": 1e6, b"G": 1e9, b"T": 1e12, b"P": 1e15}
_UNITS = {b"s": 1.0, b"ms": 1e-3, b"us": 1e-6}


def read_bar(message: bytes) -> Progress | None:
    """What a tqdm bar says; None for a line without one, and for a download."""
    match = _BAR.search(message)
    if not match:
        return None
    if match[7] in (b"B/s", b"iB/s"):
        return None  # a download
    done, total = scaled(match[1], match[2]), scaled(match[3], match[4])
    speed = scaled(match[5], match[6]) if match[5] else None
    if speed is not None and match[7].startswith(b"s/"):
        speed = 1 / speed if speed else None
    before = message[: match.start()]
    share = before.rfind(b"%|")
    label = (before[:share] if share >= 0 else before.split(b"|", 1)[0]).rstrip(b" 0123456789%").rstrip(b": ")
    epoch, yolo = EPOCH.search(label), _YOLO.match(before)
    return Progress(
        "bar",
        epoch=to_float(yolo[1]) if yolo else find_epoch(epoch) if epoch else None,
        step=None if done is None else round(done),
        total_steps=None if total is None else round(total),
        step_resolution=max(1, round(_SCALE[match[2]] / 100)),
        steps_per_second=speed,
        label=label[-80:].decode(errors="replace"),
        metrics=_find_metrics(label, match[8], yolo, begun=done != 0),
    )


def _find_metrics(label: bytes, postfix: bytes, yolo: re.Match[bytes] | None, *, begun: bool) -> Pairs:
    """The numbers around a bar. One that has not `begun` shows what its program set them to: infinity is no news."""
    metrics = find_pairs(postfix)
    if b"oss" in label:
        metrics = (*find_pairs(label), *metrics)
    if yolo:
        losses = (to_float(value) for value in yolo[3].split())
        named = ((n, v) for n, v in zip(_YOLO_NAMES, losses, strict=True) if v is not None)
        metrics = (*named, *metrics)
    return metrics if begun else tuple((name, value) for name, value in metrics if math.isfinite(value))


def read_keras(message: bytes) -> Progress | None:
    """What a bar of Keras says; None for a line without one."""
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


def read_rich(message: bytes) -> Progress | None:
    """What a bar of Rich says that counts (`634/2000`) and tells a time behind; None for a line without one."""
    match = _RICH.search(message)
    if not match:
        return None
    label = message[: match.start()].split(b"\xe2\x94\x81", 1)[0].strip()
    epoch = EPOCH.search(label)
    return Progress(
        "bar",
        epoch=find_epoch(epoch) if epoch else None,
        step=int(match[1]),
        total_steps=int(match[2]),
        steps_per_second=(to_float(match[3]) or None) if match[3] else None,
        label=label[-80:].decode(errors="replace"),
        metrics=find_pairs(match[4]),
    )


def find_epoch(match: re.Match[bytes]) -> float | None:
    """The epoch of a match of EPOCH; `Epoch [3][120/5005]` is a part of epoch 3 further."""
    epoch = to_float(match[1])
    if epoch is None or match[2] is None:
        return epoch
    return epoch + min(0.999, int(match[2]) / max(1, int(match[3])))


def scaled(digits: bytes, unit: bytes) -> float | None:
    """A number with its unit (`1.5`, `k`) as one value."""
    value = to_float(digits)
    return None if value is None else value * _SCALE[unit]
