"""How long an epoch takes. A real arena is slower than ours: the pauses stand for its size."""

from __future__ import annotations

import time
from collections.abc import Callable

from lptui.demo.learner import Pause

ROLLOUT_SHARE, TRAIN_SHARE = 0.55, 0.4


class Pacer:
    """Stretches each phase to its share of an epoch; never sleeps if the work itself took longer."""

    def __init__(
        self,
        epoch_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._epoch_seconds = epoch_seconds
        self._clock, self._sleep = clock, sleep

    def phase(self, share: float) -> Pause:
        """A pause function for a phase that begins now."""
        begun, seconds = self._clock(), share * self._epoch_seconds

        def pause(done: float) -> None:
            left = begun + done * seconds - self._clock()
            if left > 0:
                self._sleep(left)

        return pause
