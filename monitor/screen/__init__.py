"""What is seen while a session runs."""
