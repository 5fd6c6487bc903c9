"""The stack as plain processes: docker-compose.yml interpreted, supervised, probed."""
