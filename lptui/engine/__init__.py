"""The only threads of the monitor: lanes that poll sources, one thread that folds and detects, one that answers."""
