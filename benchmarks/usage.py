"""Run a command and write what it cost as JSON: usage.py OUT COMMAND... (wall and CPU seconds, MB, exit code)."""

import json
import os
import sys
import time

started = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
told = {
    "wall": time.perf_counter() - started,
    "cpu": used.ru_utime + used.ru_stime,
    "rss": used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3),
    "code": os.waitstatus_to_exitcode(status),
}
with open(sys.argv[1], "w") as out:
    json.dump(told, out)
