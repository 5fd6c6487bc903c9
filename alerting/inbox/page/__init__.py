"""The inbox's page for people: rendered here, kept live by one small script."""
