"""The one seam through which files are read: open, stat, pread, list. Read-only, regular files only, never mmap."""

from __future__ import annotations

from lptui.files.seam import Entry, FileFailure, Handle, Stat, list_folder, open_file, stat_file

__all__ = ["Entry", "FileFailure", "Handle", "Stat", "list_folder", "open_file", "stat_file"]
