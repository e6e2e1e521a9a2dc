"""The program that knows the person: commands, live session, alerts, recordings, reports."""

__version__ = "0.1.0"
