"""Regular expressions that are compiled when they are first used: of two hundred, a start-up needs some twenty."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, AnyStr, Generic


class Regex(Generic[AnyStr]):
    """`re.compile(source, flags)`, made late. Each method is looked up once."""

    def __init__(self, source: AnyStr, flags: int | re.RegexFlag = 0) -> None:
        self.source: AnyStr = source
        self.flags = flags

    @cached_property
    def compiled(self) -> re.Pattern[AnyStr]:
        """The pattern itself, for what takes one. Raises re.error as `re.compile` does."""
        return re.compile(self.source, self.flags)

    @cached_property
    def match(self):
        return self.compiled.match

    @cached_property
    def fullmatch(self):
        return self.compiled.fullmatch

    @cached_property
    def search(self):
        return self.compiled.search

    @cached_property
    def finditer(self):
        return self.compiled.finditer

    @cached_property
    def findall(self) -> Callable[[AnyStr], list[Any]]:
        return self.compiled.findall

    @cached_property
    def sub(self):
        return self.compiled.sub

    @cached_property
    def split(self):
        return self.compiled.split
