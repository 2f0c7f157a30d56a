"""RunState, the frozen value that everything shows, and `fold`, which makes the next one from an event."""
