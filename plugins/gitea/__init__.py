"""Gitea (and Forgejo): integration and reader."""
