"""GitLab: integration and reader."""
