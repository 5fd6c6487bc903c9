"""One module a dashboard: its rows, its panels, its questions."""
