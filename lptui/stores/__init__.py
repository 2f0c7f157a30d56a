"""Large things in immutable segments: points of series, and the counting of lines."""
