"""Bytes in, SI samples out: one file a sensor, decoders without I/O, one module that knows bleak."""
