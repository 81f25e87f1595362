"""Archives."""

from typing import Final

from tests.attacks.attack import Attack, Edit

_ARCHIVES: Final = "tests/scaffolder/confinement/test_archives.py"

ARCHIVES: Final = (
    Attack(
        "CVE-2026-24046",
        "links, hard links and devices in an archive",
        "scaffolder/confinement/archives.py:_Names.checked",
        (
            Edit("scaffolder/confinement/archives.py", 'if kind not in ("file", "folder"):', "if False:"),
            Edit(
                "scaffolder/confinement/archives.py",
                "workspace.write(place, members.read(member, child.limits.file_size), mode=mode)",
                'workspace.write(place, b"" if kind == "other" else members.read(member, 1 << 20), mode=mode)',
            ),
        ),
        (f"{_ARCHIVES}::test_a_hostile_archive_writes_nothing",),
    ),
    Attack(
        "CVE-2026-24046",
        "absolute names, `..`, control characters, drive letters in an archive",
        "scaffolder/confinement/archives.py:_Names.checked",
        (
            Edit(
                "scaffolder/confinement/archives.py",
                'if _REFUSED.search(name) or name.startswith("/") or ".." in segments or',
                "if",
            ),
        ),
        (f"{_ARCHIVES}::test_a_hostile_archive_writes_nothing",),
    ),
    Attack(
        "CVE-2026-24046",
        "names that are one on some file systems (case, Unicode), or given twice",
        "scaffolder/confinement/archives.py:_Names.checked",
        (Edit("scaffolder/confinement/archives.py", "        if taken:", "        if False:"),),
        (f"{_ARCHIVES}::test_a_hostile_archive_writes_nothing",),
    ),
    Attack(
        "CVE-2024-53983",
        "an archive that brings a `.git` folder",
        "scaffolder/confinement/archives.py:_Names.checked",
        (Edit("scaffolder/confinement/archives.py", 'if ".git" in folded:', "if False:"),),
        (f"{_ARCHIVES}::test_a_hostile_archive_writes_nothing",),
    ),
    Attack(
        "CVE-2026-24046",
        "bombs: little that unpacks to much, and very many files",
        "scaffolder/workspace/budget.py:Budget.spend, app/confinement/limits.py:Limits.apply",
        (
            Edit("scaffolder/workspace/budget.py", "if self.files < 0:", "if False:"),
            Edit("scaffolder/workspace/budget.py", "if self.bytes < 0:", "if False:"),
            Edit("scaffolder/confinement/child.py", "    limits.apply()\n", ""),
            Edit("scaffolder/confinement/archives.py", "if len(content) > limit:", "if False:"),
            Edit("scaffolder/confinement/archives.py", "content = source.read(limit + 1)", "content = source.read()"),
        ),
        (
            f"{_ARCHIVES}::test_a_bomb_is_stopped_by_what_comes_out",
            f"{_ARCHIVES}::test_a_great_number_of_files_is_stopped",
        ),
    ),
    Attack(
        "CVE-2026-24046",
        "links and paths that lead out, in archives that hosts send",
        "app/reading/archive.py:plain_path, tar_files, zip_files",
        (
            Edit(
                "app/reading/archive.py",
                'return "/".join(segments) if segments and ".." not in segments else None',
                'return "/".join(segments)',
            ),
            Edit("app/reading/archive.py", " if member.isfile() else None", ""),
            Edit("app/reading/archive.py", "None if info.is_dir() or kind not in (0, 0o100000) else ", ""),
        ),
        (
            "tests/app/reading/test_archive.py::test_paths_that_lead_out_are_left_behind",
            "tests/app/reading/test_archive.py::test_links_and_devices_are_left_behind",
            "tests/app/reading/test_archive.py::test_a_link_in_a_zip_is_left_behind",
        ),
    ),
)
