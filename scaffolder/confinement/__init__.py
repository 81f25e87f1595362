"""Work on hostile input in a child process of its own, with limits. See docs/actions.md.

`ConfinedJobs` is what the rest of the scaffolder uses; everything else here runs in the child.
"""

from scaffolder.confinement.limits import LIMITS, LimitReachedError, Limits
from scaffolder.confinement.pool import ConfinedJobs

__all__ = ["LIMITS", "ConfinedJobs", "LimitReachedError", "Limits"]
