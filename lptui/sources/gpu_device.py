"""One NVML device, read six queries at a time; what it refuses for good is not asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from lptui.formats.nvml_values import (
    FUNCTION_NOT_FOUND,
    NOT_SUPPORTED,
    Refusal,
    process_rows,
    refusal_of,
    throttle_names,
)
from lptui.model.readings import GpuDevice
from lptui.sources.nvml import Answer, Nvml

RETRY_LOST = 30.0
MEMORY_V2 = 0x02000028  # NVML_STRUCT_VERSION(Memory, 2)
MIG_REFRESH = 30.0
KEEP_OLD = 60.0
"""For how long a value whose query fails for the moment is kept, with its age in `reasons`."""
NOT_YET = "no answer yet"
_FIELDS = (
    "memory_total",
    "memory_used",
    "memory_reserved",
    "utilization",
    "temperature",
    "power",
    "processes",
)


@dataclass(slots=True)
class _Sample:
    """One query's newest value, when it was read, and why there is no newer one."""

    ask: Callable[[], Answer]
    value: Any = None
    read_at: float = 0.0
    refusal: Refusal | None = None


class DeviceReader:
    """One device, or one MIG instance (`instance`: its GPU and number there).

    `latest` is what is known; `down` says that NVML itself went. One thread at a time; `latest` and
    `devices` may be read from any.
    """

    def __init__(self, nvml: Nvml, index: int, instance: tuple[DeviceReader, int] | None = None) -> None:
        self._nvml = nvml
        self.index = index
        self._instance = instance
        self._handle: Any = None
        self._samples: dict[str, _Sample] = {}
        self._memory_version: int | None = None
        self._clock_call = "nvmlDeviceGetCurrentClocksEventReasons"
        self._no_limit: Refusal | None = None
        self._mig = False
        self._mig_looked: float | None = None
        self._next_try = 0.0
        self.instances: tuple[DeviceReader, ...] = ()
        self.down = ""
        self.latest = GpuDevice(index, "", "", 0.0, reasons=tuple((name, NOT_YET) for name in _FIELDS))

    @property
    def devices(self) -> tuple[GpuDevice, ...]:
        """This device and its MIG instances, as they are known."""
        return (self.latest, *(reader.latest for reader in self.instances))

    def read(self, now: float) -> None:
        """Ask the device for everything once; `now` becomes the age of what it answers."""
        if self._handle is None and not self._attach(now):
            return
        answered = False
        for sample in self._samples.values():
            if sample.refusal is not None and sample.refusal.kind == "never":
                continue
            value, refusal = sample.ask()
            sample.refusal = refusal
            if refusal is None:
                sample.value, sample.read_at, answered = value, now, True
            elif refusal.kind == "down":
                self.down = refusal.text
                return
            elif refusal.kind == "lost":
                self._lose(refusal, now)
                return
        self.latest = self._compose(now, now if answered else self.latest.read_at)
        if self._mig:
            self._read_instances(now)

    # -- the handle and what never changes

    def _attach(self, now: float) -> bool:
        if now < self._next_try:
            return False
        handle, refusal = self._find()
        if refusal is not None:
            self._next_try = now + RETRY_LOST
            if refusal.kind == "down":
                self.down = refusal.text
            else:
                self._lose(refusal, now)
            return False
        self._handle, self._memory_version = handle, None
        self._samples = self._prepare(handle)
        uuid, _ = self._nvml.query("nvmlDeviceGetUUID", handle)
        name, _ = self._nvml.query("nvmlDeviceGetName", handle)
        limit, self._no_limit = self._nvml.query("nvmlDeviceGetEnforcedPowerLimit", handle)
        mode, _ = self._nvml.query("nvmlDeviceGetMigMode", handle) if self._instance is None else (None, None)
        self._mig = bool(mode and mode[0] == 1)
        self._mig_looked = None
        self.latest = replace(
            self.latest,
            uuid=str(uuid or self.latest.uuid),
            name=str(name or self.latest.name or "unnamed GPU"),
            power_limit=limit / 1000 if limit else None,
            lost="",
        )
        return True

    def _find(self) -> Answer:
        if self._instance is not None:
            parent, number = self._instance
            return self._nvml.query("nvmlDeviceGetMigDeviceHandleByIndex", parent._handle, number)
        if self.latest.uuid:
            return self._nvml.query("nvmlDeviceGetHandleByUUID", self.latest.uuid.encode())
        return self._nvml.query("nvmlDeviceGetHandleByIndex", self.index)

    def _lose(self, refusal: Refusal, now: float) -> None:
        self._handle = None
        self._next_try = now + RETRY_LOST
        self.instances = ()
        self.latest = replace(
            GpuDevice(self.index, self.latest.uuid, self.latest.name or "GPU without an answer", self.latest.read_at),
            memory_total=self.latest.memory_total,
            power_limit=self.latest.power_limit,
            lost=refusal.text,
            reasons=tuple((name, "the GPU is lost") for name in _FIELDS if name != "memory_total"),
        )

    # -- the six queries

    def _prepare(self, handle: Any) -> dict[str, _Sample]:
        query = self._nvml.query
        return {
            "memory": _Sample(self._read_memory),
            "utilization": _Sample(partial(query, "nvmlDeviceGetUtilizationRates", handle)),
            "temperature": _Sample(partial(query, "nvmlDeviceGetTemperature", handle, 0)),
            "power": _Sample(partial(query, "nvmlDeviceGetPowerUsage", handle)),
            "throttle": _Sample(self._read_throttle),
            "processes": _Sample(partial(query, "nvmlDeviceGetComputeRunningProcesses", handle)),
        }

    def _read_memory(self) -> Answer:
        """(total, used, reserved); version 1, which counts reserved as used, only where 2 never worked.

        Version 2 fails in several ways where 1 works (WSL: UNKNOWN), so that any error falls back; once 2
        has answered, an error is an error, as switching would look like a jump of the memory in use.
        """
        if self._memory_version != 1:
            value, refusal = self._nvml.query("nvmlDeviceGetMemoryInfo", self._handle, MEMORY_V2)
            if refusal is None:
                self._memory_version = 2
                return (value.total, value.used, value.reserved), None
            if self._memory_version == 2 or refusal.kind in ("lost", "down"):
                return None, refusal
        value, refusal = self._nvml.query("nvmlDeviceGetMemoryInfo", self._handle)
        if refusal is not None:
            return None, refusal
        self._memory_version = 1
        return (value.total, value.used, None), None

    def _read_throttle(self) -> Answer:
        value, refusal = self._nvml.query(self._clock_call, self._handle)
        if refusal == refusal_of(FUNCTION_NOT_FOUND):  # the name that drivers before 535 know
            self._clock_call = "nvmlDeviceGetCurrentClocksThrottleReasons"
            value, refusal = self._nvml.query(self._clock_call, self._handle)
        return value, refusal

    # -- the answer as one value

    def _compose(self, now: float, read_at: float) -> GpuDevice:
        reasons: list[tuple[str, str]] = []
        memory = self._value("memory", _FIELDS[:3], now, reasons)
        total, used, reserved = memory or (None, None, None)
        if used is not None and reserved is None:
            reasons.append(("memory_reserved", "not told by this driver; memory in use includes it"))
        rates = self._value("utilization", ("utilization",), now, reasons)
        percent = None if rates is None else float(rates.gpu)
        if percent is not None and percent > 100:
            percent = None
            reasons.append(("utilization", "the driver's answer is implausible"))
        power = self._value("power", ("power",), now, reasons)
        if self._no_limit is not None:
            reasons.append(("power_limit", self._no_limit.text))
        temperature = self._value("temperature", ("temperature",), now, reasons)
        mask = self._value("throttle", ("throttle",), now, reasons)
        listed = self._value("processes", ("processes",), now, reasons)
        known = self.latest
        return GpuDevice(
            self.index,
            known.uuid,
            known.name,
            read_at,
            memory_total=total,
            memory_used=used,
            memory_reserved=reserved,
            utilization=percent,
            temperature=None if temperature is None else float(temperature),
            power=None if power is None else power / 1000,
            power_limit=known.power_limit,
            throttle=throttle_names(mask or 0),
            processes=process_rows(listed or (), total),
            reasons=tuple(reasons),
        )

    def _value(self, name: str, fields: tuple[str, ...], now: float, reasons: list[tuple[str, str]]) -> Any:
        sample = self._samples[name]
        if sample.refusal is None:
            return sample.value
        text = sample.refusal.text
        if name == "memory" and sample.refusal == refusal_of(NOT_SUPPORTED) and self._instance is None:
            text = "shared with the host's memory: the device has none of its own to report"
        if name == "utilization" and self._mig:
            text = "MIG is on: the driver gives no utilisation of the whole GPU"
        keep = sample.read_at > 0 and now - sample.read_at <= KEEP_OLD
        if keep:
            text = f"old, read {now - sample.read_at:.0f} s ago: {text}"
        reasons.extend((field, text) for field in fields)
        return sample.value if keep else None

    # -- MIG

    def _read_instances(self, now: float) -> None:
        if self._mig_looked is None or now - self._mig_looked >= MIG_REFRESH:
            self._mig_looked = now
            known = {reader.latest.uuid: reader for reader in self.instances}
            count, _ = self._nvml.query("nvmlDeviceGetMaxMigDeviceCount", self._handle)
            found = (self._instance_at(number, known) for number in range(int(count or 0)))
            self.instances = tuple(reader for reader in found if reader is not None)
        for reader in self.instances:
            reader.read(now)
        # the parent's list repeats what the instances hold, without saying which of them
        if self.instances:
            reasons = (*self.latest.reasons, ("processes", "listed at the GPU's MIG instances"))
            self.latest = replace(self.latest, processes=(), reasons=reasons)

    def _instance_at(self, number: int, known: dict[str, DeviceReader]) -> DeviceReader | None:
        handle, refusal = self._nvml.query("nvmlDeviceGetMigDeviceHandleByIndex", self._handle, number)
        if refusal is not None:
            return None
        uuid, _ = self._nvml.query("nvmlDeviceGetUUID", handle)
        return known.get(str(uuid)) or DeviceReader(self._nvml, self.index, (self, number))
