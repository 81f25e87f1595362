"""A GitHub for tests: state, REST, GraphQL, git over HTTP, webhooks, rate limits and faults, on loopback.

`async with fake_github() as github:` starts one. Every REST request is held against GitHub's own OpenAPI description,
every GraphQL document against GitHub's own schema; `github.mistakes` lists what did not fit, and `github.close()` fails
the test if there is anything in it. The SHAs are git's own.
"""

from tests.plugins.github.fake.server import FakeGithub, fake_github

__all__ = ["FakeGithub", "fake_github"]
