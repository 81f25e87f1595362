"""Templates: code, names and endless work."""

from typing import Final

from tests.attacks.attack import Attack, Edit

_FETCH: Final = "tests/scaffolder/actions/test_fetch.py"
_ESCAPE: Final = "tests/scaffolder/language/test_escape.py"

TEMPLATES: Final = (
    Attack(
        "GHSA-2g8g-63j4-9w3r, CVE-2023-35926",
        "attributes of the host's language, reached from a value",
        "scaffolder/language/members.py:own",
        (
            Edit(
                "scaffolder/language/members.py",
                '        return target.text if key == "val" else own(target.text, key)\n    return UNDEFINED',
                '        return target.text if key == "val" else own(target.text, key)\n'
                "    return getattr(target, key, UNDEFINED)",
            ),
        ),
        (
            f"{_ESCAPE}::test_no_value_has_an_attribute_of_python",
            f"{_ESCAPE}::test_an_attribute_of_python_is_undefined_on_plain_values",
            f"{_ESCAPE}::test_the_engine_has_no_means_to_reach_out",
        ),
    ),
    Attack(
        "CVE-2022-36067, CVE-2024-45815",
        "`constructor`, `prototype` and `__proto__`, spoken of or computed",
        "scaffolder/language/boundary.py:RESERVED",
        (
            Edit(
                "scaffolder/language/boundary.py",
                'RESERVED: Final = frozenset({"constructor", "prototype", "__proto__"})',
                "RESERVED: Final = frozenset[str]()",
            ),
        ),
        (f"{_ESCAPE}::test_reserved_names_cannot_be_spoken_of_nor_computed",),
    ),
    Attack(
        "CVE-2023-35926",
        "functions of the language, handed to the host or out of a template",
        "scaffolder/language/values.py:refuse_callable",
        (
            Edit(
                "scaffolder/language/values.py",
                "    if _holds_callable(value):\n        raise",
                "    if False:\n        raise",
            ),
        ),
        (f"{_ESCAPE}::test_callables_never_reach_the_host",),
    ),
    Attack(
        "CVE-2023-35926",
        "a template that works or grows for ever",
        "scaffolder/language/limits.py:Meter.text, Meter.emit, Meter.host_call, Meter.enter",
        (
            Edit("scaffolder/language/limits.py", "if self.text_used > self._max_text:", "if False:"),
            Edit("scaffolder/language/limits.py", "if self.output > self._max_output:", "if False:"),
            Edit("scaffolder/language/limits.py", "if self.host_calls > self._limits.host_calls:", "if False:"),
        ),
        ("tests/scaffolder/language/test_limits.py::test_a_limit_can_be_tightened",),
    ),
    Attack(
        "CVE-2023-35926, CVE-2026-25153",
        "code in a cookiecutter template reads the server's files",
        "app/confinement/landlock.py:keep_to",
        (
            Edit(
                "app/confinement/landlock.py",
                "    libc = ctypes.CDLL(None, use_errno=True)\n    version",
                "    return False\n    libc = ctypes.CDLL(None, use_errno=True)\n    version",
            ),
        ),
        (f"{_FETCH}::test_code_in_a_cookiecutter_template_reads_nothing_of_the_servers",),
    ),
    Attack(
        "CVE-2023-35926",
        "code in a child reads the server's environment or calls home",
        "scaffolder/confinement/pool.py:_launched, app/confinement/isolation.py:leave_network",
        (Edit("scaffolder/confinement/pool.py", "        env={},\n", ""),),
        ("tests/scaffolder/confinement/test_pool.py::test_jobs_have_no_network_and_no_environment",),
    ),
    Attack(
        "CVE-2022-24065",
        "hooks of a cookiecutter template",
        "scaffolder/confinement/run_cookiecutter.py:run_cookiecutter",
        (
            Edit(
                "scaffolder/confinement/run_cookiecutter.py",
                'accept_hooks=bool(arguments["hooks"]),',
                "accept_hooks=True,",
            ),
        ),
        (f"{_FETCH}::test_cookiecutters_hooks_run_for_nobody",),
    ),
    Attack(
        "CVE-2022-24065",
        "code that a cookiecutter template names as an extension",
        "scaffolder/actions/fetch_cookiecutter.py:_prepared",
        (
            Edit(
                "scaffolder/actions/fetch_cookiecutter.py",
                "        if not _JINJA_EXTENSIONS.fullmatch(name):",
                "        if not _JINJA_EXTENSIONS.fullmatch(name):\n                pass\n            if False:",
            ),
        ),
        (f"{_FETCH}::test_cookiecutter_loads_no_code_by_name",),
    ),
)
