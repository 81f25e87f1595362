"""Contract tests that a plugin's own tests inherit, and a context to run its actions in.

They want pytest and pytest-asyncio (`asyncio_mode = "auto"`). Readers' are `app.testing`, providers' `catalog.testing`.
"""
