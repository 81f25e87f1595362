"""What integrations with git hosts are built from: pure functions over URLs and globs, and the common part of their
readers. Beside `app.interfaces`, nothing else of `app.reading` is public."""

from __future__ import annotations

from app.reading.archive import ArchivedFile, plain_path, tar_files, zip_files
from app.reading.fetch import validator_of
from app.reading.globs import Glob, compiled, is_glob, is_simple_glob
from app.reading.paced import Ask, PacedOutgoing
from app.reading.repository_reader import RepositoryPlace, RepositoryReader, required_path
from app.reading.resolve import default_resolve_url, file_path_of, is_absolute
from app.reading.urls import (
    WebUrl,
    check_no_traversal,
    on_host,
    parse_web_url,
    path_segments,
    quoted,
    quoted_path,
)

__all__ = [
    "ArchivedFile",
    "Ask",
    "Glob",
    "PacedOutgoing",
    "RepositoryPlace",
    "RepositoryReader",
    "WebUrl",
    "check_no_traversal",
    "compiled",
    "default_resolve_url",
    "file_path_of",
    "is_absolute",
    "is_glob",
    "is_simple_glob",
    "on_host",
    "parse_web_url",
    "path_segments",
    "plain_path",
    "quoted",
    "quoted_path",
    "required_path",
    "tar_files",
    "validator_of",
    "zip_files",
]
