"""Bitbucket Cloud and Bitbucket Server: integrations and readers."""
