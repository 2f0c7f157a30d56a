"""Our median is the one of the standard library."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lptui.model.middle import median


@given(st.lists(st.floats(allow_nan=False, width=32), min_size=1) | st.lists(st.integers(-1000, 1000), min_size=1))
def test_it_is_that_of_statistics(values: list[float]) -> None:
    ours, theirs = median(values), statistics.median(values)
    assert ours == theirs or (ours != ours and theirs != theirs)  # inf and -inf in the middle


def test_there_is_none_of_nothing() -> None:
    with pytest.raises(ValueError, match="no median"):
        median([])
