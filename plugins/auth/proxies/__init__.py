"""Sign-in by a proxy in front of us that has let people in already. Source: spec/ui-backends.md §3.3, §3.6."""
