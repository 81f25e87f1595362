"""The npm `emulate` GitHub emulator: somebody else's idea of GitHub, with git over HTTP, behind a bridge.

The emulator keeps everything: accounts, teams, repositories, git objects, branches, protection, pull requests. What it
does not serve the bridge does, from what the emulator tells: GraphQL (on GitHub's own schema), git (by
`git http-backend`), `GET /users/{organization}`, and what its webhooks leave out. Every request of ours is held against
GitHub's own descriptions on its way.
"""

from tests.plugins.github.emulated.bridge import TOKEN, Emulator
from tests.plugins.github.emulated.process import emulator

__all__ = ["TOKEN", "Emulator", "emulator"]
