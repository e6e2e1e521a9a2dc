"""Sensors that exist in memory only: the real byte protocols, spoken by a simulated body or a recording."""
