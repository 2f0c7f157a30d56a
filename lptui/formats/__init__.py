"""Bytes to values, pure: no file access, no clock, nothing executed. Import the module you need."""
