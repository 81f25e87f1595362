"""Sign-in: who a user is, and the tokens they work with. Source: spec/ui-backends.md §3."""
