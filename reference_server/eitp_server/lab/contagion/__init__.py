"""Contagion over files: streams whose edges are known, tables, and what peers make of them."""
