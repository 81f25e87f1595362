"""Tests in a real browser. `make test` leaves them out (their files are not named `test_…`): see `make e2e`."""
