"""Checkpoint files read without torch and without running a pickle.

Import the module that you need: `names` and `groups` are pure, `worker` is what a monitor calls,
`inspection` is what the worker's child process runs. A library of its own: standard library only.
"""
