"""What may be done with templates, actions and tasks."""
