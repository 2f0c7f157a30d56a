"""Bars that Rich draws: its own in any order of columns, Lightning's, and tqdm's on Rich.

Behind the bar stand a share, counts (`634/2000`), times, a rate, in whatever order the program chose. A bar without
counts tells its share, if it names a training or is `track`'s own `Working...`; without a time, or named otherwise, it
says too little to be told from that of an installation or a download.
"""

from __future__ import annotations

from lptui.formats.progress_labels import EPOCH, find_epoch, find_epochs, find_role
from lptui.formats.progress_pairs import begun, find_pairs, to_float, to_int
from lptui.formats.progress_values import Progress
from lptui.text.regex import Regex

END = rb"\xe2[\x94\x95][\x81\xb8\xba] {1,12}"
"""The end of a bar that Rich draws."""
GATE = (
    rb"\xe2[\x94\x95][\x81\xb8\xba](?:\x1b\[[0-9;]*m)* (?:\x1b\[[0-9;]*m)*"
    rb"(?:(?:[-0-9:% \[<,]|\x1b\[[0-9;]*m|\xe2\x80\xa2)*[0-9,]+/ *[0-9?]"
    rb"| *[0-9]+%(?:\x1b\[[0-9;]*m)* (?:\x1b\[[0-9;]*m)*[-0-9]+:[-0-9])"
)
_END = Regex(END)
_TIME = rb"(?P<time>\d{1,4}:\d\d(?::\d\d)?(?![\d:])|-:--:--|--:--)"
_COUNT = rb"(?P<done>[\d,]{1,24})/ {0,12}(?P<total>[\d,]{1,24}|\?)(?![\w/.])"
_RATE = rb"(?P<rate>[\d.,]{1,16}) ?(?P<unit>it/s|s/it|\w{1,12}/s)(?!\w)"
_PART = Regex(rb"[ \[\]<,|]{0,40}(?:\xe2\x80\xa2|\d{1,3}%|" + _TIME + rb"|" + _COUNT + rb"|" + _RATE + rb")")
_PADDED = Regex(rb" {3,200}(?=\S)(?![\w./-]{1,80}: {0,2}[-\d.])")
_SHARE = Regex(r" {0,4}\d{1,3}%$")
_ALONE = Regex(END + rb" {0,3}(\d{1,3})% " + _TIME + rb"(?=\s|$)")
"""The columns of `track`."""
_WORKING = "Working..."
_MOST_PARTS = 12
_LONGEST_TAIL = 2000


def read_rich(message: bytes) -> Progress | None:
    """What a bar of Rich says; None for a line without one."""
    found = _read_parts(message)
    if found is None:
        return _read_share(message)
    done, total, rate, dotted, end = found
    label = _find_label(message)
    text = label[-80:].decode(errors="replace").strip("\ufffd ")
    text = _SHARE.sub("", text)
    epoch = EPOCH.search(label)
    epochs = find_epochs(label, epoch) if epoch else None
    tail, behind = message[end : end + _LONGEST_TAIL], cut_message(message, end)
    return Progress(
        "bar",
        epoch=find_epoch(epoch) if epoch else None,
        step=to_int(done),
        total_steps=to_int(total),
        steps_per_second=rate,
        label=text,
        metrics=begun(find_pairs(tail if behind < 0 else message[end:behind]), to_int(done)),
        role=find_role(text),
        # Lightning, whose times are dotted, counts from 0 and names the last epoch
        epochs=epochs if epochs is None or not dotted else epochs + 1,
        first_epoch=0 if dotted else None if epochs is None else 1,
    )


def _find_label(message: bytes) -> bytes:
    return message[: message.find(b"\xe2\x94\x81")].strip(b" \xe2\xa0\x8b\x99\xb9\xb8\xbc\xb4\xa6\xa7\x87\x8f")


def _read_share(message: bytes) -> Progress | None:
    """What a bar says that tells nothing but a share and a time."""
    found = _ALONE.search(message)
    if found is None or int(found[1]) > 100:
        return None
    text = _find_label(message)[-80:].decode(errors="replace").strip("\ufffd ")
    role = find_role(text)
    if role not in ("training", "epochs") and text != _WORKING:
        return None
    return Progress("bar", share=int(found[1]) / 100, label=text, role=role)


def _read_parts(message: bytes) -> tuple[bytes, bytes, float | None, bool, int] | None:
    """(done, total, rate, whether its times are dotted, where it ends) of the last bar in a line."""
    end = _END.search(message)
    if end is None:
        return None
    at, rate, dotted, timed = end.end(), None, False, False
    count: tuple[bytes, bytes] | None = None
    for _ in range(_MOST_PARTS):
        part = _PART.match(message, at)
        if part is None:
            break
        at = part.end()
        timed = timed or part["time"] is not None
        dotted = dotted or part[0].endswith(b"\xe2\x80\xa2")
        if part["done"] is not None and count is None:
            count = part["done"], part["total"]
        if part["rate"] is not None:
            speed = to_float(part["rate"])
            rate = None if not speed else 1 / speed if part["unit"].startswith(b"s/") else speed
    told = count is not None and (timed or count[1] == b"?")
    return (*count, rate, dotted, at) if count is not None and told else None


def cut_message(message: bytes, end: int) -> int:
    """Where a message begins that was printed behind the padding of a bar that ends at `end`; -1 if there is none."""
    found = _PADDED.search(message, end, end + _LONGEST_TAIL)
    return -1 if found is None else found.end()
