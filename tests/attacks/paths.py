"""Paths, links, and files of the server."""

from typing import Final

from tests.attacks.attack import Attack, Edit

_WORKSPACE: Final = "tests/scaffolder/test_workspace.py"
_FETCH: Final = "tests/scaffolder/actions/test_fetch.py"

PATHS: Final = (
    Attack(
        "CVE-2021-43783",
        "`../`, absolute and Windows paths in `targetPath`, `files`, `sourcePath`",
        "scaffolder/workspace/walking.py:Paths.relative",
        (
            Edit(
                "scaffolder/workspace/walking.py",
                'if inside == ".." or inside.startswith(("../", "/")):',
                "if False:",
            ),
            Edit(
                "scaffolder/workspace/walking.py",
                'if segment == "..":',
                'if segment == ".." and len(walked) > 1:',
            ),
        ),
        (f"{_WORKSPACE}::test_a_path_that_leads_out_by_its_text_is_refused",),
    ),
    Attack(
        "CVE-2021-43783",
        "names of a template's files, rendered to a path outside",
        "scaffolder/confinement/render_tree.py:_Tree._inside",
        (
            Edit(
                "scaffolder/confinement/render_tree.py",
                'if path != self._target and not (path == "." and not below) and not path.startswith(below):',
                "if False:",
            ),
        ),
        (f"{_FETCH}::test_rendered_names_stay_inside",),
    ),
    Attack(
        "CVE-2024-26150, CVE-2026-24047",
        "links, chains of links, dangling links; a folder swapped for a link between check and use",
        "scaffolder/workspace/walking.py:Paths.at",
        (
            Edit(
                "scaffolder/workspace/walking.py",
                "FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC",
                "FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC",
            ),
        ),
        (
            f"{_WORKSPACE}::test_links_never_lead_out",
            f"{_WORKSPACE}::test_no_graph_of_links_leads_out",
            f"{_WORKSPACE}::test_a_folder_swapped_for_a_link_meanwhile_does_not_lead_out",
        ),
    ),
    Attack(
        "CVE-2024-26150",
        "a link at the end of a path, read through",
        "scaffolder/workspace/walking.py:Paths.at",
        (
            Edit(
                "scaffolder/workspace/walking.py",
                "target = _link_target(folder, segment) if folder is not None and (pending or follow) else None",
                "target = None",
            ),
            Edit(
                "scaffolder/workspace/reading.py",
                "os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC",
                "os.O_RDONLY | os.O_CLOEXEC",
            ),
        ),
        (f"{_WORKSPACE}::test_links_never_lead_out", f"{_FETCH}::test_links_in_a_template_are_copied_and_lead_nowhere"),
    ),
    Attack(
        "CVE-2026-24046",
        "a file with a second name outside (hard link), written through",
        "scaffolder/workspace/folder.py:SafeFolder.write",
        (Edit("scaffolder/workspace/folder.py", "            if status.st_nlink > 1:", "            if False:"),),
        (f"{_WORKSPACE}::test_a_file_with_a_second_name_is_not_written_through",),
    ),
    Attack(
        "CVE-2026-24046",
        "`debug:log` reads through a link",
        "scaffolder/actions/debug.py:_listing, scaffolder/workspace/reading.py:ReadableFolder.read",
        (
            Edit("scaffolder/actions/debug.py", "if workspace.link(path) is not None:", "if False:"),
            Edit(
                "scaffolder/actions/debug.py",
                "workspace.read(path, max_bytes=min(left, MAX_SHOWN_BYTES))",
                "(workspace.root / path).read_bytes()",
            ),
        ),
        (f"{_FETCH}::test_links_in_a_template_are_copied_and_lead_nowhere",),
    ),
    Attack(
        "CVE-2026-24046",
        "`fs:delete` deletes through a link",
        "scaffolder/workspace/reading.py:ReadableFolder.glob",
        (
            Edit(
                "scaffolder/workspace/reading.py",
                'return [entry.path for entry in self.entries() if entry.kind == "file" and matches(entry.path)]',
                'return [str(one.relative_to(self.root)) for one in self.root.glob(f"{wanted}/**/*")]',
            ),
            Edit(
                "scaffolder/actions/fs.py",
                "await asyncio.to_thread(workspace.remove, path)",
                "(workspace.root / path).unlink()",
            ),
        ),
        (f"{_FETCH}::test_deleting_goes_through_no_link",),
    ),
    Attack(
        "CVE-2021-41151",
        "a descriptor whose `source-location` is a file of the server",
        "scaffolder/service/templates.py:base_url",
        (Edit("scaffolder/service/templates.py", "if read_from is None or read_from.type != FILE:", "if False:"),),
        ("tests/scaffolder/service/test_templates.py::test_a_descriptor_cannot_make_the_servers_files_its_own",),
    ),
    Attack(
        "CVE-2021-41151",
        "a link beside a template that leads out of its folder",
        "scaffolder/fetching/sources.py:Sources._beside",
        (
            Edit(
                "scaffolder/fetching/sources.py",
                "        return folder, folder.relative(",
                '        return SafeFolder(Path("/")), str(root.resolve() / url).lstrip("/") or folder.relative(',
            ),
        ),
        (f"{_FETCH}::test_a_link_beside_the_template_does_not_lead_out_of_its_folder",),
    ),
)
