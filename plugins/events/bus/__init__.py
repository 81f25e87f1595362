"""Events between backends: kept for those that subscribe, until they have fetched them."""
