"""A real SSH server on this machine: the screen over `ssh -tt`, sentences without a terminal, and a lost connection."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from screen import DEADLINE, Terminal, wait_until

SSHD = shutil.which("sshd") or next((p for p in ("/usr/sbin/sshd", "/sbin/sshd") if os.access(p, os.X_OK)), None)
pytestmark = pytest.mark.skipif(
    SSHD is None or not shutil.which("ssh") or not shutil.which("ssh-keygen"), reason="no SSH server here"
)


APART = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"', "sh"]
"""A server of root wants /run/sshd, which containers often lack: give it one that nobody else sees."""


@dataclass
class Server:
    """Where the server listens, and how to get in."""

    folder: Path
    port: int

    def ssh(self, *words: str) -> list[str]:
        """The command that runs `words` there; options of ssh come first."""
        options = [w for w in words if w.startswith("-t")]
        rest = [w for w in words if not w.startswith("-t")]
        user = pwd.getpwuid(os.getuid()).pw_name
        settings = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={self.folder}/known", "BatchMode=yes"]
        flags = [part for setting in settings for part in ("-o", setting)]
        where = ["-p", str(self.port), "-i", f"{self.folder}/user", "-F", "none", f"{user}@127.0.0.1"]
        return ["ssh", "-q", *options, *flags, *where, "--", *rest]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="ssh") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
        shutil.copy(folder / "user.pub", folder / "authorized")
        for prefix in ([], [], APART, APART):  # twice: the free port may be taken before the server binds it
            port = _free_port()
            process = _start([*prefix, str(SSHD)], folder, port)
            if process is not None:
                stack.callback(process.wait)
                stack.callback(process.terminate)
                yield Server(folder, port)
                return
        pytest.skip("the SSH server did not start: " + (folder / "log").read_text()[-300:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(command: list[str], folder: Path, port: int) -> subprocess.Popen[bytes] | None:
    """The server, once it listens; None if it did not come up."""
    settings = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "authorized",
        "PidFile": "none",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "StrictModes": "no",
        "PrintMotd": "no",
        "PrintLastLog": "no",
    }
    (folder / "config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*command, "-D", "-e", "-f", folder / "config"], stdout=log, stderr=log)
    end = time.monotonic() + DEADLINE
    while process.poll() is None and time.monotonic() < end:
        if "Server listening" in (folder / "log").read_text():
            return process
        time.sleep(0.05)
    process.kill()
    process.wait()
    return None


def _lptui(*words: str) -> str:
    home = os.environ["LPTUI_HOME"]
    return shlex.join(["env", f"LPTUI_HOME={home}", "LC_ALL=C.UTF-8", sys.executable, "-m", "lptui", *words])


def test_the_screen_over_ssh(server: Server, recorded: Callable[[str], Path]) -> None:
    run = recorded("healthy")
    with Terminal(server.ssh("-tt", _lptui("attach", str(run))), 100, 30) as terminal:
        terminal.wait_for(lambda _: "finished" in terminal.rows[0])
        terminal.wait_for("Training comp")
        with (run / "logs" / "script.log").open("a") as log:
            log.write("22:01:00 [INFO] trainer-0-0: appended-just-now\n")
        terminal.wait_for("appended-just-now")
        terminal.resize(60, 15)
        terminal.wait_for(lambda text: "╭" not in text and "finished" in terminal.rows[0])
        terminal.type("q")
        assert terminal.wait_for_end() == 0
        assert terminal.left_behind == []


@pytest.mark.parametrize("command", ["attach", "check"])
def test_without_a_terminal_the_state_is_printed(server: Server, command: str, recorded: Callable[[str], Path]) -> None:
    done = subprocess.run(
        server.ssh(_lptui(command, str(recorded("nan")))), capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert "crashed" in done.stdout, done.stderr
    assert "\x1b" not in done.stdout
    assert done.returncode == (1 if command == "check" else 0)


def test_a_lost_connection_leaves_no_lptui_behind(server: Server, recorded: Callable[[str], Path]) -> None:
    command = "echo pid=$$; exec " + _lptui("attach", str(recorded("healthy")))
    with Terminal(server.ssh("-tt", command), 80, 24) as terminal:
        terminal.wait_for("finished")
        told = re.search(r"pid=(\d+)", "\n".join(terminal.emulator.main.display))
        assert told is not None
        watcher = Path("/proc") / told[1]
        if not watcher.exists():
            pytest.skip("no /proc to see the process in")
        terminal.process.kill()
        wait_until(lambda: not watcher.exists(), lambda: f"{watcher} is still there")
