"""NVML's numbers as words, checked against nvidia-ml-py's own constants."""

from __future__ import annotations

from types import SimpleNamespace

import pynvml
from hypothesis import given
from hypothesis import strategies as st

from lptui.formats.nvml_values import process_rows, refusal_of, throttle_names


def test_kinds_of_refusal() -> None:
    kinds = {
        "never": ("NOT_SUPPORTED", "FUNCTION_NOT_FOUND", "NO_PERMISSION"),
        "lost": ("GPU_IS_LOST", "RESET_REQUIRED"),
        "later": ("UNKNOWN", "TIMEOUT", "IN_USE"),
        "down": ("UNINITIALIZED", "DRIVER_NOT_LOADED", "LIBRARY_NOT_FOUND", "LIB_RM_VERSION_MISMATCH"),
    }
    for kind, names in kinds.items():
        for name in names:
            refusal = refusal_of(getattr(pynvml, f"NVML_ERROR_{name}"))
            assert refusal.kind == kind, name
            assert refusal.text


def test_clock_reasons_by_nvmls_own_bits() -> None:
    names = {
        pynvml.nvmlClocksEventReasonSwPowerCap: "power cap",
        pynvml.nvmlClocksThrottleReasonHwSlowdown: "hardware slowdown",
        pynvml.nvmlClocksEventReasonSyncBoost: "sync boost",
        pynvml.nvmlClocksEventReasonSwThermalSlowdown: "software thermal",
        pynvml.nvmlClocksThrottleReasonHwThermalSlowdown: "hardware thermal",
        pynvml.nvmlClocksThrottleReasonHwPowerBrakeSlowdown: "power brake",
    }
    for bit, name in names.items():
        assert throttle_names(bit) == (name,)
    harmless = (
        pynvml.nvmlClocksEventReasonGpuIdle
        | pynvml.nvmlClocksEventReasonApplicationsClocksSetting
        | pynvml.nvmlClocksEventReasonDisplayClockSetting
    )
    assert throttle_names(harmless) == ()
    assert throttle_names(0x1000) == ("reason 0x1000",)


@given(st.integers(0, 2**64 - 1))
def test_no_mask_is_an_error(mask: int) -> None:
    assert bool(throttle_names(mask)) == bool(mask & ~0x103)


def test_rows_that_cannot_be_are_dropped() -> None:
    rows = [SimpleNamespace(pid=pid, usedGpuMemory=used) for pid, used in ((0, 5), (7, 200), (8, None), (9, 60))]
    assert [(p.pid, p.used_bytes, p.ours) for p in process_rows(rows, 100)] == [
        (7, None, None),
        (8, None, None),
        (9, 60, None),
    ]
