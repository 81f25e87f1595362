"""Sign-in by OAuth 2: the flow that all such providers share. Source: spec/ui-backends.md §3.5."""
