"""What all tests share: nobody's real home is read, and recorded runs come with the times they were recorded at."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

RUNS = Path(__file__).parent / "runs"


settings.register_profile("any machine", deadline=None)  # a busy one is no failure: what an example takes is not judged
settings.load_profile("any machine")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background; programs that are started inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _load_recorder() -> ModuleType:
    """tests/runs/record.py by its place: other folders of tests have a file of that name too."""
    spec = importlib.util.spec_from_file_location("recorded_runs", RUNS / "record.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A real terminal waits for a real process, which a busy machine may starve: those tests are asked twice. That one
    needed it is told at the end (`-rR`), for it may be a race of our own."""
    for item in items:
        if item.path.parent.name == "terminal":
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True)
def no_user_config(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the developer's own settings and state."""
    monkeypatch.setenv("LPTUI_HOME", str(tmp_path_factory.mktemp("home")))
    for name in ("LPTUI_THEME", "DATA_DIR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[[str], Path]:
    """`recorded("nan")` is a fresh copy of that recorded run, with its mtimes."""
    restore_times = _load_recorder().restore_times

    def copy(name: str) -> Path:
        target = tmp_path / "train_dir" / name
        shutil.copytree(RUNS / name, target)
        restore_times(target)
        return target

    return copy
