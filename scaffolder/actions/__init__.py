"""What steps do: a module per action or small family. See docs/actions.md."""

from scaffolder.actions.registration import built_in_actions, built_in_filters

__all__ = ["built_in_actions", "built_in_filters"]
