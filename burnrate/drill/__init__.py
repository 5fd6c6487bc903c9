"""Fire drills: a real fault against the running stack, until its alert has arrived and resolved."""
