"""Reading CODEOWNERS: the last pattern that matches a path says who owns it. Pure."""

from __future__ import annotations

from catalog.model.glob import MAX_PATTERN, compile_glob

MAX_LINES = 10_000


def codeowner_for(text: str, path: str) -> str | None:
    """The first owner of the last matching line, as an entity ref; None where nobody owns the path."""
    owners: list[str] = []
    for line in text.splitlines()[:MAX_LINES]:
        fields = line.partition("#")[0].split()
        if fields and not line.lstrip().startswith(("#", "[", "^[")) and _matches(fields[0], path.lstrip("/")):
            owners = fields[1:]
    return normalized(owners[0]) if owners else None


def normalized(owner: str) -> str:
    """`@org/team` → `team`, `@user` → `User:user`, `a@b.c` → `a`."""
    if owner.startswith("@"):
        _, slash, team = owner[1:].rpartition("/")
        return team if slash else f"User:{owner[1:]}"
    return owner.partition("@")[0] if "@" in owner else owner


def _matches(pattern: str, path: str) -> bool:
    """As in .gitignore: a slash anchors, a folder owns what is in it, a bare name is found anywhere."""
    if len(pattern) > MAX_PATTERN:
        return False
    folder = pattern.endswith("/")
    anchored = "/" in pattern.rstrip("/")
    bare = pattern.strip("/")
    if not bare:
        return True
    prefix = "" if anchored else "**/"
    candidates = [f"{prefix}{bare}/**"] if folder else [f"{prefix}{bare}", f"{prefix}{bare}/**"]
    return any(compile_glob(candidate)(path) for candidate in candidates)
