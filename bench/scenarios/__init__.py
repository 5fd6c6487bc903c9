"""What users feel, beside what the SLOs say and which alert comes, on real processes.

Each scenario has a rig of its own: two instances of a small service under gunicorn, nginx with the
tree's file before them, Prometheus with the tree's rules, and Alertmanager with the tree's routes.
A client keeps its own count.
"""
