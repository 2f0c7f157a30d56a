"""`lptui` and `python -m lptui`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; a bug becomes one line and exit code 4, never a traceback on the user's screen."""
    from lptui.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
