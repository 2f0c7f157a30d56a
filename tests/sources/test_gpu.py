"""The GPU source through real nvidia-ml-py and a stand-in library of our own (see tests/nvml_stand_in)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lptui.sources import nvml

HERE = Path(__file__).resolve().parents[1] / "nvml_stand_in"
ROOT = HERE.parents[1]
GIB = 1 << 30
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc to build the stand-in library with")


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nvml")
    flags = ["-std=c11", "-D_DEFAULT_SOURCE", "-shared", "-fPIC", "-fvisibility=hidden"]
    target = folder / "libnvidia-ml.so.1"
    subprocess.run(["gcc", *flags, "-o", str(target), str(HERE / "stand_in.c")], check=True)
    return folder


def play(scene: str, tmp_path: Path, library: Path | None, *rules: str) -> dict:
    """What a scene saw, played in a process of its own."""
    (tmp_path / "rules").write_text("".join(f"{rule}\n" for rule in rules))
    (tmp_path / "log").write_text("")
    env = {key: value for key, value in os.environ.items() if key != "LD_LIBRARY_PATH"}
    env.update(PYTHONPATH=str(ROOT), STAND_IN_RULES=str(tmp_path / "rules"), STAND_IN_LOG=str(tmp_path / "log"))
    if library is not None:
        env["LD_LIBRARY_PATH"] = str(library)
    ran = subprocess.run([sys.executable, str(HERE / "scenes.py"), scene], env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@needs_gcc
def test_a_healthy_device_is_read_in_full(tmp_path: Path, library: Path) -> None:
    sweep = play("healthy", tmp_path, library)["sweep"]
    assert sweep["driver"] == "555.42.06"
    assert sweep["reason"] == ""
    (device,) = sweep["devices"]
    assert device["uuid"] == "GPU-0-stand-in"
    assert device["name"] == "Stand-in 0"
    assert (device["memory_total"], device["memory_used"], device["memory_reserved"]) == (
        80 * GIB,
        60 * GIB,
        GIB,
    )
    assert (device["utilization"], device["temperature"]) == (97, 61)
    assert (device["power"], device["power_limit"]) == (412.5, 700)
    assert device["throttle"] == ["power cap", "hardware thermal"]
    assert device["reasons"] == []
    # pid 0 is dropped; memory that the driver does not tell is None, and whose they are is not said here
    assert device["processes"] == [
        {"pid": 812, "used_bytes": 59 * GIB, "ours": None, "name": ""},
        {"pid": 900, "used_bytes": None, "ours": None, "name": ""},
    ]


@needs_gcc
def test_what_is_refused_for_good_has_a_reason_and_is_not_asked_again(tmp_path: Path, library: Path) -> None:
    rules = ("0 MemoryV2 3", "0 MemoryV1 3", "0 Utilization 4", "0 Processes 3", "0 PowerLimit 3")
    seen = play("refusing", tmp_path, library, *rules, "0 ClocksEvent 13")
    device = seen["sweep"]["devices"][0]
    reasons = dict(device["reasons"])
    assert device["memory_total"] is None
    assert device["memory_used"] is None
    assert "shared with the host" in reasons["memory_used"]
    assert device["utilization"] is None
    assert "permission" in reasons["utilization"]
    assert device["power_limit"] is None
    assert "power_limit" in reasons
    assert device["processes"] == []
    assert "not supported" in reasons["processes"]
    assert device["temperature"] == 61
    # an older driver knows the clock reasons by their older name
    assert device["throttle"] == ["hardware slowdown"]
    assert seen["calls"] == ["0 Temperature", "0 Power", "0 ClocksThrottle"]
    assert seen["again"]["devices"][0]["reasons"] == device["reasons"]


@needs_gcc
def test_memory_falls_back_to_version_1_on_any_error(tmp_path: Path, library: Path) -> None:
    seen = play("refusing", tmp_path, library, "0 MemoryV2 999")
    device = seen["sweep"]["devices"][0]
    assert (device["memory_used"], device["memory_reserved"]) == (61 * GIB, None)
    assert "memory_reserved" in dict(device["reasons"])
    assert "0 MemoryV2" not in seen["calls"]


@needs_gcc
def test_an_implausible_utilisation_is_not_shown(tmp_path: Path, library: Path) -> None:
    device = play("healthy", tmp_path, library, "0 percent 37100")["sweep"]["devices"][0]
    assert device["utilization"] is None
    assert "implausible" in dict(device["reasons"])["utilization"]


@needs_gcc
def test_a_passing_error_keeps_the_last_value_with_its_age(tmp_path: Path, library: Path) -> None:
    seen = play("stumbling", tmp_path, library)
    old = seen["old"]["devices"][0]
    assert old["power"] == 412.5
    assert dict(old["reasons"])["power"].startswith("old, read 8 s ago")
    assert old["memory_used"] == 60 * GIB  # and no jump to version 1's figure
    assert old["temperature"] == 61
    assert "temperature" not in dict(old["reasons"])
    gone = seen["gone"]["devices"][0]
    assert gone["power"] is None
    assert "unknown error" in dict(gone["reasons"])["power"]
    assert seen["back"]["devices"][0]["reasons"] == []


@needs_gcc
def test_a_lost_device_says_so_and_is_tried_again_by_uuid(tmp_path: Path, library: Path) -> None:
    seen = play("lost", tmp_path, library, "-1 devices 2")
    other, device = seen["sweep"]["devices"]
    assert not other["lost"]
    assert "lost" in device["lost"]
    assert device["uuid"] == "GPU-1-stand-in"
    assert (device["memory_total"], device["memory_used"], device["utilization"]) == (80 * GIB, None, None)
    assert dict(device["reasons"])["utilization"] == "the GPU is lost"
    assert seen["asked"] == []
    assert seen["back"]["devices"][1]["temperature"] == 61


@needs_gcc
def test_a_hung_device_delays_no_other_and_comes_back(tmp_path: Path, library: Path) -> None:
    seen = play("hung", tmp_path, library, "-1 devices 3")
    first, stuck, third = seen["ages"]
    assert stuck == 0
    assert first > 0
    assert third > 0
    assert seen["partial"] == ["partial", "GPU 1 without an answer"]
    assert len({device["read_at"] for device in seen["back"]["devices"]}) == 1


@needs_gcc
def test_mig_instances_follow_their_gpu(tmp_path: Path, library: Path) -> None:
    refused = ("0 Utilization 3", "10 Power 3", "11 Power 3", "11 MemoryV2 999", "11 MemoryV1 999")
    rules = ("-1 devices 2", "0 mig 1", *refused)
    devices = play("healthy", tmp_path, library, *rules)["sweep"]["devices"]
    assert [(d["index"], d["name"]) for d in devices] == [
        (0, "Stand-in 0"),
        (0, "Stand-in 10"),
        (0, "Stand-in 11"),
        (1, "Stand-in 1"),
    ]
    whole, one, two, _ = devices
    assert whole["utilization"] is None
    assert "MIG is on" in dict(whole["reasons"])["utilization"]
    assert whole["processes"] == []
    assert one["processes"][0]["pid"] == 812
    assert dict(one["reasons"])["power"] == "not supported by this device"
    assert two["memory_used"] is None
    assert "unknown error" in dict(two["reasons"])["memory_used"]


@needs_gcc
def test_quitting_waits_for_no_stuck_device(tmp_path: Path, library: Path) -> None:
    assert play("leaving", tmp_path, library, "-1 devices 2") == {"calls": [], "after": []}


@needs_gcc
def test_quitting_shuts_nvml_down_when_nothing_is_in_flight(tmp_path: Path, library: Path) -> None:
    assert play("quitting", tmp_path, library)["calls"] == ["-1 Shutdown"]


@needs_gcc
def test_an_initialisation_that_hangs_is_said_and_taken_up_when_it_ends(tmp_path: Path, library: Path) -> None:
    seen = play("stuck_start", tmp_path, library, "-1 Init -1")
    assert "does not answer" in seen["failed"][1]
    assert seen["sweep"]["devices"][0]["temperature"] == 61
    assert seen["status"] == ["ok", ""]


@needs_gcc
@pytest.mark.parametrize(("code", "words"), [(9, "driver is not loaded"), (18, "versions differ"), (999, "unknown")])
def test_no_driver_is_one_line_with_a_next_step(code: int, words: str, tmp_path: Path, library: Path) -> None:
    seen = play("late_driver", tmp_path, library, f"-1 Init {code}")
    assert seen["before"]["sweep"]["devices"] == []
    assert words in seen["before"]["sweep"]["reason"]
    assert seen["before"]["status"][0] == "failed"
    assert seen["before"]["next_try"] == 1060
    assert seen["sweep"]["devices"][0]["temperature"] == 61


@needs_gcc
def test_no_device_at_all(tmp_path: Path, library: Path) -> None:
    assert "no GPU" in play("nothing", tmp_path, library, "-1 devices 0")["sweep"]["reason"]


def test_no_library(tmp_path: Path) -> None:
    seen = play("nothing", tmp_path, None)
    if "libnvidia-ml" not in seen["sweep"]["reason"]:
        pytest.skip("this machine has an NVIDIA driver")
    assert seen["status"][0] == "absent"


@needs_gcc
def test_a_driver_that_goes_away_is_started_again_later(tmp_path: Path, library: Path) -> None:
    seen = play("driver_leaves", tmp_path, library)
    assert seen["gone"]["devices"] == []
    assert "shut down" in seen["gone"]["reason"]
    assert seen["sweep"]["devices"][0]["temperature"] == 61


def test_pynvml_is_not_even_loaded_where_the_linker_knows_no_nvml(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = tmp_path / "ld.so.cache"
    monkeypatch.setattr(nvml, "LINKER_CACHE", str(cache))
    monkeypatch.setattr(nvml, "_is_there", lambda path: False)
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    assert nvml.has_library()  # no cache (musl): it must be tried
    cache.write_bytes(b"glibc-ld.so.cache1.1\0libc.so.6\0")
    assert not nvml.has_library()
    count, refusal = nvml.Nvml().start()
    assert count == 0
    assert refusal is not None
    assert "no NVIDIA driver library" in refusal.text
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/driver")
    assert nvml.has_library()
    monkeypatch.delenv("LD_LIBRARY_PATH")
    cache.write_bytes(b"glibc-ld.so.cache1.1\0libnvidia-ml.so.1\0")
    assert nvml.has_library()
