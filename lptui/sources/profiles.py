"""The profiles of expectations -> one event: what ships with lptui, and what the user added in the config folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

from lptui.config.profiles import find_profile_files, read_profile_files
from lptui.expectations.reading import read_profile
from lptui.model.events import Event, ProfilesSeen, StatusSeen
from lptui.model.expectation import Profile
from lptui.model.place import Place
from lptui.model.readings import SourceStatus
from lptui.model.run import RunInfo


class ProfileSource:
    """Reads them once; a broken file or entry is told, the rest is used."""

    name = "expectations"
    period = 3600.0

    def __init__(self, run: RunInfo) -> None:
        self.pending = False
        self._place = Place(run=run.path)
        self._told = False

    def watched(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        """Nothing is held open."""

    def poll(self, now: float) -> Iterator[Event]:
        """One ProfilesSeen at the first poll."""
        if self._told:
            return
        self._told = True
        files, unread = read_profile_files(find_profile_files(os.environ))
        profiles: list[Profile] = []
        broken = list(unread)
        for path, data in files:
            profile, wrong = read_profile(data, path)
            broken += wrong
            if profile is not None:
                profiles.append(profile)
        yield ProfilesSeen(place=self._place, seen_at=now, profiles=tuple(profiles))
        detail = "left out: " + "; ".join(broken[:3]) if broken else f"{len(profiles)} profiles"
        status = SourceStatus(self.name, "partial" if broken else "ok", detail, now, read=len(profiles))
        yield StatusSeen(place=self._place, seen_at=now, status=status)
