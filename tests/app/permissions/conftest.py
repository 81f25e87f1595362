from tests.app.auth.conftest import clock, make_auth, migrated, network

__all__ = ["clock", "make_auth", "migrated", "network"]
