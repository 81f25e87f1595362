"""The scaffolder's schema, step by step. Each revision is frozen: it says what it creates in its own words."""
