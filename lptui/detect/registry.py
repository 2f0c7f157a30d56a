"""All detectors, in the order in which they see an event."""

from __future__ import annotations

from functools import cache

from lptui.detect import Detector


@cache
def load_detectors() -> tuple[Detector, ...]:
    """Imported at first use: the catalogue and its scanner take a while that no first screen should wait for."""
    from lptui.detect.alerts import ALERTS
    from lptui.detect.checkpoints import CHECKPOINTS
    from lptui.detect.cloud import CLOUD
    from lptui.detect.configuration import CONFIGURATION
    from lptui.detect.curriculum import CURRICULUM
    from lptui.detect.kernel import KERNEL
    from lptui.detect.log_failures import LOG_FAILURES
    from lptui.detect.log_numbers import LOG_NUMBERS
    from lptui.detect.machine import MACHINE
    from lptui.detect.nonfinite import NONFINITE
    from lptui.detect.restarts import RESTARTS
    from lptui.detect.resumption import RESUMPTION
    from lptui.detect.rules import RULES
    from lptui.detect.saving import SAVING
    from lptui.detect.silence import SILENCE
    from lptui.detect.trends import TRENDS

    return (
        LOG_FAILURES,
        NONFINITE,
        TRENDS,
        LOG_NUMBERS,
        RESTARTS,
        CURRICULUM,
        CHECKPOINTS,
        RESUMPTION,
        SAVING,
        CONFIGURATION,
        MACHINE,
        ALERTS,
        KERNEL,
        SILENCE,
        CLOUD,
        RULES,
    )
