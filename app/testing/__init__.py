"""Contract tests that a plugin's own tests inherit. They want pytest and pytest-asyncio (`asyncio_mode = "auto"`).

The suite for entity providers is `catalog.testing`.
"""
