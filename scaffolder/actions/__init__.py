"""What steps do: a module per action or small family. See docs/actions.md."""
