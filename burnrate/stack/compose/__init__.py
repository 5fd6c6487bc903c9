"""docker-compose.yml as a model: what a process needs to know of each service."""
