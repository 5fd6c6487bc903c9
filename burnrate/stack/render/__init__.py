"""Configuration with the addresses and paths of where it is used."""
