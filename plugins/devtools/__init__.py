"""What the DevTools pages show of a running deployment."""
