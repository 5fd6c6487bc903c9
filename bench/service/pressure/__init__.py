"""What others notice while strangers send the service documents that are made to hurt it."""
