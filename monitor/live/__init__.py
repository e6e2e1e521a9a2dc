"""A session as it happens: sensors, course, pipeline."""
