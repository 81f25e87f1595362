"""Search: documents of all plugins, found by what people type. Source: spec/ui-backends.md §6."""
