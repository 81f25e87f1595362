"""What the configuration says under `lamps`."""

from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel

from app.config import Duration


class LampsSettings(BaseModel, frozen=True, use_attribute_docstrings=True):
    file: Path | None = None
    """The plant's list, relative to the working directory. Without one the plugin adds nothing of its own."""
    refresh: Duration = timedelta(seconds=30)
    """How often the list is looked at."""
