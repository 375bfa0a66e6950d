"""Procedural training shapes: recognisable families of objects, of closed coloured parts, without end."""
