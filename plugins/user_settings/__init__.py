"""What users have set up in the portal: starred entities, themes. Source: spec/ui-backends.md §10."""
