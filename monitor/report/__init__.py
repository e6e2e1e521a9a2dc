"""What a session looks like afterwards: figures as functions of results, and one page."""
