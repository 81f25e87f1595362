"""The portal in the browser: serves a built Backstage frontend. Source: spec/ui-backends.md §14."""
