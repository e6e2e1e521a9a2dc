"""What arrived, kept: written, read, replayed."""
