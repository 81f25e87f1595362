"""From files and environment to one configuration. Source: FIELD.md §4, row Config files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from app.config.config import LayeredConfig
from app.config.environment import from_environment
from app.config.merging import merge, prune
from app.config.nodes import ConfigError, Node, Place, parse_yaml
from app.config.transforms import Transforms

DEFAULT_FILES: Final = ("app-config.yaml", "app-config.local.yaml")


def load_config(
    files: Sequence[str | Path] = (), *, env: Mapping[str, str] | None = None, folder: Path | None = None
) -> LayeredConfig:
    """Reads and merges; the last file wins, `APP_CONFIG_…` variables over all.

    Without `files` the default ones are read from `folder` (the working directory), as far as they exist. Named files
    must exist. Raises ConfigError naming file and line.
    """
    env = os.environ if env is None else env
    folder = folder or Path.cwd()
    named = [str(file) for file in files] or [name for name in DEFAULT_FILES if (folder / name).is_file()]
    transforms = Transforms(env)
    root = Node({}, Place("defaults", 0))
    for name in named:
        path = folder / name
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"cannot read the configuration file {name}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"the configuration file {name} is not UTF-8 text") from None
        layer = transforms.apply(parse_yaml(text, name), path.parent)
        if layer.value is not None and not isinstance(layer.value, dict):
            raise ConfigError(f"{name}: a configuration file holds an object")
        root = merge(root, layer)
    return LayeredConfig(prune(merge(root, from_environment(env))), tuple(named))
