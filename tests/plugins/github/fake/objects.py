"""Git objects in memory, with their real SHAs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

FILE, EXECUTABLE, LINK, FOLDER = "100644", "100755", "120000", "40000"
WHO = "Ada <ada@example.com> 1767225600 +0000"


@dataclass(frozen=True)
class Entry:
    mode: str
    sha: str

    @property
    def type(self) -> str:
        return "tree" if self.mode == FOLDER else "blob"


@dataclass
class Objects:
    """SHA → (type, content)."""

    held: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def put(self, kind: str, content: bytes) -> str:
        sha = hashlib.sha1(f"{kind} {len(content)}\0".encode() + content).hexdigest()
        self.held[sha] = (kind, content)
        return sha

    def blob(self, sha: str) -> bytes | None:
        kind, content = self.held.get(sha, ("", b""))
        return content if kind == "blob" else None

    def tree(self, sha: str) -> dict[str, Entry]:
        """Name → entry."""
        kind, content = self.held.get(sha, ("tree", b""))
        assert kind == "tree", f"{sha} is a {kind}"
        entries: dict[str, Entry] = {}
        while content:
            head, _, rest = content.partition(b"\0")
            mode, _, name = head.decode().partition(" ")
            entries[name] = Entry(mode.lstrip("0"), rest[:20].hex())
            content = rest[20:]
        return entries

    def put_tree(self, entries: Mapping[str, Entry]) -> str:
        ordered = sorted(entries.items(), key=lambda item: item[0] + ("/" if item[1].mode == FOLDER else ""))
        return self.put(
            "tree",
            b"".join(f"{one.mode} {name}\0".encode() + bytes.fromhex(one.sha) for name, one in ordered),
        )

    def changed_tree(self, base: str | None, changes: Mapping[str, Entry | None]) -> str:
        """A tree with files (by path) put in or, by None, taken out."""
        entries = self.tree(base) if base else {}
        below: dict[str, dict[str, Entry | None]] = {}
        for path, entry in changes.items():
            name, slash, rest = path.partition("/")
            if slash:
                below.setdefault(name, {})[rest] = entry
            elif entry is None:
                entries.pop(name, None)
            else:
                entries[name] = entry
        for name, inner in below.items():
            old = entries.get(name)
            sha = self.changed_tree(old.sha if old and old.mode == FOLDER else None, inner)
            if self.tree(sha):
                entries[name] = Entry(FOLDER, sha)
            else:
                entries.pop(name, None)
        return self.put_tree(entries)

    def commit(self, tree: str, parents: list[str], message: str, who: str = WHO) -> str:
        lines = [f"tree {tree}", *(f"parent {one}" for one in parents), f"author {who}", f"committer {who}"]
        return self.put("commit", ("\n".join(lines) + "\n\n" + message).encode())

    def tree_of(self, commit: str) -> str:
        return self.held[commit][1].decode().partition("\n")[0].removeprefix("tree ")

    def parents_of(self, commit: str) -> list[str]:
        head = self.held[commit][1].decode().partition("\n\n")[0]
        return [line[7:] for line in head.split("\n") if line.startswith("parent ")]

    def message_of(self, commit: str) -> str:
        return self.held[commit][1].decode().partition("\n\n")[2]

    def files(self, tree: str, prefix: str = "") -> dict[str, Entry]:
        """Path → entry of everything but folders."""
        found: dict[str, Entry] = {}
        for name, entry in self.tree(tree).items():
            if entry.mode == FOLDER:
                found |= self.files(entry.sha, f"{prefix}{name}/")
            else:
                found[f"{prefix}{name}"] = entry
        return found

    def find(self, tree: str, path: str) -> Entry | None:
        entry: Entry | None = Entry(FOLDER, tree)
        for name in [part for part in path.split("/") if part]:
            if entry is None or entry.mode != FOLDER:
                return None
            entry = self.tree(entry.sha).get(name)
        return entry
