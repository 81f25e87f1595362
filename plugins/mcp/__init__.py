"""AI agents over the Model Context Protocol: the actions of all plugins as tools. Source: spec/ui-backends.md §15."""
