"""Secrets in logs, answers and rows."""

from typing import Final

from tests.attacks.attack import Attack, Edit

_ENGINE: Final = "tests/scaffolder/workflow/test_engine.py"
_SECRETS: Final = "tests/scaffolder/tasks/test_secrets.py"

SECRETS: Final = (
    Attack(
        "CVE-2025-55285, CVE-2026-29184",
        "a secret in a log line, an error or an output",
        "scaffolder/secrets/masking.py:Mask",
        (
            Edit(
                "scaffolder/secrets/masking.py",
                "return text if self._pattern is None else self._pattern.sub(MASK, text)",
                "return text",
            ),
        ),
        (
            f"{_SECRETS}::test_a_canary_shows_nowhere",
            f"{_SECRETS}::test_the_output_of_a_task_is_masked",
            f"{_ENGINE}::test_secrets_are_seen_in_inputs_and_nowhere_else",
            f"{_SECRETS}::test_the_values_of_fetch_template_are_logged_masked",
        ),
    ),
    Attack(
        "CVE-2026-29184",
        "a secret in another spelling (base64, hex, URL-encoded, JSON)",
        "scaffolder/secrets/spellings.py:spellings",
        (
            Edit(
                "scaffolder/secrets/spellings.py",
                "    for text in (secret, plain):\n        yield text\n",
                "    yield plain\n    for text in ():\n        yield text\n",
            ),
            Edit("scaffolder/secrets/spellings.py", "if len(raw) >= SHORTEST_ENCODED:", "if False:"),
        ),
        (
            "tests/scaffolder/secrets/test_masking.py::test_each_spelling_is_masked",
            "tests/scaffolder/secrets/test_masking.py::test_a_secret_within_base64_of_a_longer_text_is_masked",
        ),
    ),
    Attack(
        "CVE-2026-29184",
        "a secret split over several log lines",
        "scaffolder/secrets/masking.py:LineMask",
        (
            Edit(
                "scaffolder/secrets/masking.py",
                "return MASK + mask.ends(text[spanning:]) if spanning else mask.ends(text)",
                "return mask(text)",
            ),
        ),
        (
            f"{_SECRETS}::test_a_canary_shows_nowhere",
            "tests/scaffolder/secrets/test_masking.py::test_a_secret_spread_over_lines_never_comes_together",
        ),
    ),
    Attack(
        "CVE-2026-29184",
        "a secret transformed by the template (`| upper`, `| reverse`)",
        "scaffolder/workflow/redaction.py:owed_to_secrets",
        (Edit("scaffolder/workflow/redaction.py", "        if rendered != without:", "        if False:"),),
        (f"{_ENGINE}::test_secrets_are_seen_in_inputs_and_nowhere_else",),
    ),
    Attack(
        "CVE-2026-32237",
        "a dry run answers with the deployment's secrets",
        "scaffolder/workflow/rendering.py:Values",
        (
            Edit(
                "scaffolder/workflow/rendering.py",
                "hidden = {} if job.is_dry_run else dict(environment.secrets)",
                "hidden = dict(environment.secrets)",
            ),
        ),
        (f"{_ENGINE}::test_a_dry_run_knows_no_secret_of_the_deployment",),
    ),
    Attack(
        "CVE-2026-32237",
        "a dry run shows its inputs with the caller's secrets in them",
        "scaffolder/workflow/step.py:StepRun._dry_runs",
        (
            Edit("scaffolder/workflow/step.py", "self._values.masked())", "self._values.secret())"),
            Edit(
                "scaffolder/secrets/masking.py",
                "return text if self._pattern is None else self._pattern.sub(MASK, text)",
                "return text",
            ),
        ),
        (f"{_ENGINE}::test_a_dry_run_shows_inputs_and_makes_examples_up",),
    ),
    Attack(
        "CVE-2026-29184",
        "secrets at rest: rows read or moved by somebody with the database",
        "scaffolder/secrets/sealing.py:Seal",
        (
            Edit(
                "scaffolder/secrets/sealing.py",
                "self._ciphers[0].encrypt(nonce, orjson.dumps(dict(values)), purpose.encode())",
                "orjson.dumps(dict(values))",
            ),
            Edit(
                "scaffolder/secrets/sealing.py",
                "orjson.loads(cipher.decrypt(nonce, text, purpose.encode()))",
                "orjson.loads(text)",
            ),
        ),
        (
            f"{_SECRETS}::test_a_canary_shows_nowhere",
            "tests/scaffolder/secrets/test_sealing.py::test_another_key_another_task_or_a_changed_byte_opens_nothing",
        ),
    ),
)
