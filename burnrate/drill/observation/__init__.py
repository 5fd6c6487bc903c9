"""What is seen of the running stack during a drill, again and again, and the timeline of it."""
