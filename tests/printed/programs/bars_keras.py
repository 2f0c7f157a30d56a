"""Keras' fit on torch: python bars_keras.py bar|lines|crash."""

from __future__ import annotations

import os
import sys
import time

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
import torch

torch.set_num_threads(1)


class Slow(keras.callbacks.Callback):
    """Leaves the bar time to be drawn, or fails."""

    def on_train_batch_end(self, batch, logs=None):
        time.sleep(0.02)
        if sys.argv[1] == "crash" and batch == 17:
            raise RuntimeError("the learning rate became negative")


def main() -> None:
    """Three epochs with a validation after each."""
    keras.utils.set_random_seed(0)
    x = np.random.rand(960, 8).astype("float32")
    model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    verbose = 2 if sys.argv[1] == "lines" else 1
    model.fit(x, x.sum(1), batch_size=32, epochs=3, validation_split=0.2, verbose=verbose, callbacks=[Slow()])


main()
