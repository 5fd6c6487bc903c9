"""SLOs as code: from Sloth's `prometheus/v1` files to rules, their tests and a table of times."""
