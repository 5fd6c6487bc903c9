"""What the inbox keeps: one SQLite file with deliveries, episodes and what changed them."""
