"""Learning-progress mathematics: reference algorithm, metric names, health signals. No I/O."""
