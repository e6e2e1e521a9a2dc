"""Arrays in, results out: pure numpy and scipy, no clock, no disk, no radio, no plotting."""
