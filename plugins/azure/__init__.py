"""Azure DevOps: integration and reader."""
