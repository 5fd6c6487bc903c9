"""The service as the project's source document builds it, to be loaded beside ours."""
