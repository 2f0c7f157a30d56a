"""Where a run went back, and what tells it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.stores.rewinds import middle_of


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=40))
def test_the_middle_is_the_median(values: list[float]) -> None:
    assert middle_of(np.array(values)) == pytest.approx(float(np.median(np.array(values))), rel=1e-12, abs=1e-3)


def test_a_chart_loads_no_masked_arrays() -> None:
    code = (
        "import sys; import numpy as np; from lptui.stores.rewinds import find_rewinds\n"
        "print(find_rewinds(np.array([0., 1, 2, 3, 1, 2, 3])).tolist(), 'numpy.ma' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "[4] False"
