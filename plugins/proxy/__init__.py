"""Requests passed on to services that the configuration names, so that browsers and templates need no secrets."""
