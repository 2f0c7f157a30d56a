"""The run screen, and the detail, prompt and help screens above it."""
