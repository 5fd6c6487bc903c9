"""A team's own repository, which pins a release: `burnrate new` and `burnrate upgrade`."""
