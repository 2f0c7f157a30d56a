"""Where a message begins right behind a bar of Keras."""

from __future__ import annotations

import pytest

from lptui.formats.bar_end import find_behind

BAR = b"17/24 \xe2\x94\x81\xe2\x94\x81 0s 30ms/step - loss: 8.5301 - mae: 2.7010"


@pytest.mark.parametrize(
    "message", [b"Traceback (most recent call last):", b"saved model", b"WARNING:root:x", b"[INFO] x", b"2026-11-28 x"]
)
def test_a_message_behind_a_bar_of_keras(message: bytes) -> None:
    line = BAR + message
    assert line[find_behind(line, 0, len(line)) :] == message


@pytest.mark.parametrize(
    "line",
    [
        BAR,
        BAR + b" - val_loss: 1.1534 - val_mae: 0.9000",
        BAR + b" - learning_rate: 1.0000e-04",
        b"17/24 - 1s - 30ms/step - loss: 8.5301 - mae: 2.7010",
        b"17/24 - 1s - 30ms/step - loss: 8.53012 - mae: 2.70",
        b"17/24 [==>...] - ETA: 5s - loss: 8.5301",
    ],
)
def test_a_bar_alone_is_not_cut(line: bytes) -> None:
    assert find_behind(line, 0, len(line)) == len(line)
