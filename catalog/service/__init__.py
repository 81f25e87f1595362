"""The catalog's use cases. Whoever calls them is somebody: the policy is asked first."""
