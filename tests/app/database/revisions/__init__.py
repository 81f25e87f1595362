"""Two steps of a made-up plugin."""
