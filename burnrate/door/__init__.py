"""Who may come in at the door, and how: `burnrate door`."""
