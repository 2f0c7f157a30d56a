"""`lptui` and `python -m lptui`."""

from __future__ import annotations

import contextlib
import os
import sys
import threading


def main() -> None:
    """Run the command line; a bug becomes one line and exit code 4, never a traceback on the user's screen."""
    from lptui.cli import run

    _leave(run(sys.argv[1:]))


def _leave(code: int) -> None:
    """End the process, also where a thread is left behind: one that comes back from C++ (a scan by RE2) into an
    interpreter that is being taken down ends in `std::terminate`, and one in a dead mount is waited for."""
    if threading.active_count() == 1:
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
