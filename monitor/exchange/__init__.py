"""The way in and out: files of other programs."""
