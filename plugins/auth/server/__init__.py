"""The OAuth server: how AI agents and command lines sign a user in here. Source: spec/ui-backends.md §3.7."""
