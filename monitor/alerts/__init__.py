"""When to tell the wearer something, and why."""
