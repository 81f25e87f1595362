"""A folder that no path leads out of: the only code of the scaffolder that resolves paths."""

from scaffolder.workspace.budget import Budget, BudgetExceededError
from scaffolder.workspace.entries import Entry
from scaffolder.workspace.folder import SafeFolder
from scaffolder.workspace.walking import OUTSIDE, outside

__all__ = ["OUTSIDE", "Budget", "BudgetExceededError", "Entry", "SafeFolder", "outside"]
