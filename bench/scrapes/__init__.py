"""What scrapes of many workers cost, live and dead: `python -m bench scrapes`."""
