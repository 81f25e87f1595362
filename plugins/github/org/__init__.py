"""Users and teams of organizations as User and Group entities. Source: spec/catalog.md §6.2."""
