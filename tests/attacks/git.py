"""What git is made to read or do."""

from typing import Final

from tests.attacks.attack import Attack, Edit

_GIT: Final = "tests/scaffolder/actions/test_publish_git.py"

GIT: Final = (
    Attack(
        "CVE-2024-53983",
        "git configuration, hooks and filters written into the workspace",
        "app/reading/git_push.py:push_folder",
        (
            Edit(
                "app/reading/git_push.py",
                '        repository = Path(place, "repository.git")',
                '        repository = folder / ".git"',
            ),
            Edit("app/reading/git_process.py", '    "core.hooksPath=/dev/null",\n    "core.fsmonitor=false",\n', ""),
        ),
        (f"{_GIT}::test_git_configuration_in_a_workspace_configures_nothing",),
    ),
    Attack(
        "CVE-2024-53983",
        "repositories within a workspace, under any spelling of `.git`",
        "app/reading/git_push.py:refuse_repositories",
        (Edit("app/reading/git_push.py", '            if plain in (".git", "git~1") and', "            if False and"),),
        (f"{_GIT}::test_repositories_within_a_workspace_are_refused",),
    ),
    Attack(
        "CVE-2026-44244",
        "line breaks and angle brackets in the author's name",
        "app/reading/git_push.py:_signature",
        (Edit("app/reading/git_push.py", '_NAME.sub(" ", text)', "text"),),
        (f"{_GIT}::test_a_workspace_becomes_the_first_commit_of_a_new_repository",),
    ),
    Attack(
        "CVE-2022-24065",
        "branches that git would take for options",
        "app/reading/git_target.py:check_ref",
        (
            Edit(
                "app/reading/git_target.py",
                '    parts = ref.split("/")\n    if (\n        len(ref) > 255',
                '    parts = ref.split("/")\n    if False and (\n        len(ref) > 255',
            ),
        ),
        (f"{_GIT}::test_hostile_inputs_are_bad_input",),
    ),
    Attack(
        "CVE-2026-44244",
        "hooks and configuration from the server's environment",
        "app/reading/git_process.py:_without_inherited",
        (Edit("app/reading/git_process.py", "            *_without_inherited(),\n", ""),),
        ("tests/app/reading/test_git.py::test_hooks_and_configuration_of_the_environment_do_not_run",),
    ),
    Attack(
        "CVE-2024-53983",
        "a token in a URL, an argument or a file of git's",
        "app/reading/git_process.py:GitProcess._environment",
        (
            Edit(
                "app/reading/git_process.py",
                '            *(part for line in (*_CONFIG, *_pinned(access), *config) for part in ("-c", line)),\n',
                '            *(part for line in (*_CONFIG, *_pinned(access), *config) for part in ("-c", line)),\n'
                '            *(("-c", "x.token=" + access.credentials[1]) if access.credentials else ()),\n',
            ),
        ),
        ("tests/app/reading/test_git.py::test_a_token_reaches_the_remote_by_askpass_and_leaves_no_trace",),
    ),
)
