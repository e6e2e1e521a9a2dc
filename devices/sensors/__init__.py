"""One file a sensor: how it is recognised, started, stopped and decoded."""
