"""Where a message begins that another part of a program printed right behind a progress bar, in the same line."""

from __future__ import annotations

from lptui.text.regex import Regex

_COLOUR = rb"(?:\x1b\[[0-9;]{0,16}[A-Km])*"
_ENDS = Regex(
    # tqdm and all built on it: `12/80 [00:01<00:05, 41.4it/s, loss=0.5]`, `60it [00:00, 71.55it/s]`
    rb"[\d.,kMGTP?](?:[A-Za-z]{0,12}) \[[\d:]{4,12}(?:<[^,\]\r\n]{1,16})?, *[\d.?]{1,16}[^\]\r\n]{0,400}\]"
    + _COLOUR
    + rb" {0,400}(?=[^\s,\]|\x1b])"
    # Rich: counts, times and a rate, then blanks up to the edge of the window
    rb"|\xe2[\x94\x95][\x81\xb8\xba](?:[-\d:%., /\[<]|\x1b\[[0-9;]{0,16}m|\xe2\x80\xa2|(?:it|s)/(?:s|it)){8,300}"
    rb" {3,300}"
    rb"(?=[^\s\d\x1b])"
    # Keras, progressbar2: their last number
    rb"|(?:\dms/step|Elapsed Time: [\d:]{4,12})[^\r\n]{0,400}?[:=] [-\d.e]{1,20}(?=Traceback \(most recent)"
    # Keras' numbers have four decimals
    rb"|\d[mu]?s/step - [^\r\n]{0,400}?: -?\d{1,15}\.\d{4}(?:e[+-]\d{2,3})?(?!e[+-]\d)"
    rb"(?=[^\s\x1b\x08\d.,;/)\]%-]|\d{4}-\d\d-)"
)
_REACH = 4096


def find_behind(data: bytes, first: int, last: int) -> int:
    """Where in the frame data[first:last] a message begins behind a bar; `last` if there is none."""
    stop = min(last, first + _REACH)
    if b"/" not in data[first:stop] or data.endswith(b"]", first, stop):
        return last
    match = _ENDS.search(data, first, stop)
    return match.end() if match is not None else last
