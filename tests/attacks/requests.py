"""Requests to where they should not go."""

from typing import Final

from tests.attacks.attack import Attack, Edit

_FETCH: Final = "tests/scaffolder/actions/test_fetch.py"
_GIT: Final = "tests/scaffolder/actions/test_publish_git.py"
_SMALL: Final = "tests/scaffolder/actions/test_small_actions.py"
_OUTGOING: Final = "tests/app/reading/test_outgoing.py"

REQUESTS: Final = (
    Attack(
        "CVE-2026-29185",
        "`%2F..%2F` and its like in the URL of a repository",
        "app/reading/urls.py:path_segments, check_no_traversal",
        (
            Edit(
                "app/reading/urls.py",
                'if "/" in plain or "\\\\" in plain or _CONTROL.search(plain) or plain in (".", ".."):',
                "if False:",
            ),
            Edit("app/reading/urls.py", 'if any(segment in (".", "..") for segment in plain.split("/")):', "if False:"),
        ),
        (
            f"{_OUTGOING}::test_hidden_dot_segments_never_leave_the_house",
            "tests/app/reading/test_resolve.py::test_a_base_that_hides_dot_segments_is_refused",
        ),
    ),
    Attack(
        "CVE-2026-29185",
        "encoded separators in the path of `http:backstage:request`",
        "scaffolder/actions/backstage_request.py:plugin_path",
        (
            Edit(
                "scaffolder/actions/backstage_request.py",
                "if not plugin or any(sign in low",
                "if not plugin or all(sign in low",
            ),
        ),
        (f"{_SMALL}::test_paths_that_somebody_could_read_differently_are_refused",),
    ),
    Attack(
        "CVE-2026-24048, CVE-2026-32236",
        "an allowed host redirects to an inner one",
        "app/reading/transport.py:checked_addresses",
        (Edit("app/reading/transport.py", "        if not allowed:", "        if False:"),),
        (
            f"{_OUTGOING}::test_a_redirect_to_an_inner_host_is_refused",
            f"{_OUTGOING}::test_loopback_is_refused_however_it_is_spelt",
            f"{_OUTGOING}::test_metadata_is_refused_even_under_a_configured_name",
        ),
    ),
    Attack(
        "CVE-2026-24048",
        "a redirect to a URL that may not be read",
        "app/reading/outgoing.py:GuardedClient.request",
        (
            Edit(
                "app/reading/outgoing.py",
                "                    if allow is not None and not allow(str(target)):",
                "                    if allow is not None and str(target) == url and not allow(str(target)):",
            ),
        ),
        (f"{_OUTGOING}::test_a_redirect_is_vetted_like_the_first_url",),
    ),
    Attack(
        "CVE-2026-24048",
        "a name that resolves to another address once it has been checked (DNS rebinding)",
        "app/reading/transport.py:GuardedBackend.connect_tcp",
        (
            Edit(
                "app/reading/transport.py",
                "self._inner.connect_tcp(address, port, timeout, local_address, socket_options)",
                "self._inner.connect_tcp(name, port, timeout, local_address, socket_options)",
            ),
        ),
        (f"{_OUTGOING}::test_the_checked_address_is_the_one_that_is_dialled",),
    ),
    Attack(
        "CVE-2026-24048",
        "credentials that follow a redirect to another host",
        "app/reading/outgoing.py:GuardedClient.request",
        (
            Edit(
                "app/reading/outgoing.py",
                "                    if target.origin != previous.origin:",
                "                    if False and previous:",
            ),
        ),
        (f"{_OUTGOING}::test_credentials_do_not_follow_a_redirect_to_another_host",),
    ),
    Attack(
        "CVE-2026-24048",
        "a git remote that redirects",
        "app/reading/git_process.py:_CONFIG",
        (
            Edit(
                "app/reading/git_process.py",
                '    "http.followRedirects=false",\n',
                '    "http.followRedirects=true",\n',
            ),
        ),
        ("tests/app/reading/test_git.py::test_a_redirect_is_not_followed",),
    ),
    Attack(
        "CVE-2026-32235",
        "an allow-list read as text, across the parts of a URL",
        "app/reading/hosts.py:HostPattern.matches",
        (
            Edit(
                "app/reading/hosts.py",
                'return url.host.endswith(f".{self.name}") and len(url.host) > len(self.name) + 1',
                "return self.name in str(url)",
            ),
            Edit(
                "app/reading/hosts.py",
                "        return url.host == self.name\n",
                "        return self.name in str(url)\n",
            ),
        ),
        ("tests/app/reading/test_allow.py::test_hosts_are_compared_part_by_part",),
    ),
    Attack(
        "CVE-2026-24048",
        "a remote that nobody allowed, as the source or target of a template",
        "app/reading/service.py:ReadingService",
        (
            Edit(
                "app/reading/service.py",
                "remote.url in named or allow.covers(remote.as_web)",
                "True or remote.url in named or allow.covers(remote.as_web)",
            ),
        ),
        (f"{_GIT}::test_remotes_nobody_allowed_are_refused", f"{_FETCH}::test_urls_of_this_machine_are_no_source"),
    ),
)
