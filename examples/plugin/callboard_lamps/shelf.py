"""The plant's list of lamps."""

import json
from dataclasses import dataclass
from pathlib import Path

from app.errors import InputError


@dataclass(frozen=True, slots=True)
class Lamp:
    name: str
    track: str
    owner: str


class Shelf:
    """Reads the list anew each time: it is small, and somebody else's."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def lamps(self) -> list[Lamp]:
        """Raises InputError when the list cannot be read as a whole. Half a list would remove the other half."""
        try:
            listed = json.loads(self.file.read_text(encoding="utf-8"))
            return [Lamp(str(one["name"]), str(one["track"]), str(one["owner"])) for one in listed]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"The list of lamps {self.file} cannot be read", cause=error) from error
