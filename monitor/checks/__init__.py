"""Is this computer, is this sensor fit for a session: the answers."""
