"""`lptui attach` in a real pseudo-terminal: what is shown, what is left behind, and that the training lives on."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from screen import Terminal, wait_until

ATTACH = [sys.executable, "-m", "lptui", "attach"]
SIZES = [(80, 24), (60, 15)]
TRAINING = """
import os, sys, time
log = sys.argv[1]
step = 0
with open(log, "a", buffering=1) as out:
    while True:
        step += 768
        print(f"10:00:00 [INFO] trainer-0-0: Epoch {step // 768} [live] / 3.20 ksps / {step / 1e4:.2f}% of 1.00 Msteps "
              f"/ (45% train / 50% rollout / 5% stats)", file=out)
        time.sleep(0.2)
"""


@pytest.fixture
def training(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A process that writes the log of a run, and the run."""
    run = tmp_path / "train_dir" / "live"
    (run / "logs").mkdir(parents=True)
    (run / "checkpoints").mkdir()
    log = run / "logs" / "script.log"
    process = subprocess.Popen([sys.executable, "-c", TRAINING, str(log)], start_new_session=True)
    yield process, run
    process.kill()
    process.wait()


def test_what_goes_to_stderr_may_go_to_a_file(tmp_path: Path, recorded: Callable[[str], Path]) -> None:
    command = shlex.join([*ATTACH, str(recorded("healthy"))])
    kept = tmp_path / "stderr.txt"
    with Terminal(["sh", "-c", f"exec {command} 2>{shlex.quote(str(kept))}"], 80, 24) as terminal:
        terminal.wait_for("Training complete!")
        terminal.type("3")
        terminal.wait_for("Metrics")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
    assert kept.read_text() == ""


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_the_screen_shows_the_state_and_the_newest_line_and_follows(
    columns: int, rows: int, recorded: Callable[[str], Path]
) -> None:
    run = recorded("healthy")
    with Terminal([*ATTACH, str(run)], columns, rows) as terminal:
        terminal.wait_for("finished")
        assert "finished" in terminal.rows[0]
        terminal.wait_for("Training complete!")
        with (run / "logs" / "script.log").open("a") as log:
            log.write("22:01:00 [INFO] trainer-0-0: appended-just-now\n")
        terminal.wait_for("appended-just-now")
        assert not any(len(row) > columns for row in terminal.rows)
        terminal.type("q")
        assert terminal.wait_for_end() == 0


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_run_that_broke_says_so_in_the_first_line_or_two(
    columns: int, rows: int, recorded: Callable[[str], Path]
) -> None:
    with Terminal([*ATTACH, str(recorded("nan"))], columns, rows) as terminal:
        terminal.wait_for(lambda _: all(word in "\n".join(terminal.rows[:2]) for word in ("crashed", " %", "✖")))
        terminal.wait_for(lambda _: any(word in "\n".join(terminal.rows[:2]) for word in ("infinite", "NaN")))


@pytest.mark.parametrize("how", ["q", "ctrl+c twice", "SIGTERM", "SIGHUP"])
def test_the_terminal_is_given_back(how: str, recorded: Callable[[str], Path]) -> None:
    shell = ["sh", "-c", 'echo before; "$@"; echo "left with $?"; exec sleep 1000', "sh", *ATTACH]
    with Terminal([*shell, str(recorded("healthy"))], 80, 24) as terminal:
        terminal.wait_for("Training complete!")
        terminal.wait_for("finished")
        assert terminal.emulator.alternate
        assert not terminal.echoes
        if how == "q":
            terminal.type("q")
        elif how == "ctrl+c twice":
            terminal.type("\x03")
            terminal.pump(0.5)
            terminal.type("\x03q")
        else:
            os.kill(child_of(terminal.process.pid), getattr(signal, how))
        terminal.wait_for("left with")
        assert terminal.left_behind == []
        assert terminal.echoes
        assert terminal.rows[0] == "before"
        expected = {"SIGTERM": 143, "SIGHUP": 129}.get(how, 0)
        assert f"left with {expected}" in terminal.text


def test_a_signal_before_the_app_has_taken_over_gives_the_terminal_back(recorded: Callable[[str], Path]) -> None:
    with Terminal([*ATTACH, str(recorded("healthy"))], 80, 24) as terminal:
        terminal.wait_for("opening")
        terminal.process.terminate()
        assert terminal.wait_for_end() == 143
        assert terminal.left_behind == []


def test_the_training_goes_on_after_q(training: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, run = training
    log = run / "logs" / "script.log"
    with Terminal([*ATTACH, str(run)], 80, 24) as terminal:
        terminal.wait_for("running")
        terminal.wait_for("Epoch")
        terminal.type("q")
        assert terminal.wait_for_end() == 0
    size = log.stat().st_size
    wait_until(lambda: log.stat().st_size > size, lambda: "the training writes no more")
    assert process.poll() is None


def test_the_training_goes_on_after_the_terminal_is_gone(training: tuple[subprocess.Popen[bytes], Path]) -> None:
    process, run = training
    log = run / "logs" / "script.log"
    with Terminal([*ATTACH, str(run)], 80, 24) as terminal:
        terminal.wait_for("running")
        terminal.hang_up()
        assert terminal.wait_for_exit() != 0
    size = log.stat().st_size
    wait_until(lambda: log.stat().st_size > size, lambda: "the training writes no more")
    assert process.poll() is None


def test_a_finished_run_sends_nothing_once_it_is_drawn(recorded: Callable[[str], Path]) -> None:
    with Terminal([*ATTACH, str(recorded("healthy"))], 80, 24) as terminal:
        terminal.wait_for("finished")
        terminal.wait_for("Training complete!")
        quiet = [terminal.silence(1.5) for _ in range(20)]
        assert any(a and b for a, b in pairwise(quiet)), "it went on writing"


def test_resizing_keeps_a_whole_frame(recorded: Callable[[str], Path]) -> None:
    with Terminal([*ATTACH, str(recorded("nan"))], 120, 40) as terminal:
        terminal.wait_for("2 Findings")
        terminal.wait_for(lambda _: frames_are_whole(terminal.rows))
        for columns, rows in ((60, 15), (160, 46), (80, 24), (120, 40)):
            terminal.resize(columns, rows)
            terminal.wait_for(lambda _: terminal.rows[0].count("crashed") == 1 and frames_are_whole(terminal.rows))
        terminal.wait_for(lambda text: text.count("╭") == 3)


def test_without_a_terminal_the_state_is_printed_once(recorded: Callable[[str], Path]) -> None:
    done = subprocess.run([*ATTACH, str(recorded("healthy"))], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0
    assert "finished" in done.stdout
    assert "\x1b" not in done.stdout


def frames_are_whole(rows: list[str]) -> bool:
    """Whether every frame that begins on the screen has its other three corners."""
    grid = [row.ljust(200) for row in rows]
    for y, row in enumerate(grid):
        for x, char in enumerate(row):
            if char != "╭":
                continue
            right = row.find("╮", x)
            below = next((n for n in range(y + 1, len(grid)) if grid[n][x] == "╰"), None)
            if right < 0 or below is None or grid[below][right] != "╯":
                return False
    return not any("╮" in row and "╭" not in row for row in rows)


def child_of(pid: int) -> int:
    """The one child of a process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


SLOW_LIBRARIES = """
import os, sys, time
from pathlib import Path
import lptui.cli.attach as attach
from lptui.cli import run
go = Path({go!r})
make = __import__("lptui.config.settings", fromlist=["load_settings"]).load_settings
def load_settings(*given, **named):
    while not go.exists():  # stands for libraries that are still being loaded
        time.sleep(0.02)
    return make(*given, **named)
sys.modules["lptui.config.settings"].load_settings = load_settings
sys.exit(run(["attach", {run!r}]))
"""


@pytest.fixture
def slow(tmp_path: Path, recorded: Callable[[str], Path]) -> tuple[list[str], Path, Path]:
    """A command whose libraries are loaded once a file is there, its log, and that file."""
    run, go = recorded("healthy"), tmp_path / "go"
    return [sys.executable, "-c", SLOW_LIBRARIES.format(go=str(go), run=str(run))], run / "logs" / "script.log", go


def test_what_is_written_while_libraries_are_loaded_is_painted_and_taken_over(
    slow: tuple[list[str], Path, Path],
) -> None:
    command, log, go = slow
    with Terminal(command, 80, 24) as terminal:
        terminal.wait_for("Training complete!")
        assert "opening" in terminal.rows[0]
        with log.open("a") as out:
            out.write("22:01:00 [INFO] t: \x1b]52;c;x\x07api_key=sk-abcdefghijklmnop1234567890\n")
            out.write("22:01:01 [INFO] t: painted-early\n")
        terminal.wait_for("painted-early")
        assert "opening" in terminal.rows[0]
        assert "abcdefghijklmnop" not in terminal.text
        assert b"\x1b]52" not in terminal.raw
        assert [row for row in terminal.rows if row][-1].endswith("painted-early")
        log.write_text("only this line now\n")
        terminal.wait_for(lambda text: "only this line now" in text and "painted-early" not in text)
        go.touch()
        terminal.wait_for("finished")
        assert "only this line now" in terminal.text
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert terminal.left_behind == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_terminal_is_given_back_while_libraries_are_loaded(
    number: signal.Signals, slow: tuple[list[str], Path, Path]
) -> None:
    command, log, _ = slow
    with Terminal(command, 80, 24) as terminal:
        terminal.wait_for("Training complete!")
        with log.open("a") as out:
            out.write("22:01:01 [INFO] t: painted-early\n")
        terminal.wait_for("painted-early")
        terminal.process.send_signal(number)
        terminal.wait_for_end()
        assert terminal.left_behind == []
        assert terminal.silence(0.2)


def test_a_log_that_is_renamed_at_any_moment_of_the_start_is_followed_where_it_lies(tmp_path: Path) -> None:
    log, old = tmp_path / "train.log", tmp_path / "train.log.1"
    log.write_text("10:00:00 [INFO] before-the-rename\n")
    with Terminal([*ATTACH, str(log)], 80, 24) as terminal:
        terminal.wait_for("before-the-rename")
        log.rename(old)
        with old.open("a") as file:
            file.write("10:00:01 [INFO] written-after-it\n")
        terminal.wait_for("written-after-it")
        terminal.wait_for("the file is gone, waiting for it")
        log.write_text("10:00:02 [INFO] in-the-new-one\n")
        terminal.wait_for("in-the-new-one")
        assert "before-the-rename" in terminal.text, terminal.text
        terminal.type("q")
        assert terminal.wait_for_end() == 0
