"""How a cue is heard, felt or seen: one small file a channel."""
