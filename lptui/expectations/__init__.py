"""Expectations of metrics: profiles (data) matched to real metric names, and judged against what was logged. Pure."""
