"""One thin class per proto service: read the message, call the domain, build the message."""
